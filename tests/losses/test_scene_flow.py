import math

import pytest
import torch

from vection.losses.ground import above_ground_loss, ground_loss
from vection.losses.scene_flow import (
    flow_discrepancy,
    motion_consistency_loss,
    motion_sparsity_loss,
    static_pixels,
)


def test_consistency_by_hand():
    residual = torch.zeros(1, 2, 3, 1, 2)
    residual[0, 0, :, 0, 0] = torch.tensor([3.0, -1.0, 2.0])
    moving = torch.tensor([[[[0.25, 0.0]]]], requires_grad=True)
    loss = motion_consistency_loss(residual.requires_grad_(), moving)
    assert float(loss.detach()) == pytest.approx(0.75 * 6 / 12)
    loss.backward()
    assert moving.grad is None  # the mask cannot grow to escape the term
    counted = torch.tensor([[[[False, True]]]])
    assert float(motion_consistency_loss(residual, moving, counted=counted).detach()) == 0


def test_discrepancy_is_the_l1_norm():
    residual = torch.tensor([1.0, -2.0, 4.0]).view(1, 1, 3, 1, 1)
    assert flow_discrepancy(residual).tolist() == [[[[7.0]]]]


def test_static_pixels_of_an_image_and_of_a_batch():
    discrepancy = torch.tensor([[0.0, 2.0], [10.0, 20.0]]).view(2, 1, 1, 2)
    assert static_pixels(discrepancy).flatten().tolist() == [True, False, True, False]
    assert static_pixels(discrepancy, threshold="batch").flatten().tolist() == [True, True, False, False]
    same = torch.ones(1, 1, 2, 2)
    assert bool(static_pixels(same).all())  # at most the mean
    assert not bool(static_pixels(same, threshold="batch").any())  # below it


def test_sparsity_by_hand():
    logit = torch.tensor([[[[0.0, 5.0]]]], requires_grad=True)
    static = torch.tensor([[[[True, False]], [[True, True]], [[False, False]]]])
    loss = motion_sparsity_loss(logit, static)
    five = math.log(1 + math.exp(5))
    assert float(loss.detach()) == pytest.approx((math.log(2) + (math.log(2) + five) / 2 + 0) / 3, rel=1e-5)
    loss.backward()
    assert logit.grad is not None
    assert bool((logit.grad > 0).all())  # the mask is pushed down


def test_only_what_is_below_the_ground_costs():
    predicted = torch.tensor([[[[1.0, 0.2]]]], requires_grad=True)
    ground = torch.tensor([[[[0.5, 0.5]]]])
    loss = above_ground_loss(predicted, ground)
    assert float(loss.detach()) == pytest.approx(0.15)
    loss.backward()
    assert predicted.grad is not None
    assert predicted.grad.tolist() == [[[[0.0, -0.5]]]]


K = torch.tensor([[[20.0, 0, 15.5], [0, 20.0, 3.5], [0, 0, 1]]])
PLANE = torch.tensor([[0.0, 0.0, 1.0]])


@pytest.mark.parametrize("form", ["normalised", "disparity"])
def test_depth_on_the_ground_is_free_and_behind_it_is_not(form: str):
    y = torch.arange(16.0)[:, None].expand(16, 32)
    inverse = ((y - 3.5) / 20 / 1.005).clamp(min=0.02)
    disparity = ((inverse - 0.01) / 9.99)[None, None]

    def loss(factor: float) -> float:
        return float(ground_loss(factor * disparity, PLANE, K, width=32, limits=(0.1, 100.0), form=form))

    assert loss(1.0) == pytest.approx(0, abs=1e-5)
    assert loss(0.5) > (1e-3 if form == "disparity" else 1e-2)


def test_the_normalised_ground_does_not_depend_on_the_unit():
    disparity = torch.rand(1, 1, 16, 32, generator=torch.Generator().manual_seed(0)) * 0.05
    inverse = 0.01 + 9.99 * disparity
    small = ground_loss(disparity, PLANE, K, width=32, limits=(0.1, 100.0))
    # Everything three times as far away, the ground included (but not the constant by which it is lowered).
    far = (inverse / 3 - 0.01) / 9.99
    large = ground_loss(far, 3 * PLANE, K, width=32, limits=(0.1, 100.0))
    assert float(large) == pytest.approx(float(small), rel=1e-2)


@pytest.mark.parametrize("form", ["normalised", "disparity"])
def test_the_ground_at_a_coarser_scale_is_the_same(form: str):
    disparity = torch.full((1, 1, 16, 32), 0.01)
    coarse = torch.full((1, 1, 8, 16), 0.01)
    fine, half = (
        float(ground_loss(one, PLANE, K, width=32, limits=(0.1, 100.0), form=form)) for one in (disparity, coarse)
    )
    assert half == pytest.approx(fine, rel=0.15)


@pytest.mark.parametrize("offset", [-1.0, -1e-3, 0.0, 1e-6])
def test_a_plane_through_or_above_the_camera_pulls_no_further_than_the_near_limit(offset: float):
    disparity = torch.full((1, 1, 16, 32), 0.01)
    plane = torch.tensor([[0.0, 0.0, offset]])
    loss = float(ground_loss(disparity, plane, K, width=32, limits=(0.1, 100.0)))
    assert 0 <= loss <= 10 / (0.01 + 9.99 * 0.01)
    assert (loss == 0) == (offset <= 0)

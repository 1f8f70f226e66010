import math
from typing import Literal

import pytest
import torch

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


@pytest.mark.parametrize("threshold", ["image", "batch"])
def test_unusable_pixels_are_in_no_mean_and_not_static(threshold: Literal["image", "batch"]):
    discrepancy = torch.tensor([0.0, 1.0, 3.0, 100.0]).view(1, 1, 1, 4)
    usable = torch.tensor([True, True, True, False]).view(1, 1, 1, 4)
    assert static_pixels(discrepancy, threshold=threshold).flatten().tolist() == [True, True, True, False]
    static = static_pixels(discrepancy, threshold=threshold, usable=usable)
    assert static.flatten().tolist() == [True, True, False, False]
    assert not static_pixels(discrepancy, threshold=threshold, usable=torch.zeros_like(usable)).any()


def test_sparsity_by_hand():
    logit = torch.tensor([[[[0.0, 5.0]]]], requires_grad=True)
    static = torch.tensor([[[[True, False]], [[True, True]], [[False, False]]]])
    loss = motion_sparsity_loss(logit, static)
    five = math.log(1 + math.exp(5))
    assert float(loss.detach()) == pytest.approx((math.log(2) + (math.log(2) + five) / 2 + 0) / 3, rel=1e-5)
    loss.backward()
    assert logit.grad is not None
    assert bool((logit.grad > 0).all())  # the mask is pushed down

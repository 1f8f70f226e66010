import pytest
import torch

from vection.losses.ground import above_ground_loss, behind_ground_loss, ground_loss


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


def test_a_hole_behind_the_ground_that_the_depth_itself_shows_is_closed():
    torch.manual_seed(0)
    y = torch.arange(16.0)[:, None].expand(16, 32)
    inverse = ((y - 3.5) / 20).clamp(min=0.02)
    inverse[9:12, 8:16] /= 4  # a car that travels with the camera and seems far away
    disparity = ((inverse - 0.01) / 9.99)[None, None].requires_grad_()
    loss = behind_ground_loss(disparity, K, limits=(0.1, 100.0))
    assert float(loss.detach()) > 0.01
    loss.backward()
    assert disparity.grad is not None
    pulled = disparity.grad[0, 0] < -1e-3
    assert bool(pulled[9:12, 8:16].all())
    assert int(pulled.sum()) < 3 * 8 + 10

import pytest
import torch
from torch import Tensor

from vection.losses.measured_depth import (
    behind_measured_ground_loss,
    central_depth_loss,
    compare_depth,
    measured_depth_loss,
    measured_gradient_loss,
)


def a_map(seed: int = 0) -> Tensor:
    return 1 + 9 * torch.rand(2, 1, 24, 32, generator=torch.Generator().manual_seed(seed))


def test_scale_is_free_for_each_image():
    measured = a_map()
    scales = torch.tensor([0.1, 30.0]).view(2, 1, 1, 1)
    comparison = compare_depth(scales * measured, measured, torch.ones_like(measured))
    assert torch.allclose(comparison.log_scale, scales.log(), atol=1e-5)
    assert float(measured_depth_loss(comparison)) < 1e-5
    assert float(measured_gradient_loss(comparison)) < 1e-5


def test_one_wrong_pixel_costs_its_logarithm():
    measured = a_map()
    depth = measured.clone()
    depth[0, 0, 5, 5] *= 2
    comparison = compare_depth(depth, measured, torch.ones_like(measured))
    assert float(measured_depth_loss(comparison)) == pytest.approx(
        torch.tensor(2.0).log().item() / measured.numel(), rel=1e-4
    )


def test_what_is_unknown_does_not_count_and_gets_no_gradient():
    measured = a_map()
    measured[:, :, :, 16:] = 0
    depth = a_map(1).requires_grad_()
    comparison = compare_depth(depth, measured, torch.ones_like(measured))
    (measured_depth_loss(comparison) + measured_gradient_loss(comparison)).backward()
    assert depth.grad is not None
    assert not depth.grad[:, :, :, 16:].any()
    assert depth.grad[:, :, :, :16].any()


def test_too_few_pixels_are_nothing_and_no_error():
    measured = torch.zeros(1, 1, 24, 32)
    measured[0, 0, 0, :20] = 3.0
    comparison = compare_depth(a_map()[:1], measured, torch.ones_like(measured))
    assert float(measured_depth_loss(comparison)) == 0
    assert float(measured_gradient_loss(comparison)) == 0
    assert float(comparison.log_scale) == 0


def test_a_contradiction_is_left_out():
    measured = a_map()
    depth = measured.clone()
    depth[:, :, :4] *= 3
    loose = compare_depth(depth, measured, torch.ones_like(measured))
    strict = compare_depth(depth, measured, torch.ones_like(measured), largest_ratio=1.5)
    assert float(measured_depth_loss(loose)) > 0.1
    assert float(measured_depth_loss(strict)) == 0
    assert not strict.weight[:, :, :4].any()
    exact = torch.tensor([True, False])
    mixed = compare_depth(depth, measured, torch.ones_like(measured), largest_ratio=1.5, exact=exact)
    assert mixed.weight[0].all()
    assert torch.equal(mixed.weight[1], strict.weight[1])


def test_a_prediction_that_is_wrong_everywhere_still_learns():
    measured = a_map()
    depth = measured * torch.linspace(0.1, 10, measured.shape[-1])
    learns = compare_depth(depth, measured, torch.ones_like(measured), largest_ratio=1.1).weight.mean()
    assert 0.7 < float(learns) < 1


def test_depth_behind_the_ground_is_penalised_and_no_other():
    K = torch.tensor([[[30.0, 0, 15.5], [0, 30, 5.5], [0, 0, 1]]])
    ground = torch.tensor([[0.0, 1 / 1.5, 0.0]])  # level, 1.5 below the camera: 1 / z = y' / 1.5
    rows = (torch.arange(24.0)[:, None] - 5.5) / 30
    plane = torch.where(rows > 0.02, 1.5 / rows, 50.0).expand(1, 1, 24, 32)
    no_scale = torch.zeros(1, 1, 1, 1)
    assert float(behind_measured_ground_loss(plane, ground, K, no_scale)) == 0
    assert float(behind_measured_ground_loss(plane / 3, ground, K, no_scale)) == 0
    assert float(behind_measured_ground_loss(2 * plane, ground, K, no_scale)) > 0.3
    assert float(behind_measured_ground_loss(2 * plane, ground, K, no_scale + torch.tensor(2.0).log())) == 0
    assert float(behind_measured_ground_loss(2 * plane, torch.zeros(1, 3), K, no_scale)) == 0


def test_the_unit_is_pulled_to_the_middle_and_the_shape_left_alone():
    depth = a_map().requires_grad_()
    central_depth_loss(depth, min_depth=0.1, max_depth=1000.0).backward()
    assert depth.grad is not None
    change = depth.grad * depth.detach()  # of the logarithm of each pixel, which lies in 1 to 10
    assert (change < 0).all()  # the middle is 10
    torch.testing.assert_close(change, change.mean().expand_as(change))

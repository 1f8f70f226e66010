import math

import pytest
import torch

from vection.losses.motion_regularisation import group_smoothness_loss, relative_motion, sparsity_loss


def test_a_constant_field_is_smooth():
    field = torch.ones(2, 3, 5, 6) * torch.tensor([1.0, -2.0, 0.5])[:, None, None]
    assert float(group_smoothness_loss(field)) < 1e-11


def test_smoothness_is_the_length_of_the_gradient_of_each_component():
    y, x = torch.meshgrid(torch.arange(4.0), torch.arange(5.0), indexing="ij")
    field = torch.stack([3 * x + 4 * y, x, torch.zeros_like(x)])[None]
    assert float(group_smoothness_loss(field)) == pytest.approx((5 + 1) / 3)
    assert float(group_smoothness_loss(field, components="sum")) == pytest.approx(6)


def test_round_the_border():
    field = torch.zeros(1, 3, 4, 4)
    field[0, 0, :, 0] = 1  # a step to the right of column 0, and one across the border
    assert float(group_smoothness_loss(field)) == pytest.approx(1 / 9)
    assert float(group_smoothness_loss(field, wrap_around=True)) == pytest.approx(2 * 4 / 48)


def test_sparsity_by_hand():
    field = torch.zeros(1, 3, 1, 4)
    field[0, 0, 0, 0] = 4.0  # its component's mean is 1
    assert float(sparsity_loss(field)) == pytest.approx((2 * math.sqrt(5) + 3 * 2) / 12)
    assert float(sparsity_loss(field, "l1")) == pytest.approx(4 / 12)
    assert float(sparsity_loss(field, components="sum")) == pytest.approx((2 * math.sqrt(5) + 3 * 2) / 4)


def test_of_fields_of_equal_mean_the_sparse_one_costs_less():
    spread = torch.full((1, 3, 4, 4), 0.25)
    sparse = torch.zeros(1, 3, 4, 4)
    sparse[..., :2, :2] = 1.0
    assert float(sparsity_loss(sparse)) < float(sparsity_loss(spread))
    assert float(sparsity_loss(sparse, "l1")) == pytest.approx(float(sparsity_loss(spread, "l1")))


@pytest.mark.parametrize("loss", [group_smoothness_loss, sparsity_loss])
def test_no_motion_has_a_finite_gradient(loss):
    field = torch.zeros(1, 3, 4, 4, requires_grad=True)
    total = torch.zeros(1, 3, 4, 4)
    loss(relative_motion(field, total)).backward()
    assert field.grad is not None
    assert field.grad.isfinite().all()


def test_relative_motion_knows_no_scale():
    generator = torch.Generator().manual_seed(0)
    residual, total = torch.rand(2, 2, 3, 4, 4, generator=generator)
    once, tenfold = relative_motion(residual, total), relative_motion(10 * residual, 10 * total)
    torch.testing.assert_close(once, tenfold)
    length = relative_motion(total, total).square().sum(dim=1).mean(dim=(1, 2)).sqrt()
    torch.testing.assert_close(length, torch.ones(2))

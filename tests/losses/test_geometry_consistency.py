import math

import pytest
import torch

from vection.losses.geometry_consistency import consistency_weight, depth_inconsistency, mean_of_each_pair


def test_inconsistency_by_hand():
    computed = torch.tensor([2.0, 2.0, 1.0, 1e-3]).view(1, 1, 2, 2)
    sampled = torch.tensor([2.0, 6.0, 0.0, 100.0]).view(1, 1, 2, 2)
    expected = torch.tensor([0.0, 0.5, 1.0, 99.999 / 100.001]).view(1, 1, 2, 2)
    torch.testing.assert_close(depth_inconsistency(computed, sampled), expected)
    torch.testing.assert_close(depth_inconsistency(sampled, computed), expected)
    torch.testing.assert_close(consistency_weight(expected), 1 - expected)


def test_inconsistency_has_no_unit():
    generator = torch.Generator().manual_seed(0)
    one, other = 0.1 + torch.rand(2, 1, 1, 4, 5, generator=generator)
    torch.testing.assert_close(depth_inconsistency(7 * one, 7 * other), depth_inconsistency(one, other))


def test_inconsistency_has_the_right_gradient():
    generator = torch.Generator().manual_seed(1)
    one, other = (0.5 + torch.rand(2, 1, 1, 3, 4, dtype=torch.float64, generator=generator)).requires_grad_()
    assert torch.autograd.gradcheck(depth_inconsistency, (one, other))


def test_means_of_each_pair_by_hand():
    error = torch.arange(8.0).view(2, 2, 1, 2)  # of pair 0: 0 1 4 5, of pair 1: 2 3 6 7
    counted = torch.tensor([[1, 0, 0, 0], [0, 1, 0, 0]], dtype=torch.bool).view(2, 2, 1, 2)
    torch.testing.assert_close(mean_of_each_pair(error, counted), torch.tensor([(0 + 5) / 2, 0.0]))
    everything = torch.ones_like(counted)
    torch.testing.assert_close(mean_of_each_pair(error, everything), torch.tensor([2.5, 4.5]))


@pytest.mark.parametrize(("more_than", "expected"), [(3.0, 2.5), (4.0, 0.0)])
def test_too_few_pixels_have_no_mean(more_than: float, expected: float):
    error = torch.tensor([0.0, 1, 4, 5]).view(2, 1, 1, 2).requires_grad_()
    mean = mean_of_each_pair(error, torch.ones(2, 1, 1, 2, dtype=torch.bool), more_than=more_than)
    assert mean.tolist() == [expected]
    mean.sum().backward()
    assert error.grad is not None
    assert float(error.grad.sum()) == pytest.approx(1.0 if expected else 0.0)


def test_a_nan_shows_even_where_it_is_not_counted():
    error = torch.tensor([math.nan, 1.0]).view(1, 1, 1, 2)
    for counted in ([False, True], [False, False]):
        assert mean_of_each_pair(error, torch.tensor(counted).view(1, 1, 1, 2)).isnan().all()

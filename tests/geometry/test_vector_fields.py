import pytest
import torch

from vection.geometry.vector_fields import exceeds_mean, rms_length, vector_length


def test_the_mean_length_of_each_sample_or_of_all():
    field = torch.zeros(2, 3, 1, 2)
    field[0, 0, 0] = torch.tensor([1.0, 3.0])
    field[1, 1, 0] = torch.tensor([10.0, 20.0])
    mask, mean = exceeds_mean(field)
    assert mean.tolist() == [2, 15]
    assert mask[:, 0, 0].tolist() == [[False, True], [False, True]]
    mask, mean = exceeds_mean(field, coupling="whole-batch")
    assert mean.tolist() == [8.5]
    assert mask[:, 0, 0].tolist() == [[False, False], [True, True]]


def test_lengths_have_finite_gradients_at_zero():
    field = torch.zeros(1, 3, 2, 2, requires_grad=True)
    (vector_length(field).sum() + rms_length(field).sum()).backward()
    assert field.grad is not None
    assert torch.equal(field.grad, torch.zeros_like(field))
    assert float(rms_length(torch.full((1, 3, 2, 2), 2.0))) == pytest.approx(12**0.5)

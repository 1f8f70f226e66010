import torch

from vection.networks.depth.gradient_scaling import scale_gradients


def test_gradients_are_scaled_and_values_are_not():
    x, y = torch.rand(3, requires_grad=True), torch.rand(2, requires_grad=True)
    one, two = scale_gradients([x, y], 0.25)
    assert torch.equal(one, x)
    (2 * one).sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [0.5] * 3
    total = scale_gradients([y], 0.9)[0].sum() + 10 * scale_gradients([y], 0.1)[0].sum()
    total.backward()
    assert y.grad is not None
    torch.testing.assert_close(y.grad, torch.full((2,), 1.9))
    assert torch.equal(two, y)

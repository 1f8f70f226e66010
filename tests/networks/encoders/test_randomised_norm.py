import pytest
import torch

from vection.networks.encoders.randomised_norm import RandomisedNorm, noise_deviation, normalise, truncated_normal


def activations() -> torch.Tensor:
    return 3 * torch.rand(2, 4, 8, 9, generator=torch.Generator().manual_seed(0)) + 1


def test_every_channel_of_every_sample_is_normalised_alone():
    y = normalise(activations(), torch.ones(4), torch.zeros(4))
    torch.testing.assert_close(y.mean(dim=(2, 3)), torch.zeros(2, 4), atol=1e-5, rtol=0)
    torch.testing.assert_close(y.var(dim=(2, 3), correction=0), torch.ones(2, 4), atol=3e-3, rtol=0)


def test_noise_is_drawn_in_training_only_and_needs_a_deviation():
    norm, x = RandomisedNorm(4), activations()
    plain = norm.eval()(x, deviation=0.5)
    assert torch.equal(plain, norm.train()(x))
    torch.manual_seed(0)
    first, second = norm(x, deviation=0.5), norm(x, deviation=0.5)
    assert not torch.allclose(first, plain)
    assert not torch.allclose(first, second)
    torch.manual_seed(0)
    assert torch.equal(norm(x, deviation=0.5), first)


def test_noise_grows_with_the_square_of_the_ramp():
    assert [noise_deviation(ramp) for ramp in (0.0, 0.5, 1.0, 2.0)] == [0, 0.125, 0.5, 0.5]


def test_noise_is_cut_at_two_deviations():
    torch.manual_seed(0)
    drawn = truncated_normal(torch.Size((20_000,)), deviation=0.5, like=torch.zeros(1))
    assert float(drawn.abs().max()) <= 1.0 + 1e-5
    assert float(drawn.mean()) == pytest.approx(0, abs=0.01)
    assert float(drawn.std()) == pytest.approx(0.5 * 0.8796, rel=0.02)  # of a normal cut at two deviations


def test_half_precision_goes_in_and_out():
    x = activations().bfloat16()
    assert normalise(x, torch.ones(4), torch.zeros(4)).dtype == torch.bfloat16

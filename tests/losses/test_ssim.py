import pytest
import torch
from torch import Tensor
from torch.nn import functional

from vection.losses.ssim import C1, C2, Window, moments, ssim_error

WINDOWS: list[Window] = ["box3", "gaussian5"]


def images(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float32) -> Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def gaussian() -> Tensor:
    taps = torch.exp(-(torch.arange(-2.0, 3.0, dtype=torch.float64) ** 2) / (2 * 1.5**2))
    taps = taps / taps.sum()
    return taps[:, None] * taps


def naive_error(image: Tensor, target: Tensor, window: Window) -> Tensor:
    """SSIM as it is written in Wang et al., by autograd."""

    def mean(values: Tensor) -> Tensor:
        if window == "box3":
            return functional.avg_pool2d(functional.pad(values, (1, 1, 1, 1), mode="reflect"), 3, 1)
        kernel = gaussian().to(values.dtype).expand(values.shape[1], 1, 5, 5)
        return functional.conv2d(values, kernel, padding=2, groups=values.shape[1])

    mx, my = mean(image), mean(target)
    vx, vy = mean(image * image) - mx**2, mean(target * target) - my**2
    covariance = mean(image * target) - mx * my
    ssim = (2 * mx * my + C1) * (2 * covariance + C2) / ((mx**2 + my**2 + C1) * (vx + vy + C2))
    return ((1 - ssim) / 2).clamp(0, 1)


@pytest.mark.parametrize("window", WINDOWS)
def test_value_and_gradient_equal_the_naive_formula(window: Window):
    image, target = (images(2, 3, 9, 12, seed=seed, dtype=torch.float64) for seed in (0, 1))
    weights = images(2, 3, 9, 12, seed=2, dtype=torch.float64)
    one, other = image.clone().requires_grad_(), image.clone().requires_grad_()
    given, expected = ssim_error(one, moments(target, window=window), window=window), naive_error(other, target, window)
    torch.testing.assert_close(given, expected, atol=1e-6, rtol=0)
    (given * weights).sum().backward()
    (expected * weights).sum().backward()
    assert one.grad is not None
    assert other.grad is not None
    torch.testing.assert_close(one.grad, other.grad, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("window", WINDOWS)
def test_gradcheck(window: Window):
    image = images(1, 2, 1, 5, 6, dtype=torch.float64).requires_grad_()
    target = moments(images(1, 1, 1, 5, 6, seed=1, dtype=torch.float64), window=window)
    assert torch.autograd.gradcheck(lambda x: ssim_error(x, target, window=window), (image,))


@pytest.mark.parametrize("window", WINDOWS)
def test_identical_images_have_no_error(window: Window):
    image = images(1, 3, 8, 8)
    assert float(ssim_error(image, moments(image, window=window), window=window).max()) < 1e-6


def test_constant_images_differ_by_their_brightness_alone():
    dark, bright = torch.full((1, 3, 6, 6), 0.2), torch.full((1, 3, 6, 6), 0.8)
    luminance = (2 * 0.2 * 0.8 + C1) / (0.2**2 + 0.8**2 + C1)
    error = ssim_error(dark, moments(bright))
    torch.testing.assert_close(error, torch.full_like(error, (1 - luminance) / 2), atol=1e-5, rtol=0)


def test_an_inverted_image_has_the_largest_error():
    # A chequerboard of period 2 around 1/2: the 3x3 means are 4/9 and 5/9, the covariance is minus the variance.
    y, x = torch.meshgrid(torch.arange(8), torch.arange(8), indexing="ij")
    board = ((x + y) % 2).double()[None, None]
    error = ssim_error(board, moments(1 - board))[0, 0, 4, 4]
    a, b, spread = 4 / 9, 5 / 9, 20 / 81
    ssim = (2 * a * b + C1) * (-2 * spread + C2) / ((a**2 + b**2 + C1) * (2 * spread + C2))
    assert float(error) == pytest.approx((1 - ssim) / 2, abs=1e-9)
    assert float(error) > 0.98


def test_a_target_serves_many_views():
    views, target = images(2, 3, 3, 8, 9), images(2, 1, 3, 8, 9, seed=1)
    together = ssim_error(views, moments(target))
    for source in range(3):
        torch.testing.assert_close(together[:, source], ssim_error(views[:, source], moments(target[:, 0])))


def test_moments_carry_no_gradient():
    target = images(1, 3, 6, 6).requires_grad_()
    assert not moments(target).mean.requires_grad


def test_targets_of_another_size_are_refused():
    with pytest.raises(RuntimeError, match="size"):
        ssim_error(images(1, 3, 8, 8), moments(images(1, 3, 8, 9)))

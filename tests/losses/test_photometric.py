import pytest
import torch
from torch import Tensor

from vection.losses.photometric import (
    Target,
    average_reprojection,
    mean_over,
    minimum_reprojection,
    photometric_error,
)
from vection.losses.ssim import moments, ssim_error


def images(*shape: int, seed: int = 0) -> Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


def maps(*rows: list[float]) -> Tensor:
    """One error map a row: (1, sources, 1, width)."""
    return torch.tensor([rows])[:, :, None]


def test_l1_alone_is_the_mean_over_colours():
    views, target = images(2, 3, 3, 6, 7), images(2, 3, 6, 7, seed=1)
    error = photometric_error(views, Target.of(target), ssim_weight=0.0)
    torch.testing.assert_close(error[1, 2], (views[1, 2] - target[1]).abs().mean(dim=0))


def test_ssim_and_l1_are_mixed_by_the_weight():
    views, target = images(1, 2, 3, 6, 7), images(1, 3, 6, 7, seed=1)
    for weight in (0.85, 0.5, 1.0):
        l1 = (views - target[:, None]).abs().mean(dim=2)
        ssim = ssim_error(views, moments(target[:, None])).mean(dim=2)
        error = photometric_error(views, Target.of(target), ssim_weight=weight)
        torch.testing.assert_close(error, weight * ssim + (1 - weight) * l1)


def test_identical_views_have_no_error_and_constants_a_known_one():
    target = torch.full((1, 3, 5, 5), 0.5)
    assert float(photometric_error(target[:, None], Target.of(target)).max()) < 1e-5
    error = photometric_error(target[:, None] + 0.25, Target.of(target))
    luminance = (2 * 0.5 * 0.75 + 1e-4) / (0.5**2 + 0.75**2 + 1e-4)
    expected = 0.85 * (1 - luminance) / 2 + 0.15 * 0.25
    torch.testing.assert_close(error, torch.full_like(error, expected), atol=1e-4, rtol=0)


def test_the_difference_of_a_channel_may_be_clamped():
    target = torch.zeros(1, 3, 4, 4)
    views = torch.tensor([0.5, 1.0, 3.0]).view(1, 1, 3, 1, 1).expand(1, 1, 3, 4, 4)
    for largest, expected in ((None, 1.5), (1.0, 2.5 / 3)):
        error = photometric_error(views, Target.of(target), ssim_weight=0.0, largest_difference=largest)
        torch.testing.assert_close(error, torch.full_like(error, expected))


def test_minimum_takes_the_better_source_and_its_gradient():
    warped = maps([0.1, 0.5, 0.3], [0.2, 0.4, 0.9]).requires_grad_()
    result = minimum_reprojection(warped)
    torch.testing.assert_close(result.error[0, 0, 0], torch.tensor([0.1, 0.4, 0.3]))
    assert result.selected.all()
    result.error.sum().backward()
    assert warped.grad is not None
    torch.testing.assert_close(warped.grad[0, :, 0], torch.tensor([[1.0, 0, 1], [0, 1, 0]]))


def test_average_takes_the_mean():
    result = average_reprojection(maps([0.1, 0.5], [0.3, 0.1]))
    torch.testing.assert_close(result.error[0, 0, 0], torch.tensor([0.2, 0.3]))
    assert result.selected.all()


def test_auto_mask_keeps_what_warping_explains_best():
    warped = maps([0.1, 0.5, 0.3, 0.2], [0.2, 0.4, 0.9, 0.2]).requires_grad_()
    unwarped = maps([0.3, 0.3, 0.9, 0.2], [0.4, 0.9, 0.35, 0.3])
    result = minimum_reprojection(warped, unwarped)
    assert result.selected[0, 0, 0].tolist() == [True, False, True, False]  # equal errors are masked
    torch.testing.assert_close(result.error[0, 0, 0], torch.tensor([0.1, 0.3, 0.3, 0.2]))
    result.error.sum().backward()
    assert warped.grad is not None
    torch.testing.assert_close(warped.grad[0, :, 0], torch.tensor([[1.0, 0, 1, 0], [0, 0, 0, 0]]))


def test_auto_mask_of_the_average_compares_averages():
    warped = maps([0.0, 0.6], [0.4, 0.2]).requires_grad_()
    result = average_reprojection(warped, maps([0.1, 0.1], [0.5, 0.5]))
    assert result.selected[0, 0, 0].tolist() == [True, False]
    torch.testing.assert_close(result.error[0, 0, 0], torch.tensor([0.2, 0.3]))
    result.error.sum().backward()
    assert warped.grad is not None
    torch.testing.assert_close(warped.grad[0, :, 0], torch.tensor([[0.5, 0], [0.5, 0]]))


def test_mean_over_usable_pixels():
    error = maps([1.0, 2.0, 6.0])
    usable = torch.tensor([True, False, True]).view(1, 1, 1, 3)
    assert float(mean_over(error, None)) == 3.0
    assert float(mean_over(error, usable)) == 3.5
    assert float(mean_over(error, torch.zeros_like(usable))) == 0.0


def test_views_of_another_size_are_refused():
    with pytest.raises(RuntimeError, match="size"):
        photometric_error(images(1, 2, 3, 6, 8), Target.of(images(1, 3, 6, 7)))

"""Structural similarity (Wang et al. 2004) as an error map, with its gradient worked out by hand.

Left to autograd, SSIM keeps some fifteen images and fills as many with zeros on the way back; the closed
form keeps four.
"""

from dataclasses import dataclass
from typing import Any, Literal

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

Window = Literal["box3", "gaussian5"]
"""Weights of the pixels around one: 3x3 alike, or a Gaussian of 5x5 with sigma 1.5 pixels."""

Colours = Float[Tensor, "*batch channel height width"]
"""Images in [0, 1] of any number of channels."""

C1 = 0.01**2
"""Stabiliser of the factor that compares means, for images in [0, 1]."""

C2 = 0.03**2
"""Stabiliser of the factor that compares variances, for images in [0, 1]."""

_TAPS = {"box3": (1 / 3, 1 / 3, 1 / 3), "gaussian5": (0.12007839, 0.23388074, 0.29208172, 0.23388074, 0.12007839)}


@dataclass(frozen=True)
class Moments:
    """What SSIM needs of a target, so that one seen by many warped views is filtered once."""

    padded: Float[Tensor, "*batch channel padded_height padded_width"]
    mean: Colours
    variance: Colours


@torch.no_grad()
def moments(target: Colours, *, window: Window = "box3") -> Moments:
    """Local mean and variance of each channel, at the size of `target`; without gradient."""
    padded = _pad(target, window)
    mean = _filter(padded, window)
    return Moments(padded, mean, _filter(padded * padded, window) - mean * mean)


def ssim_error(image: Colours, target: Moments, *, window: Window = "box3") -> Colours:
    """(1 - SSIM) / 2 a channel, clamped to [0, 1]; the target broadcasts. Only `image` gets a gradient.

    "box3" with reflected borders is Monodepth2's; "gaussian5" with zeros around is SC-SfMLearner's.

    >>> image = torch.rand(1, 3, 8, 8)
    >>> bool(ssim_error(image, moments(image)).max() < 1e-6 < ssim_error(1 - image, moments(image)).mean())
    True
    """
    error: Tensor = _SsimError.apply(image, target.padded, target.mean, target.variance, window)
    return error


class _SsimError(torch.autograd.Function):
    """With local means mx, my, variances vx, vy and covariance c: SSIM = a1 a2 / (b1 b2), where
    a1 = 2 mx my + C1, a2 = 2 c + C2, b1 = mx^2 + my^2 + C1, b2 = vx + vy + C2."""

    @staticmethod
    def forward(context: Any, image: Tensor, padded_target: Tensor, my: Tensor, vy: Tensor, window: Window) -> Tensor:
        padded = _pad(image, window)
        mx = _filter(padded, window)
        vx = _filter(padded * padded, window).addcmul_(mx, mx, value=-1)
        covariance = _filter(padded * padded_target, window).addcmul_(mx, my, value=-1)
        a1, a2 = (2 * my * mx).add_(C1), covariance.mul_(2).add_(C2)
        b1, b2 = (my * my + C1).addcmul(mx, mx), vx.add_(vy).add_(C2)
        product = b1 * b2
        ssim = (a1 * a2).div_(product)
        error = ((1 - ssim) / 2).clamp_(0, 1)
        if context.needs_input_grad[0]:
            # Derivatives of the error by the filtered image, its square, and its product with the target. The error
            # is clamped where |SSIM| > 1, which only rounding can reach.
            by_a2 = a1.div_(product)
            by_mean = (a2.div_(product).sub_(by_a2)).mul_(my).add_((ssim / b2 - ssim / b1).mul_(mx)).mul_(-1)
            by_square = ssim.div_(b2).mul_(0.5)
            context.save_for_backward(padded, padded_target, by_mean, by_square, by_a2.mul_(-1))
            context.window = window
        return error

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor, None, None, None, None]:
        padded, padded_target, by_mean, by_square, by_product = context.saved_tensors
        window = context.window
        total = _filter_adjoint(gradient * by_mean, window)
        total.addcmul_(_filter_adjoint(gradient * by_square, window), padded, value=2)
        total.addcmul_(_filter_adjoint(gradient * by_product, window), padded_target.expand_as(padded))
        return _pad_adjoint(total, window), None, None, None, None


def _pad(image: Tensor, window: Window) -> Tensor:
    if window == "gaussian5":
        return functional.pad(image, (2, 2, 2, 2))
    flat = functional.pad(image.flatten(0, -4), (1, 1, 1, 1), mode="reflect")
    return flat.view(*image.shape[:-2], image.shape[-2] + 2, image.shape[-1] + 2)


def _pad_adjoint(padded: Tensor, window: Window) -> Tensor:
    """Add what fell on the padding to the pixels it was copied from."""
    if window == "gaussian5":
        return padded[..., 2:-2, 2:-2].contiguous()
    padded[..., 2, :] += padded[..., 0, :]
    padded[..., -3, :] += padded[..., -1, :]
    padded[..., 2] += padded[..., 0]
    padded[..., -3] += padded[..., -1]
    return padded[..., 1:-1, 1:-1].contiguous()


def _filter(padded: Tensor, window: Window) -> Tensor:
    """Filter rows, then columns, by adding shifted slices: several times faster on CPUs than pooling or convolution."""
    taps = _TAPS[window]
    height, width = padded.shape[-2] - len(taps) + 1, padded.shape[-1] - len(taps) + 1
    rows = padded[..., :height, :] * taps[0]
    for shift, tap in enumerate(taps[1:], start=1):
        rows.add_(padded[..., shift : shift + height, :], alpha=tap)
    result = rows[..., :width] * taps[0]
    for shift, tap in enumerate(taps[1:], start=1):
        result.add_(rows[..., shift : shift + width], alpha=tap)
    return result


def _filter_adjoint(values: Tensor, window: Window) -> Tensor:
    """The transpose of `_filter`: spread every value over the pixels it was gathered from."""
    taps = _TAPS[window]
    height, width = values.shape[-2:]
    rows = values.new_zeros(*values.shape[:-1], width + len(taps) - 1)
    for shift, tap in enumerate(taps):
        rows[..., shift : shift + width].add_(values, alpha=tap)
    result = values.new_zeros(*values.shape[:-2], height + len(taps) - 1, rows.shape[-1])
    for shift, tap in enumerate(taps):
        result[..., shift : shift + height, :].add_(rows, alpha=tap)
    return result

"""How much a synthesised view differs from the target, and which view to believe."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from vection.geometry.resizing import nearest_like
from vection.losses.ssim import Moments, Window, moments, ssim_error
from vection.types import FullSizeMask, Image, Map, Mask, Scalar, Sources

SourceMaps = Float[Tensor, "batch source height width"]
"""An error a pixel for each source."""


@dataclass(frozen=True)
class Target:
    """A target image, filtered once for all the views compared with it."""

    image: Image
    moments: Moments

    @staticmethod
    def of(image: Image, *, window: Window = "box3") -> "Target":
        """Filter `image` once, for all the views that are compared with it."""
        spread = image[:, None]
        return Target(image, moments(spread, window=window))


def photometric_error(
    views: Sources,
    target: Target,
    *,
    ssim_weight: float = 0.85,
    window: Window = "box3",
    largest_difference: float | None = None,
) -> SourceMaps:
    """alpha/2 (1 - SSIM) + (1 - alpha) |difference|, averaged over RGB (Monodepth2, after eq. 2); 0 means L1 only.

    `largest_difference` clamps the difference of each channel (SC-SfMLearner as released).

    >>> target = torch.rand(1, 3, 8, 8)
    >>> views = torch.stack([target, torch.rand(1, 3, 8, 8)], dim=1)  # the target itself, and another
    >>> same, other = photometric_error(views, Target.of(target)).mean(dim=(0, 2, 3))
    >>> bool(same < 1e-6 < other)
    True
    """
    difference = (views - target.image[:, None]).abs()
    if largest_difference is not None:
        difference = difference.clamp(max=largest_difference)
    l1 = difference.mean(dim=2)
    if ssim_weight == 0:
        return l1
    return ssim_weight * ssim_error(views, target.moments, window=window).mean(dim=2) + (1 - ssim_weight) * l1


@dataclass(frozen=True)
class Reprojection:
    """A photometric error a pixel, and where a warped view (rather than an unwarped one) explains the target best."""

    error: Map
    selected: Mask
    """mu of Monodepth2, eq. 5: True where the pixel takes part; True everywhere without auto-mask."""


def minimum_reprojection(warped: SourceMaps, unwarped: SourceMaps | None = None) -> Reprojection:
    """Error of the best source a pixel (Monodepth2, eq. 4), auto-masked by the unwarped errors if given (eq. 5).

    A masked pixel keeps its unwarped error, which has no gradient, so the mean over all pixels keeps its denominator.

    >>> warped = torch.tensor([0.3, 0.1]).view(1, 2, 1, 1)  # one pixel, two sources
    >>> minimum_reprojection(warped).error.item() == torch.tensor(0.1).item()
    True
    >>> minimum_reprojection(warped, unwarped=torch.tensor([0.05, 0.4]).view(1, 2, 1, 1)).selected.item()
    False
    """
    return _auto_mask(
        warped.amin(dim=1, keepdim=True), None if unwarped is None else unwarped.amin(dim=1, keepdim=True)
    )


def average_reprojection(warped: SourceMaps, unwarped: SourceMaps | None = None) -> Reprojection:
    """Mean error over the sources (the baseline of Monodepth2, table 2), auto-masked by the unwarped ones (eq. 5)."""
    return _auto_mask(
        warped.mean(dim=1, keepdim=True), None if unwarped is None else unwarped.mean(dim=1, keepdim=True)
    )


def mean_over(error: Map, usable: FullSizeMask | None) -> Scalar:
    """Mean over all pixels, or over the usable ones (0 if there are none).

    A pixel of an error of a smaller size is usable if its centre is.

    >>> usable = torch.tensor([True, False]).view(1, 1, 1, 2)
    >>> mean_over(torch.tensor([1.0, 5.0]).view(1, 1, 1, 2), usable).item()
    1.0
    """
    if usable is None:
        return error.mean()
    counted = nearest_like(usable.float(), error) > 0
    return (error * counted).sum() / counted.sum().clamp(min=1)


def _auto_mask(warped: Map, unwarped: Map | None) -> Reprojection:
    if unwarped is None:
        return Reprojection(warped, torch.ones_like(warped, dtype=torch.bool))
    selected = warped < unwarped
    return Reprojection(torch.where(selected, warped, unwarped), selected)

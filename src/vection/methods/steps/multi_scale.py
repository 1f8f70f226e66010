"""A target predicted with the disparity of every scale of a decoder (Monodepth2, section 3.2)."""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from vection.geometry.camera import disparity_to_depth
from vection.geometry.resizing import resize_like
from vection.geometry.views import SourceTransforms, Views
from vection.losses.photometric import (
    Reprojection,
    SourceMaps,
    Target,
    average_reprojection,
    minimum_reprojection,
    photometric_error,
)
from vection.losses.smoothness import edge_aware_smoothness_loss, normalise_by_mean
from vection.types import Depth, Disparities, Disparity, Scalar, Sources

ReprojectionName = Literal["minimum", "average"]
"""What stands for the errors of several sources: the least at each pixel (Monodepth2, eq. 4), or their mean."""
MultiScale = Literal["full-resolution", "per-scale"]
"""Compare with coarse disparities in full size, or images of the size of each disparity."""
AutoMask = Literal["none", "still", "still-or-turned"]
"""What a pixel of the warped sources must beat: nothing, the sources as they are (Monodepth2, eq. 5), or as they are
and as the predicted rotation alone would turn them (ours)."""


@dataclass(frozen=True)
class Comparison:
    """How a target is compared with what its sources predict."""

    reprojection: ReprojectionName
    auto_mask: AutoMask
    multi_scale: MultiScale
    ssim_weight: float
    min_depth: float
    max_depth: float
    tie_break_noise: float
    """Standard deviation of the noise on the errors of unwarped sources."""

    def depth(self, disparity: Disparity) -> Depth:
        """Depth of a disparity, D = 1 / (a s + b) (Monodepth2, section 3.3)."""
        return disparity_to_depth(disparity, min_depth=self.min_depth, max_depth=self.max_depth)


@dataclass(frozen=True)
class ScaleResult:
    """What one scale of the decoder contributes to the loss."""

    reprojection: Reprojection
    smoothness_loss: Scalar
    warped: Sources


def compare_scales(
    disparities: Disparities,
    transforms: SourceTransforms,
    pyramid: list[Views],
    *,
    comparison: Comparison,
    masks: list[Tensor] | None = None,
) -> list[ScaleResult]:
    """Predict the target with the disparity of every scale and compare (Monodepth2, section 3.2).

    `pyramid[0]` is the full size, level s has the size of disparity s. `masks`, (batch, source, height, width) a scale,
    weight the errors of the warped views (the predictive mask). Raises ValueError if there are more or fewer of them.
    """
    target, unwarped = _prepare(pyramid[0], transforms, comparison)
    results = []
    for scale, (disparity, views) in enumerate(zip(disparities, pyramid, strict=True)):
        compared = disparity
        if comparison.multi_scale == "full-resolution":
            # Only the disparity is coarse; images are compared in full size ("Multi-scale estimation").
            views_compared, compared = pyramid[0], resize_like(disparity, pyramid[0].target)
        else:
            views_compared = views
            target, unwarped = (target, unwarped) if scale == 0 else _prepare(views, transforms, comparison)
        warped = views_compared.synthesise(comparison.depth(compared), transforms)  # eq. 2
        errors = photometric_error(warped, target, ssim_weight=comparison.ssim_weight)
        if masks is not None:
            if masks[scale].shape[1] != errors.shape[1]:
                raise ValueError(f"{masks[scale].shape[1]} masks cannot weight the errors of {errors.shape[1]} sources")
            errors = errors * resize_like(masks[scale], errors)
        combine = minimum_reprojection if comparison.reprojection == "minimum" else average_reprojection
        smoothness = edge_aware_smoothness_loss(normalise_by_mean(disparity), views.target) / 2**scale  # eq. 3
        results.append(ScaleResult(combine(errors, unwarped), smoothness, warped))  # eq. 4, 5
    return results


def _prepare(views: Views, transforms: SourceTransforms, comparison: Comparison) -> tuple[Target, SourceMaps | None]:
    """Filter the target once, and compare it with the unwarped sources once, for all scales of this size."""
    target = Target.of(views.target)
    if comparison.auto_mask == "none":
        return target, None
    unwarped = photometric_error(views.sources, target, ssim_weight=comparison.ssim_weight)
    if comparison.auto_mask == "still-or-turned":
        turned = photometric_error(_turned(views, transforms), target, ssim_weight=comparison.ssim_weight)
        unwarped = torch.minimum(unwarped, turned)
    return target, unwarped + comparison.tie_break_noise * torch.randn_like(unwarped)


@torch.no_grad()
def _turned(views: Views, transforms: SourceTransforms) -> Sources:
    """The sources as a camera would see them that turned but did not move: how a thing looks that travels along."""
    rotation = transforms.clone()
    rotation[:, :, :3, 3] = 0
    return views.synthesise(torch.ones_like(views.target[:, :1]), rotation)

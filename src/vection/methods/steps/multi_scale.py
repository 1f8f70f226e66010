"""A target predicted with the disparity of every scale of a decoder (Monodepth2, section 3.2)."""

from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

import torch
from torch import Tensor
from torch.nn import functional

from vection.geometry.camera import disparity_to_depth
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
from vection.types import Disparities, Scalar, Sources

MaskName = Literal["auto", "auto-derotated", "predictive", "none"]


@runtime_checkable
class ComparisonSettings(Protocol):
    """What `compare_scales` reads of a method's settings."""

    @property
    def reprojection(self) -> Literal["minimum", "average"]: ...
    @property
    def mask(self) -> MaskName: ...
    @property
    def multi_scale(self) -> Literal["full-resolution", "per-scale"]: ...
    @property
    def ssim_weight(self) -> float: ...
    @property
    def min_depth(self) -> float: ...
    @property
    def max_depth(self) -> float: ...
    @property
    def tie_break_noise(self) -> float: ...


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
    settings: ComparisonSettings,
    masks: list[Tensor] | None = None,
) -> list[ScaleResult]:
    """Predict the target with the disparity of every scale and compare (Monodepth2, section 3.2).

    `pyramid[0]` is the full size, level s has the size of disparity s. `masks`, (batch, source, height, width) a scale,
    weight the errors of the warped views (the predictive mask).
    """
    target, unwarped = _prepare(pyramid[0], transforms, settings)
    results = []
    for scale, (disparity, views) in enumerate(zip(disparities, pyramid, strict=True)):
        compared = disparity
        if settings.multi_scale == "full-resolution":
            # Only the disparity is coarse; images are compared in full size ("Multi-scale estimation").
            views_compared, compared = pyramid[0], _resize(disparity, like=pyramid[0].target)
        else:
            views_compared = views
            target, unwarped = (target, unwarped) if scale == 0 else _prepare(views, transforms, settings)
        depth = disparity_to_depth(compared, min_depth=settings.min_depth, max_depth=settings.max_depth)
        warped = views_compared.synthesise(depth, transforms)  # eq. 2
        errors = photometric_error(warped, target, ssim_weight=settings.ssim_weight)
        if masks is not None:
            errors = errors * _resize(masks[scale], like=errors)
        combine = minimum_reprojection if settings.reprojection == "minimum" else average_reprojection
        smoothness = edge_aware_smoothness_loss(normalise_by_mean(disparity), views.target) / 2**scale  # eq. 3
        results.append(ScaleResult(combine(errors, unwarped), smoothness, warped))  # eq. 4, 5
    return results


def _prepare(
    views: Views, transforms: SourceTransforms, settings: ComparisonSettings
) -> tuple[Target, SourceMaps | None]:
    """Filter the target once, and compare it with the unwarped sources once, for all scales of this size."""
    target = Target.of(views.target)
    if not settings.mask.startswith("auto"):
        return target, None
    unwarped = photometric_error(views.sources, target, ssim_weight=settings.ssim_weight)
    if settings.mask == "auto-derotated":
        turned = photometric_error(_turned(views, transforms), target, ssim_weight=settings.ssim_weight)
        unwarped = torch.minimum(unwarped, turned)
    return target, unwarped + settings.tie_break_noise * torch.randn_like(unwarped)


@torch.no_grad()
def _turned(views: Views, transforms: SourceTransforms) -> Sources:
    """The sources as a camera would see them that turned but did not move: how a thing looks that travels along."""
    rotation = transforms.clone()
    rotation[:, :, :3, 3] = 0
    return views.synthesise(torch.ones_like(views.target[:, :1]), rotation)


def _resize(maps: Tensor, *, like: Tensor) -> Tensor:
    return functional.interpolate(maps, size=like.shape[-2:], mode="bilinear", align_corners=False)

"""Predicted depth against depth that was measured in the clip; scale is free.

The comparison of gradients is that of MegaDepth (Li and Snavely 2018, section 4.1), over several distances.
"""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from vection.geometry.camera import pixel_grid
from vection.types import Depth, Intrinsics, Map, Scalar

FEWEST = 50
"""Pixels with measured depth from which on an image is compared."""
DISTANCES = (1, 2, 4, 8)
"""Pixels between those whose ratios of depth are compared."""
SPREADS = 3
"""Measured depth is never left out for lying within so many times the image's median contradiction."""
LOWEST_SLOPE = 0.02
"""Least angle below the horizon, radians, at which ground is told from what stands on it."""

Scale = Float[Tensor, "batch 1 1 1"]
"""Predicted by measured unit."""


@dataclass(frozen=True)
class DepthComparison:
    """How predicted depth differs from measured depth."""

    log_scale: Scale
    """Logarithm of predicted by measured depth, the median of each image; 0 where too few pixels are measured."""
    residual: Map
    """Logarithm of predicted by scaled measured depth; 0 where unknown."""
    weight: Map
    """0 where unknown, and in images of which too few pixels are measured."""

    @property
    def scale_known(self) -> Bool[Tensor, " batch"]:
        """Return which images have enough measured depth to tell their scale."""
        return (self.weight > 0).flatten(1).any(dim=1)


def compare_depth(
    depth: Depth,
    measured: Depth,
    weight: Map,
    *,
    largest_ratio: float | None = None,
    exact: Bool[Tensor, " batch"] | None = None,
) -> DepthComparison:
    """Bring measured depth to the unit of the predicted one, image by image, and compare.

    What is wrong by more than `largest_ratio` counts for nothing, for it was measured on what moves, or on wrong flow;
    unless the depth of the image is `exact`. Where a prediction is wrong nearly everywhere the bound is wider,
    `SPREADS` times the image's median contradiction, or nothing could be learned there. The scale has no gradient.
    """
    known = (measured > 0) & (weight > 0)
    enough = known.sum(dim=(1, 2, 3), keepdim=True) >= FEWEST
    known = known & enough
    ratio = depth.float().log() - torch.where(known, measured, 1.0).log()
    log_scale = ratio.detach().masked_fill(~known, torch.nan).flatten(1).nanmedian(dim=1).values
    log_scale = log_scale.nan_to_num(nan=0.0)[:, None, None, None]
    residual = torch.where(known, ratio - log_scale, 0.0)
    weight = weight * known
    if largest_ratio is not None:
        contradiction = residual.detach().abs()
        spread = contradiction.masked_fill(~known, torch.nan).flatten(1).nanmedian(dim=1).values.nan_to_num(nan=0.0)
        believed = contradiction < (SPREADS * spread).clamp(min=math.log(largest_ratio))[:, None, None, None]
        weight = weight * (believed if exact is None else believed | exact[:, None, None, None])
    return DepthComparison(log_scale, residual, weight)


def measured_depth_loss(comparison: DepthComparison) -> Scalar:
    """|log d - log (s d_measured)|, a weighted mean over all images; 0 where nothing is measured.

    >>> measured = torch.rand(2, 1, 32, 48) + 1
    >>> weight = torch.ones_like(measured)
    >>> float(measured_depth_loss(compare_depth(3 * measured, measured, weight)).round(decimals=5))  # scale is free
    0.0
    """
    return (comparison.weight * comparison.residual.abs()).sum() / comparison.weight.sum().clamp(min=1)


def measured_gradient_loss(comparison: DepthComparison) -> Scalar:
    """Difference of the residuals of pixels at `DISTANCES` from each other, weighted by the lesser of their weights."""
    total = comparison.residual.new_zeros(())
    for step in DISTANCES:
        for axis in (2, 3):
            residual, weight = comparison.residual, comparison.weight
            length = residual.shape[axis] - step
            both = torch.minimum(weight.narrow(axis, 0, length), weight.narrow(axis, step, length))
            change = (residual.narrow(axis, step, length) - residual.narrow(axis, 0, length)).abs()
            total = total + (both * change).sum() / both.sum().clamp(min=1)
    return total / (2 * len(DISTANCES))


def behind_measured_ground_loss(
    depth: Depth,
    ground: Float[Tensor, "batch 3"],
    intrinsics: Intrinsics,
    log_scale: Scale,
    *,
    tolerance: float = 0.05,
) -> Scalar:
    """How far depth lies behind the measured ground (Dynamo-Depth, eq. 14, on logarithms), a mean over all pixels.

    `ground` is m of 1 / depth = m . K^-1 (x, y, 1) in the measured unit, 0 where none was found; it is lowered by
    `tolerance` of the camera's height. Pixels at the horizon and above it are left alone.
    """
    x, y = pixel_grid(depth.shape[-2], depth.shape[-1], like=depth)
    K = intrinsics[:, :, :, None, None]
    across, down = (x - K[:, 0, 2]) / K[:, 0, 0], (y - K[:, 1, 2]) / K[:, 1, 1]
    m = ground[:, :, None, None]
    slope = (m[:, 0] * across + m[:, 1] * down + m[:, 2])[:, None]
    height = m.square().sum(dim=1, keepdim=True).sqrt()
    below = (slope > LOWEST_SLOPE * height) & (height > 0)
    log_ground = log_scale - torch.where(below, slope, 1.0).log()
    behind = torch.relu(depth.float().log() - log_ground - tolerance)
    return (behind * below).mean()


def central_depth_loss(depth: Depth, *, min_depth: float, max_depth: float) -> Scalar:
    """Squared logarithm of a batch's mean depth (geometric) by the middle of its range; for depth whose unit is free.

    It is one number for the batch, so it moves the unit and no shape: a unit so large that near things all sit
    at `min_depth` cannot tell them apart.

    >>> float(central_depth_loss(torch.full((1, 1, 2, 2), torch.e), min_depth=0.1, max_depth=10.0).round(decimals=5))
    1.0
    """
    middle = 0.5 * (math.log(min_depth) + math.log(max_depth))
    return (depth.float().log().mean() - middle).square()

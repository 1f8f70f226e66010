"""Do two frames agree in colour and depth where one sees what the other sees? (Li et al. 2020, eq. 7)"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from vection.geometry.motion import Moved
from vection.geometry.rigid import full_precision
from vection.geometry.warp import sample
from vection.losses.weighted_ssim import weighted_ssim_error
from vection.types import Depth, Image, Map, Mask, Scalar

Average = Literal["all", "counted"]
"""What a mean is taken over: all pixels (the paper), or those that count."""


@dataclass(frozen=True)
class RgbdConsistency:
    """Each loss is a mean over all pixels, those that do not count included, or over those that count."""

    colour_loss: Scalar
    ssim_loss: Scalar
    """Weighted SSIM error, which the released code halves before it multiplies by its weight."""
    depth_loss: Scalar
    """Absolute difference of the depths, in their unit."""
    visible: Mask
    """Where the first frame's points are valid, usable and nearer than what the second frame sees there."""
    proximity: Map
    """1 where both depths agree, towards 0 where they do not; weights SSIM. Without gradient."""
    seen: Image
    """The second image where the first frame's pixels are: a prediction of the first image."""


@full_precision
def rgbd_consistency(
    image: Image,
    moved: Moved,
    *,
    second_image: Image,
    second_depth: Depth,
    usable: Mask | None = None,
    average: Average = "all",
) -> RgbdConsistency:
    """Compare the first frame, whose pixels `moved` to the second, with what the second shows there.

    Points behind what the second frame sees are hidden from it and do not count. `usable` False excludes more.
    As a mean over all pixels (paper) each loss also falls if fewer pixels count: if the two depths disagree.
    """
    second_frame = sample(torch.cat([second_image, second_depth], dim=1), moved.pixels)
    seen, second = second_frame[:, :3], second_frame[:, 3:]
    difference = torch.where(moved.valid, second - moved.depth, torch.zeros_like(second))
    visible = moved.valid & (difference > 0)
    proximity = depth_proximity(difference, visible).detach() * moved.valid
    if usable is not None:
        visible, proximity = visible & usable, proximity * usable
    colour_error = (seen - image).abs() * visible
    error, weight = weighted_ssim_error(seen, image, proximity)
    return RgbdConsistency(
        colour_loss=_mean(colour_error, visible, average),
        ssim_loss=_mean(error * weight, weight, average),
        depth_loss=_mean(difference.abs() * visible, visible, average),
        visible=visible,
        proximity=proximity,
        seen=seen,
    )


def _mean(weighted: Tensor, weight: Tensor, average: Average) -> Scalar:
    mean = weighted.mean()
    return mean if average == "all" else mean / weight.float().mean().clamp(min=1e-3)


def depth_proximity(difference: Map, visible: Mask) -> Map:
    """s^2 / (difference^2 + s^2), s^2 the mean square difference of each sample's visible pixels plus 1e-4."""
    squared = difference * difference
    counts = visible.to(squared.dtype)
    s2 = (squared * counts).sum(dim=(1, 2, 3)) / (counts.sum(dim=(1, 2, 3)) + 1) + 1e-4
    s2 = s2[:, None, None, None]
    proximity: Tensor = s2 / (squared + s2)
    return proximity

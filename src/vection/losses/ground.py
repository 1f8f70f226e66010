"""Depth above the ground (Dynamo-Depth, eq. 14)."""

from typing import Literal

import torch

from vection.geometry.camera import (
    backproject,
    disparity_to_depth,
    disparity_to_inverse_depth,
    inverse_depth_to_disparity,
    resize_intrinsics,
)
from vection.geometry.plane import TOLERANCE, Plane, find_ground, plane_inverse_depth
from vection.losses.photometric import mean_over
from vection.losses.smoothness import normalise_by_mean
from vection.types import Disparity, FullSizeMask, Intrinsics, Map, Scalar

GroundForm = Literal["normalised", "disparity"]
"""What eq. 14 compares: mean-normalised inverse depth, or (as released) the network's sigmoid."""


def ground_loss(
    disparity: Disparity,
    plane: Plane,
    intrinsics: Intrinsics,
    *,
    width: int,
    limits: tuple[float, float],
    form: GroundForm = "normalised",
    tolerance: float = TOLERANCE,
    usable: FullSizeMask | None = None,
) -> Scalar:
    """Penalise depth behind the ground (eq. 14); `intrinsics` are those of an image of this `width`.

    `limits` are the nearest and the farthest depth; the ground is lowered by `tolerance`. Both sides are divided by the
    mean of the predicted inverse depth. Only `usable` pixels count (a mask of any size).
    The released form compares the network's sigmoid, and scales K without keeping pixel centres in place.
    """
    height, own_width = disparity.shape[-2:]
    min_depth, max_depth = limits
    scale = own_width / width
    if form == "normalised":
        K = resize_intrinsics(intrinsics, scale_x=scale, scale_y=scale)
        ground = plane_inverse_depth(plane, K, height=height, width=own_width, lowered=tolerance)
        # Depth that is not yet learned may put the plane through the camera or above it, where it is no ground.
        ground = ground.clamp(max=1 / min_depth) * (plane[:, 2] > 0)[:, None, None, None]
        predicted = disparity_to_inverse_depth(disparity, min_depth=min_depth, max_depth=max_depth)
        mean = predicted.detach().mean(dim=(2, 3), keepdim=True)
        return above_ground_loss(normalise_by_mean(predicted), ground / mean, usable=usable)
    K = torch.cat([intrinsics[:, :2] * scale, intrinsics[:, 2:]], dim=1)
    ground = plane_inverse_depth(plane, K, height=height, width=own_width, lowered=tolerance).clamp(min=1 / max_depth)
    ground = inverse_depth_to_disparity(ground, min_depth=min_depth, max_depth=max_depth)
    return above_ground_loss(disparity, ground, usable=usable)


def behind_ground_loss(
    disparity: Disparity, intrinsics: Intrinsics, *, limits: tuple[float, float], usable: FullSizeMask | None = None
) -> Scalar:
    """Find the ground in the predicted depth of each image and penalise what lies behind it (eq. 14), at full size.

    Pixels that are not `usable` neither make the ground nor count.
    """
    min_depth, max_depth = limits
    depth = disparity_to_depth(disparity.detach(), min_depth=min_depth, max_depth=max_depth)
    tolerance = 0.05 * min_depth  # the released 0.005 of a least depth of 0.1
    plane = find_ground(backproject(depth, intrinsics), stride=4, tolerance=tolerance, usable=usable)
    width = disparity.shape[-1]
    return ground_loss(disparity, plane, intrinsics, width=width, limits=limits, tolerance=tolerance, usable=usable)


def above_ground_loss(predicted: Map, ground: Map, *, usable: FullSizeMask | None = None) -> Scalar:
    """ReLU(ground - predicted), a mean: nothing lies farther away than the ground behind it (eq. 14).

    Both are inverse depths or both disparities; the ground is a constant. Only `usable` pixels count.
    """
    return mean_over(torch.relu(ground.detach() - predicted), usable)

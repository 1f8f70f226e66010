"""A scene whose every point moves on its own: a rotation and a translation a pixel (Li et al. 2020, section 3)."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from vection.geometry.camera import backproject, project
from vection.geometry.distortion import distort, undistort
from vection.geometry.rigid import Rotation, full_precision
from vection.types import Depth, Intrinsics, Mask, Pixels, Points


@dataclass(frozen=True)
class Moved:
    """Where the pixels of the first view lie in the second."""

    pixels: Pixels
    """Position in the second image, clamped to it."""
    depth: Depth
    """z in the second camera; negative behind it."""
    valid: Mask
    """True in front of the camera and inside the image, its last row and column left out."""


@full_precision
def move(
    depth: Depth,
    rotation: Rotation,
    translation: Points,
    *,
    intrinsics: Intrinsics,
    second_intrinsics: Intrinsics,
    distortion: Float[Tensor, ""] | None = None,
) -> Moved:
    """z' p' = K R K^-1 z p + K T (end of section 3.2.3): from first to second, T in the second camera's coordinates.

    `distortion` is the lens's k (`geometry.distortion`), the same for both views.
    """
    if distortion is None:
        points = backproject(depth, intrinsics)
    else:
        points = depth * undistort(backproject(torch.ones_like(depth), intrinsics), distortion)
    moved = (rotation @ points.flatten(2)).view_as(points) + translation
    z = moved[:, 2:]
    rays = moved if distortion is None else distort(moved / z, distortion)
    pixels = project(rays, second_intrinsics)
    height, width = depth.shape[-2:]
    x, y = pixels.unbind(-1)
    inside = (x >= 0) & (x < width - 1) & (y >= 0) & (y < height - 1)  # False for NaN as well
    return Moved(clamp_to_image(pixels, height=height, width=width), z, inside[:, None] & (z > 0))


def clamp_to_image(pixels: Pixels, *, height: int, width: int, slope_at_centres: bool = True) -> Pixels:
    """Move positions to the nearest one inside the image; no gradient where they were outside.

    The bilinear interpolation has a kink at pixel centres. There PyTorch takes the slope to the right and below, the
    released code none (`slope_at_centres` False).
    """
    x, y = pixels.unbind(-1)
    clamped = torch.stack([x.clamp(0, width - 1), y.clamp(0, height - 1)], dim=-1)
    if slope_at_centres:
        return clamped
    return torch.where(clamped == clamped.round(), clamped.detach(), clamped)

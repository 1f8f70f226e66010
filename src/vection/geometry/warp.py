"""View synthesis: a source image seen from the target camera."""

from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from vection.geometry.camera import backproject, project
from vection.geometry.rigid import transform_points
from vection.types import Depth, Intrinsics, Mask, Pixels, Transform

Padding = Literal["border", "zeros"]


@dataclass(frozen=True)
class Correspondence:
    """Where each target pixel lies in the source camera."""

    pixels: Pixels
    """Position in the source image; may lie outside."""
    depth: Depth
    """z in the source camera; negative behind it."""

    def inside_image(self, height: int, width: int) -> Mask:
        """Return True where the position lies within the outermost pixel centres of a source of this size."""
        x, y = self.pixels.unbind(-1)
        inside = (x >= 0) & (x <= width - 1) & (y >= 0) & (y <= height - 1)
        return inside[:, None]


def correspond(
    depth: Depth,
    T_target_to_source: Transform,
    *,
    intrinsics: Intrinsics,
    source_intrinsics: Intrinsics,
    minimum_depth: float | None = None,
) -> Correspondence:
    """proj(D, T, K) of Monodepth2, eq. 2: from target pixels to positions in the source image."""
    points = transform_points(backproject(depth, intrinsics), T_target_to_source)
    pixels = project(points, source_intrinsics, minimum_depth=minimum_depth)
    return Correspondence(pixels, points[:, 2:])


def sample(
    values: Float[Tensor, "batch channel source_height source_width"],
    pixels: Pixels,
    *,
    padding: Padding = "border",
    nearest: bool = False,
) -> Float[Tensor, "batch channel height width"]:
    """Read `values` at `pixels`, bilinearly (or from the nearest pixel). The only caller of `grid_sample`.

    Outside the image the border pixel is returned ("border") or zero ("zeros").
    """
    height, width = values.shape[-2:]
    x, y = pixels.unbind(-1)
    grid = torch.stack([x * (2 / max(width - 1, 1)) - 1, y * (2 / max(height - 1, 1)) - 1], dim=-1)
    # At a NaN, grid_sample returns a finite value, and its gradient reads outside its memory on CPUs.
    grid = grid.nan_to_num(nan=2.0, posinf=2.0, neginf=-2.0)
    mode = "nearest" if nearest else "bilinear"
    return functional.grid_sample(values, grid, mode=mode, padding_mode=padding, align_corners=True)


def warp(
    source: Float[Tensor, "batch channel height width"],
    depth: Depth,
    T_target_to_source: Transform,
    *,
    intrinsics: Intrinsics,
    source_intrinsics: Intrinsics,
    padding: Padding = "border",
) -> Float[Tensor, "batch channel height width"]:
    """Predict the target view from the source, the target's depth and the motion between (Monodepth2, eq. 2)."""
    found = correspond(depth, T_target_to_source, intrinsics=intrinsics, source_intrinsics=source_intrinsics)
    return sample(source, found.pixels, padding=padding)

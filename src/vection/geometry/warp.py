"""View synthesis: a source image seen from the target camera."""

from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from vection.geometry.camera import backproject, project
from vection.geometry.rigid import transform_points
from vection.types import Depth, Image, Intrinsics, Mask, Pixels, Transform

Padding = Literal["border", "zeros", "blank"]
"""What lies outside the image: the border pixel, zeros that blend with it, or zeros that do not."""

NEAREST_POINT = 1e-3
"""SC-SfMLearner moves points behind the camera, or nearer than this, to this depth."""


@dataclass(frozen=True)
class Correspondence:
    """Where each target pixel lies in the source camera."""

    pixels: Pixels
    """Position in the source image; may lie outside."""
    depth: Depth
    """z in the source camera; negative behind it."""

    def inside_image(self, height: int, width: int) -> Mask:
        """Return True where the position lies within the outermost pixel centres of a source of this size."""
        return _inside(self.pixels, height, width)[:, None]


@dataclass(frozen=True)
class SeenWithDepth:
    """A source seen from the target camera, and two opinions about the depth that the source camera sees there."""

    image: Image
    sampled_depth: Depth
    """Depth read from the source's own depth map, D'_b of SC-SfMLearner, eq. 5."""
    computed_depth: Depth
    """The target's depth, moved to the source camera, D^a_b of SC-SfMLearner, eq. 5."""
    inside_image: Mask


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
    align_corners: bool = True,
) -> Float[Tensor, "batch channel height width"]:
    """Read `values` at `pixels`, bilinearly (or from the nearest pixel). The only caller of `grid_sample`.

    `align_corners` False reads as released code does on today's PyTorch: positions are stretched by half a pixel at
    the borders.

    >>> values = torch.tensor([0.0, 10.0, 20.0]).view(1, 1, 1, 3)
    >>> sample(values, torch.tensor([[[[1.5, 0.0]]]])).item()  # halfway between the second and the third
    15.0
    """
    height, width = values.shape[-2:]
    x, y = pixels.unbind(-1)
    grid = torch.stack([x * (2 / max(width - 1, 1)) - 1, y * (2 / max(height - 1, 1)) - 1], dim=-1)
    # At a NaN, grid_sample returns a finite value, and its gradient reads outside its memory on CPUs.
    grid = grid.nan_to_num(nan=2.0, posinf=2.0, neginf=-2.0)
    if padding == "blank":
        grid = torch.where(_inside(pixels, height, width)[..., None], grid, 4.0)
    mode = "nearest" if nearest else "bilinear"
    filling = "border" if padding == "border" else "zeros"
    return functional.grid_sample(values, grid, mode=mode, padding_mode=filling, align_corners=align_corners)


def warp(
    source: Float[Tensor, "batch channel height width"],
    depth: Depth,
    T_target_to_source: Transform,
    *,
    intrinsics: Intrinsics,
    source_intrinsics: Intrinsics,
    padding: Padding = "border",
) -> Float[Tensor, "batch channel height width"]:
    """Predict the target view from the source, the target's depth and the motion between (Monodepth2, eq. 2).

    >>> K = torch.tensor([[[4.0, 0, 1.5], [0, 4, 0], [0, 0, 1]]])
    >>> source = torch.tensor([0.0, 1, 2, 3]).view(1, 1, 1, 4)
    >>> step = torch.eye(4)[None].clone()
    >>> step[:, 0, 3] = 1.0  # points lie a metre farther to the right for the source: a pixel, at four metres
    >>> depth = torch.full((1, 1, 1, 4), 4.0)
    >>> warp(source, depth, step, intrinsics=K, source_intrinsics=K).flatten().round(decimals=3)
    tensor([1., 2., 3., 3.])
    """
    correspondence = correspond(depth, T_target_to_source, intrinsics=intrinsics, source_intrinsics=source_intrinsics)
    return sample(source, correspondence.pixels, padding=padding)


def warp_with_depth(
    source: Image,
    source_depth: Depth,
    depth: Depth,
    T_target_to_source: Transform,
    *,
    intrinsics: Intrinsics,
    source_intrinsics: Intrinsics,
    padding: Padding = "blank",
    align_corners: bool = True,
    minimum_sampled_depth: float = 0.0,
) -> SeenWithDepth:
    """Predict the target view and its depth as the source camera sees it (SC-SfMLearner, sections 3.2 and 3.3)."""
    correspondence = correspond(
        depth,
        T_target_to_source,
        intrinsics=intrinsics,
        source_intrinsics=source_intrinsics,
        minimum_depth=NEAREST_POINT,
    )
    read = sample(
        torch.cat([source, source_depth], dim=1), correspondence.pixels, padding=padding, align_corners=align_corners
    )
    return SeenWithDepth(
        image=read[:, :3],
        sampled_depth=read[:, 3:].clamp(min=minimum_sampled_depth),
        computed_depth=correspondence.depth.clamp(min=NEAREST_POINT),
        inside_image=correspondence.inside_image(source.shape[-2], source.shape[-1]),
    )


def _inside(pixels: Pixels, height: int, width: int) -> Tensor:
    x, y = pixels.unbind(-1)
    return (x >= 0) & (x <= width - 1) & (y >= 0) & (y <= height - 1)

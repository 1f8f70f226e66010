"""The solids that the street is built of, and how textures lie on them.

Body coordinates: x right, y down, z forward, in metres; the ground is y = 0.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float64

Corner = tuple[float, float, float]
Colour = tuple[float, float, float]
X, Y, Z = 0, 1, 2


def along(axis: int, *, start: float, stop: float, tiles: tuple[float, float] = (0.0, 1.0)) -> tuple[float, ...]:
    """Affine texture coordinate (x, y, z, 1): `tiles[0]` at `start` metres along `axis`, `tiles[1]` at `stop`."""
    slope = (tiles[1] - tiles[0]) / (stop - start)
    affine = [0.0, 0.0, 0.0, tiles[0] - slope * start]
    affine[axis] = slope
    return tuple(affine)


@dataclass(frozen=True)
class Skin:
    """Texture of a face: page numbers, affine maps from body coordinates to tiles, and a colour that multiplies."""

    page: int
    u: tuple[float, ...]
    v: tuple[float, ...]
    """On curved shapes x and y are metres across and down the unfolded surface."""
    detail: int
    """Page of the fine grey structure on top; its size in metres is `textures.DETAIL_METRES`."""
    tint: Colour = (1.0, 1.0, 1.0)


@dataclass(frozen=True)
class Shape:
    """A convex solid: half-spaces, or the upright cylinder or ellipsoid that fills the bounds."""

    kind: Literal["hull", "cylinder", "ellipsoid", "foliage"]
    """Foliage: an ellipsoid whose surface has gaps between clumps of leaves."""
    low: Corner
    high: Corner
    skins: tuple[Skin, ...]
    """One a plane; a single one for the curved kinds."""
    planes: Float64[np.ndarray, "planes 4"] | None = None
    """Hulls: outward normal and offset, n . p <= offset inside."""
    semantics: int | None = None
    """Class of a part that is something else than its body, as the post of a sign."""


@dataclass(frozen=True)
class Body:
    """Shapes that move together."""

    shapes: tuple[Shape, ...]
    semantics: int
    poses: Float64[np.ndarray, "times 3"]
    """x, z and heading (radians, from z towards x) in the world, a row a frame; a single row if it never moves."""
    movable: bool = False
    """True for cars and people, parked or not."""
    shadow: tuple[float, float] | None = None
    """Half width and half length of the contact shadow on the ground."""


def box(low: Corner, high: Corner, *, skins: Sequence[Skin]) -> Shape:
    """A box with the skins of its six faces: -x, +x, top, bottom, -z, +z."""
    planes = np.zeros((6, 4))
    for axis in range(3):
        planes[2 * axis, axis], planes[2 * axis, 3] = -1.0, -low[axis]
        planes[2 * axis + 1, axis], planes[2 * axis + 1, 3] = 1.0, high[axis]
    return Shape("hull", low, high, tuple(skins), planes)


def hull(low: Corner, high: Corner, *, planes: Sequence[tuple[Corner, Corner]], skins: Sequence[Skin]) -> Shape:
    """A convex solid within the bounds, of planes given as (outward normal, a point on it)."""
    rows = []
    for normal, point in planes:
        unit = np.array(normal, np.float64) / np.linalg.norm(normal)
        rows.append([*unit, float(unit @ np.array(point))])
    return Shape("hull", low, high, tuple(skins), np.array(rows))


def upright(kind: Literal["cylinder", "ellipsoid", "foliage"], *, centre: Corner, radii: Corner, skin: Skin) -> Shape:
    """A cylinder or ellipsoid around `centre`; a cylinder's middle radius is half its height."""
    low = (centre[0] - radii[0], centre[1] - radii[1], centre[2] - radii[2])
    high = (centre[0] + radii[0], centre[1] + radii[1], centre[2] + radii[2])
    return Shape(kind, low, high, (skin,))

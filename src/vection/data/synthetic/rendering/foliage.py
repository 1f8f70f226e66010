"""Gaps between clumps of leaves: a tile of noise at several scales, the same for every world."""

from functools import cache

import cv2
import numpy as np
from jaxtyping import Bool, Float32, Int64

from vection.data.synthetic.world.noise import SIZE, fractal_noise

_TILES = 1.31
"""Tiles of a shape's colour page that the tile of gaps covers."""
_LEVELS = 7
_GAPS = -0.3
"""Noise below this is a gap: about two fifths of the surface."""


_RIM = 2.0


@cache
def _noise() -> tuple[Float32[np.ndarray, "side side"], ...]:
    tile = fractal_noise(np.random.default_rng(7), slope=0.85, lowest=3.0, highest=110.0)
    levels = []
    for level in range(_LEVELS):
        side = SIZE >> level
        small = cv2.resize(tile, (side, side), interpolation=cv2.INTER_AREA)
        levels.append((small / small.std()).astype(np.float32))
    return tuple(levels)


def leaves(
    across: Float32[np.ndarray, " count"],
    down: Float32[np.ndarray, " count"],
    *,
    footprint: float,
    rim: Float32[np.ndarray, " count"] | float = 0.0,
) -> tuple[Bool[np.ndarray, " count"], Float32[np.ndarray, " count"]]:
    """Whether places on a surface are covered, and their light, at the scale of a ray's footprint.

    Lengths are in tiles of the shape's colour page. `rim` is 0 where the surface is seen from the front and 1 where it
    turns away: there only single leaves stand out.
    """
    level = int(np.clip(np.log2(max(footprint, 1e-6) * SIZE / _TILES) + 0.5, 0, _LEVELS - 1))
    noise = _noise()[level]
    side = noise.shape[0]
    scale = np.float32(side / _TILES)
    row, column = _index(down * scale, side), _index(across * scale, side)
    value = noise[row, column]
    return np.asarray(value > _GAPS + _RIM * rim), np.clip(0.9 * np.exp(0.65 * value), 0.2, 2.6).astype(np.float32)


def _index(texels: Float32[np.ndarray, " count"], side: int) -> Int64[np.ndarray, " count"]:
    return np.floor(texels).astype(np.int64) & (side - 1)

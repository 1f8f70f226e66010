"""Depth as colour: near is bright, and one range serves a whole clip so that it does not flicker."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Literal

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from vection.arrays import DepthMap, FloatMap, MaskMap, PixelMask, RgbImage
from vection.errors import UsageError
from vection.extras import extra

MARK = (230, 40, 40)
"""RGB of what moves."""

MOST_FRAMES = 2048
"""Frames of a clip whose depth counts for the range of its colours."""

Samples = Float[np.ndarray, " pixel"]
"""Inverse depths at some pixels of a frame."""

BLACK = 0
"""Grey of pixels without depth in videos."""

ColourMap = Literal["magma", "turbo", "Spectral_r"]
"""Colour maps for depth, as matplotlib calls them."""


@dataclass(frozen=True)
class ColourRange:
    """The depths at the two ends of the colour map, in the unit of the depth."""

    near: float
    far: float

    @property
    def legend(self) -> str:
        """What the colours mean, in words."""
        return f"bright {self.near:.3g}, dark {self.far:.3g}"


def sample_inverse_depth(depth: DepthMap, *, count: int = 2000) -> Samples:
    """Return inverse depth at about `count` pixels on a regular grid; what is not positive and finite is left out."""
    stride = max(1, int(np.sqrt(depth.size / count)))
    some = depth[stride // 2 :: stride, stride // 2 :: stride].astype(np.float64).ravel()
    return 1 / some[np.isfinite(some) & (some > 0)]


class SpreadSamples:
    """Samples of up to `MOST_FRAMES` frames, evenly spread over however many there are; iterates over them."""

    def __init__(self) -> None:
        self.kept: list[Samples] = []
        self._seen = 0
        self._stride = 1

    def add(self, samples: Samples) -> None:
        """Take the samples of the next frame."""
        if self._seen % self._stride == 0:
            self.kept.append(samples)
            if len(self.kept) > MOST_FRAMES:
                self.kept, self._stride = self.kept[::2], 2 * self._stride
        self._seen += 1

    def __iter__(self) -> Iterator[Samples]:
        return iter(self.kept)


def colour_range(samples: Iterable[Float[np.ndarray, "_"]]) -> ColourRange:
    """Range from the inverse depths of all frames of a clip: 2nd to 97th percentile, so that wild pixels do not count.

    Without any sample, or with one depth only, the range is made wide enough to be usable.
    """
    inverse = np.concatenate([np.zeros(0), *samples])
    if not inverse.size:
        return ColourRange(near=1.0, far=2.0)
    low, high = np.percentile(inverse, [2, 97])
    if high <= 1.001 * low:
        low, high = low / 2, high * 2
    return ColourRange(near=float(1 / high), far=float(1 / low))


def colour_depth(
    depth: DepthMap, limits: ColourRange, *, colours: ColourMap = "magma", unknown: int = BLACK
) -> RgbImage:
    """Return RGB: inverse depth, linear from `far` (first colour) to `near` (last); `unknown` where there is no depth.

    `unknown` is a grey of 0 to 255. Raises UsageError if matplotlib is missing or has no such colour map.

    >>> depth = np.linspace(1, 10, 6, dtype=np.float32).reshape(2, 3)
    >>> colour_depth(depth, ColourRange(near=1.0, far=10.0)).shape
    (2, 3, 3)
    """
    known = np.isfinite(depth) & (depth > 0)
    inverse = np.divide(1, depth, out=np.zeros_like(depth), where=known)
    low, high = 1 / limits.far, 1 / limits.near
    return colour_values((inverse - low) / (high - low), known=known, colours=colours, unknown=unknown)


def colour_values(values: FloatMap, *, known: PixelMask, colours: str, unknown: int = BLACK) -> RgbImage:
    """Return RGB: values from 0 (first colour) to 1 (last), clipped to them; the grey `unknown` where not `known`."""
    index = np.clip(np.round(values * 255), 0, 255).astype(np.uint8)
    coloured = cv2.LUT(cv2.merge([index, index, index]), colour_table(colours)[None])
    if not known.all():
        coloured[~known] = unknown
    return np.asarray(coloured, dtype=np.uint8)


@cache
def colour_table(colours: str) -> UInt8[np.ndarray, "256 3"]:
    """Return RGB of the 256 steps of a colour map of matplotlib; UsageError if there is none of that name."""
    with extra("video", purpose="Colouring depth"):
        import matplotlib as mpl
    if colours not in mpl.colormaps:
        raise UsageError(f"There is no colour map '{colours}'; take magma, turbo or Spectral_r.")
    return np.asarray((mpl.colormaps[colours](np.arange(256))[:, :3] * 255).round(), dtype=np.uint8)


def overlay_mask(image: RgbImage, mask: MaskMap) -> RgbImage:
    """Return the image in grey with what the mask in [0, 1] marks in red, so that no colour of the scene misleads."""
    grey = np.repeat(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)[:, :, None], 3, axis=2).astype(np.float32)
    weight = 0.7 * mask[:, :, None]
    return np.asarray((grey * (1 - weight) + np.array(MARK, np.float32) * weight).round(), dtype=np.uint8)


def with_legend(image: RgbImage, text: str) -> RgbImage:
    """Return the image with a line of text in its lower left corner, white on black edges."""
    written = image.copy()
    size = max(0.35, image.shape[0] / 800)
    place = (6, image.shape[0] - 8)
    for colour, thickness in (((0, 0, 0), 3), ((255, 255, 255), 1)):
        cv2.putText(written, text, place, cv2.FONT_HERSHEY_SIMPLEX, size, colour, thickness, cv2.LINE_AA)
    return written

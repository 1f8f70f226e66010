"""Maps as colours: depth, classes, flow, vectors, masks. One range serves a whole clip so that it does not flicker."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Literal

import cv2
import numpy as np
from jaxtyping import Float, Float32, UInt8

from vection.arrays import ClassIds, DepthMap, FloatMap, FlowMap, MaskMap, PixelMask, RgbImage
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

CLASS_COLOURS: dict[str, tuple[int, int, int]] = {
    "road": (128, 64, 128),
    "sidewalk": (244, 35, 232),
    "building": (70, 70, 70),
    "wall": (102, 102, 156),
    "fence": (190, 153, 153),
    "pole": (153, 153, 153),
    "traffic light": (250, 170, 30),
    "traffic sign": (220, 220, 0),
    "vegetation": (107, 142, 35),
    "terrain": (152, 251, 152),
    "sky": (70, 130, 180),
    "person": (220, 20, 60),
    "rider": (255, 0, 0),
    "car": (0, 0, 142),
    "truck": (0, 0, 70),
    "bus": (0, 60, 100),
    "train": (0, 80, 100),
    "motorcycle": (0, 0, 230),
    "bicycle": (119, 11, 32),
}
"""RGB of Cityscapes' classes, in the order of their train ids."""

WHEEL = ((0, 255, 0, 0), (15, 255, 255, 0), (21, 0, 255, 0), (25, 0, 255, 255), (36, 0, 0, 255), (49, 255, 0, 255))
"""Where on the wheel of 55 steps which RGB lies: from red (to the right) over yellow (down) to blue (left)."""

_OPENCV = {"magma": cv2.COLORMAP_MAGMA, "viridis": cv2.COLORMAP_VIRIDIS, "turbo": cv2.COLORMAP_TURBO}
"""Colour maps of matplotlib that OpenCV has, colour by colour."""

OpticalFlow = Float32[np.ndarray, "height width 2"]
"""How far a pixel moves, x and y in pixels; NaN where that is unknown."""

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
    if colours in _OPENCV:
        return np.asarray(cv2.applyColorMap(np.arange(256, dtype=np.uint8)[:, None], _OPENCV[colours])[:, 0, ::-1])
    with extra("video", purpose="Colouring depth"):
        import matplotlib as mpl
    if colours not in mpl.colormaps:
        raise UsageError(f"There is no colour map '{colours}'; take magma, turbo or Spectral_r.")
    return np.asarray((mpl.colormaps[colours](np.arange(256))[:, :3] * 255).round(), dtype=np.uint8)


def colour_classes(ids: ClassIds) -> RgbImage:
    """Return Cityscapes train ids in Cityscapes' colours; black where they are unknown.

    >>> colour_classes(np.array([[13, 255]], np.uint8)).tolist()  # a car, and what nobody knows
    [[[0, 0, 142], [0, 0, 0]]]
    """
    table = np.zeros((256, 3), np.uint8)
    table[: len(CLASS_COLOURS)] = list(CLASS_COLOURS.values())
    return table[ids]


def colour_flow(flow: OpticalFlow, *, fastest: float, unknown: int = 128) -> RgbImage:
    """Colour optical flow with the wheel of Baker et al. (A Database ... for Optical Flow, 2011).

    White is still; to the right is red, down yellow, left cyan to blue, up violet. Flow of `fastest` pixels and more
    has its full colour; `unknown` is the grey of what is not finite.

    >>> colour_flow(np.array([[[2.0, 0.0], [0.0, 0.0]]], np.float32), fastest=2.0).tolist()
    [[[255, 0, 0], [255, 255, 255]]]
    """
    known = np.isfinite(flow).all(axis=2)
    x, y = np.moveaxis(np.where(known[:, :, None], flow, 0.0).astype(np.float64), 2, 0)
    place = (np.arctan2(y, x) % (2 * np.pi)) / (2 * np.pi) * 55
    steps = np.array([*WHEEL, (55, *WHEEL[0][1:])], np.float64)
    wheel = np.stack([np.interp(place, steps[:, 0], steps[:, channel]) for channel in (1, 2, 3)], axis=2)
    strength = np.clip(np.hypot(x, y) / fastest, 0, 1)[:, :, None]
    coloured = (255 - strength * (255 - wheel)).round().astype(np.uint8)
    coloured[~known] = unknown
    return coloured


def colour_vectors(vectors: FlowMap, *, longest: float) -> RgbImage:
    """Colour 3D vectors: grey is none; red to the right, green downwards, blue away; the contrary turns the colour."""
    return np.asarray((np.clip(0.5 + 0.5 * vectors / longest, 0, 1) * 255).round(), dtype=np.uint8)


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

"""What a method sees, drawn: one scale for all frames of a clip, and sheets of pictures with captions."""

from collections.abc import Iterable, Mapping, Sequence

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from vection.arrays import RgbImage
from vection.inference.colour import (
    ColourRange,
    colour_classes,
    colour_depth,
    colour_flow,
    colour_range,
    colour_values,
    colour_vectors,
    sample_inverse_depth,
)
from vection.methods.pictures import PICTURES

PictureMap = Float[np.ndarray, "channel height width"]
"""Numbers of one picture; `methods.pictures.PICTURES` says what they are."""

Samples = Float[np.ndarray, " _"]
"""What the scale of a picture is chosen from: inverse depths, errors or lengths."""

Scale = ColourRange | float
"""The depths at the ends of the colours, or the error, pixels or length of the last colour."""

Sheet = UInt8[np.ndarray, "sheet_height sheet_width 3"]
"""RGB of even width and height."""

UNKNOWN = 128
"""Grey of pixels of which nothing is known."""

SOURCE_COLOURS = ((0, 0, 0), (240, 150, 40), (60, 130, 220), (70, 170, 90))
"""RGB of no source, the frame before, the next frame, the other camera."""

TILE_WIDTHS = (320, 480)
"""Narrower pictures are enlarged to the first on a sheet, wider ones shrunk to the second."""

CAPTION = 34
"""Height in pixels of the strip above a picture of a sheet."""

GAP = 6
"""White pixels to the right of and below every picture of a sheet."""

_SHARED = ("depth", "flow", "vectors")
"""What is drawn so has one scale for all pictures, so that they can be compared."""


def scale_key(name: str) -> str | None:
    """Return what the scale of a picture is called; pictures of one key share it. None: it needs none."""
    kind = PICTURES[name]
    if kind.drawing in _SHARED:
        return kind.drawing
    return name if kind.drawing == "error" and kind.limit is None else None


def scale_samples(name: str, values: PictureMap, *, count: int = 2000) -> Samples:
    """Return about `count` of the numbers that the scale of a picture depends on; what is not finite is left out."""
    if PICTURES[name].drawing == "depth":
        return sample_inverse_depth(values[0].astype(np.float32), count=count)
    stride = max(1, int(np.sqrt(values[0].size / count)))
    some = np.linalg.norm(values[:, stride // 2 :: stride, stride // 2 :: stride].astype(np.float64), axis=0)
    return some[np.isfinite(some)]


def choose_scale(key: str, samples: Sequence[Samples]) -> Scale:
    """Choose the scale of all pictures of `key` so that a few wild pixels do not count."""
    if key == "depth":
        return colour_range(samples)
    some = np.concatenate([np.zeros(0), *samples])
    some = some[some > 0]
    return max(float(np.percentile(some, 98 if key == "photometric-error" else 95)), 1e-6) if some.size else 1.0


def draw(name: str, values: PictureMap, scale: Scale | None) -> RgbImage:
    """Draw one picture of the name `name`; `scale` is that of its `scale_key`."""
    kind = PICTURES[name]
    if kind.drawing == "image":
        return _bytes(values.transpose(1, 2, 0))
    if kind.drawing == "mask":
        return _bytes(np.repeat(values.transpose(1, 2, 0), 3, axis=2))
    if kind.drawing == "source":
        return np.array(SOURCE_COLOURS, np.uint8)[values[0].astype(int)]
    if kind.drawing == "classes":
        return colour_classes(values[0].astype(np.uint8))
    if isinstance(scale, ColourRange):
        return colour_depth(values[0].astype(np.float32), scale, unknown=UNKNOWN)
    limit = kind.limit if scale is None else scale
    assert limit is not None  # either the picture's own or that of its key
    moved = values.transpose(1, 2, 0).astype(np.float32)
    if kind.drawing == "flow":
        return colour_flow(moved, fastest=limit, unknown=UNKNOWN)
    if kind.drawing == "vectors":
        return colour_vectors(moved, longest=limit)
    known = np.isfinite(values[0])
    return colour_values(np.where(known, values[0], 0) / limit, known=known, colours="viridis", unknown=UNKNOWN)


def legend(name: str, scale: Scale | None, *, unit: str = "") -> str:
    """Say what the colours of a picture mean; short enough for the strip above it. Lengths are in `unit`."""
    kind, unit = PICTURES[name], f" {unit}" if unit else ""
    if isinstance(scale, ColourRange):
        return f"bright {scale.near:.2g}, dark {scale.far:.2g}{unit}"
    limit = kind.limit if scale is None else scale
    words = {
        "error": f"dark 0, bright {limit:.2g} and more" if limit is not None else "",
        "flow": f"white is still, full colour {limit:.2g} pixels" if limit is not None else "",
        "vectors": f"red right, green down, blue away: {limit:.2g}{unit}" if limit is not None else "",
        "source": "orange before, blue next, black none",
        "classes": "Cityscapes' colours",
        "mask": kind.meaning,
    }
    return words.get(kind.drawing, "")


def draw_batch(pictures: Mapping[str, Float[np.ndarray, "_ _ _ _"]]) -> dict[str, tuple[str, list[RgbImage]]]:
    """Draw pictures of a batch in scales of its own: the legend and the pictures of the samples, by name."""
    samples: dict[str, list[Samples]] = {}
    for name, batch in pictures.items():
        if (key := scale_key(name)) is not None:
            samples.setdefault(key, []).extend(scale_samples(name, values) for values in batch)
    scales = {key: choose_scale(key, of_key) for key, of_key in samples.items()}
    drawn = {}
    for name, batch in pictures.items():
        scale = scales.get(scale_key(name) or "")
        drawn[name] = legend(name, scale), [draw(name, values, scale) for values in batch]
    return drawn


def sheet(tiles: Iterable[tuple[str, str, RgbImage]]) -> Sheet:
    """Arrange pictures of one size, (name, legend, picture), in rows, each below its name and its legend."""
    tiles = list(tiles)
    height, width = tiles[0][2].shape[:2]
    scale = min(max(width, TILE_WIDTHS[0]), TILE_WIDTHS[1]) / width
    width, height = (2 * round(scale * length / 2) for length in (width, height))
    columns = min(len(tiles), 4 if width < 2 * height else 3)
    drawn = [_tile(name, words, picture, (width, height)) for name, words, picture in tiles]
    drawn += [np.full_like(drawn[0], 255)] * (-len(drawn) % columns)
    rows = [np.concatenate(drawn[start : start + columns], axis=1) for start in range(0, len(drawn), columns)]
    return np.concatenate(rows)


def flow_wheel(radius: int) -> RgbImage:
    """Return a square picture of the colours of flow by direction, 2 `radius` + 1 wide; grey outside the disc."""
    y, x = np.mgrid[-radius : radius + 1, -radius : radius + 1].astype(np.float32)
    flow = np.where(np.hypot(x, y)[..., None] <= radius, np.stack([x, y], axis=2), np.nan)
    return colour_flow(flow.astype(np.float32), fastest=float(radius), unknown=UNKNOWN)


def _bytes(values: Float[np.ndarray, "height width 3"]) -> RgbImage:
    return (np.clip(np.nan_to_num(values), 0, 1) * 255).round().astype(np.uint8)


def _tile(name: str, words: str, picture: RgbImage, size: tuple[int, int]) -> Sheet:
    width, height = size
    method = cv2.INTER_AREA if width < picture.shape[1] else cv2.INTER_LINEAR
    if PICTURES.get(name) is not None and PICTURES[name].drawing in ("source", "classes", "mask"):
        method = cv2.INTER_NEAREST_EXACT
    resized = np.asarray(cv2.resize(picture, (width, height), interpolation=method), np.uint8)
    if name in PICTURES and PICTURES[name].drawing == "flow":
        wheel = flow_wheel(max(8, height // 10))
        side, inside = len(wheel), np.hypot(*np.mgrid[-1 : 1 : len(wheel) * 1j, -1 : 1 : len(wheel) * 1j]) <= 1
        resized[-side - 4 : -4, -side - 4 : -4][inside] = wheel[inside]
    strip = np.full((CAPTION, width, 3), 255, np.uint8)
    _write(strip, name, y=14, colour=(0, 0, 0), size=0.45)
    _write(strip, words, y=28, colour=(95, 103, 115), size=0.38)
    tile = np.concatenate([strip, resized])
    return np.pad(tile, ((0, GAP), (0, GAP), (0, 0)), constant_values=255)


def _write(strip: RgbImage, text: str, *, y: int, colour: tuple[int, int, int], size: float) -> None:
    room = strip.shape[1] - 8
    needed = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, size, 1)[0][0]
    size = min(size, size * room / max(needed, 1))
    cv2.putText(strip, text, (4, y), cv2.FONT_HERSHEY_SIMPLEX, size, colour, 1, cv2.LINE_AA)

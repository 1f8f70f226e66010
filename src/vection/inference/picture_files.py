"""What one looks at in a prediction folder: depth in colours, and `pictures/NAME/FRAME.png` with a video of them."""

import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import UInt8

from vection.arrays import DepthMap, RgbImage
from vection.data.clips.image_file import read_map, read_rgb, write_rgb
from vection.errors import UsageError
from vection.formats.prediction_folder import (
    PHOTO_CLASSES_FILE,
    PHOTO_FILE,
    PICTURES_VIDEO,
    VIDEO_FILE,
    PredictedFrame,
    picture_file,
)
from vection.inference.ahead import map_ahead
from vection.inference.colour import ColourRange, colour_classes, colour_depth, overlay_mask
from vection.inference.observe import ObservedFrame
from vection.inference.pictures import (
    Samples,
    Scale,
    Sheet,
    choose_scale,
    draw,
    legend,
    scale_key,
    scale_samples,
    sheet,
)
from vection.inference.video import beside, frame_rate, write_video

IMAGES = ".images"
"""Where the video's images, and depth that is not kept, wait for the colour range of all frames; gone in the end."""
WRITERS = 2
"""Threads that write files, or draw pictures, while the next frames are predicted."""
WAITING = ".maps"
"""Where maps wait for the scale of their colours, which needs all frames; gone in the end."""


def write_pictures(frames: Iterable[ObservedFrame], folder: Path, *, unit: str, video: bool = True) -> dict[str, str]:
    """Write the pictures of all frames into a prediction folder; return what the colours of each mean, by its name.

    Each kind has one scale for all frames. UsageError if there is no frame with its neighbours.
    """
    waiting = folder / WAITING
    waiting.mkdir()
    seen: list[tuple[str, float]] = []
    names: tuple[str, ...] = ()
    samples: dict[str, list[Samples]] = {}
    for frame in frames:
        seen.append((frame.name, frame.seconds))
        names = tuple(frame.pictures)
        for name, values in frame.pictures.items():
            if (key := scale_key(name)) is not None:
                samples.setdefault(key, []).append(scale_samples(name, values))
            else:
                _write(folder, name, frame.name, draw(name, values, None))
        scaled = {name: values for name, values in frame.pictures.items() if scale_key(name) is not None}
        # Half precision is enough for colours, and a map of 65504 or more is beyond every scale.
        with np.errstate(over="ignore"):
            halves: dict[str, Any] = {name: values.astype(np.float16) for name, values in scaled.items()}
        np.savez(waiting / f"{frame.name}.npz", **halves)
    if not seen:
        raise UsageError("There are no pictures: too few frames follow each other, and each is seen with neighbours.")
    scales = {key: choose_scale(key, of_key) for key, of_key in samples.items()}
    legends = {name: legend(name, scales.get(scale_key(name) or ""), unit=unit) for name in names}
    sheets = _sheets([name for name, _ in seen], folder, scales, legends)
    if video:
        write_video(folder / PICTURES_VIDEO, sheets, rate=frame_rate([seconds for _, seconds in seen]))
    else:
        for _ in sheets:
            pass
    shutil.rmtree(waiting)
    return legends


def _sheets(
    frames: list[str], folder: Path, scales: Mapping[str, Scale], legends: Mapping[str, str]
) -> Iterator[Sheet]:
    """Draw the maps that waited for their scale, and yield all pictures of each frame."""
    for frame in frames:
        with np.load(folder / WAITING / f"{frame}.npz", allow_pickle=False) as maps:
            for name in maps.files:
                scale = scales[scale_key(name) or ""]
                _write(folder, name, frame, draw(name, maps[name].astype(np.float32), scale))
        yield sheet((name, words, read_rgb(folder / picture_file(name, frame))) for name, words in legends.items())


def _write(folder: Path, name: str, frame: str, picture: RgbImage) -> None:
    place = folder / picture_file(name, frame)
    place.parent.mkdir(parents=True, exist_ok=True)
    write_rgb(place, picture)


def write_colours(frames: Sequence[PredictedFrame], folder: Path, *, limits: ColourRange, unit: str) -> None:
    """Write the colours of predictions: a video of depth, classes and masks, or pictures of a single frame.

    The images wait in `IMAGES`, which is gone afterwards; `limits` are of the inverse depth, `unit` is for the legend.
    """
    if len(frames) == 1:
        write_rgb(folder / PHOTO_FILE, colour_depth(_read_depth(frames[0], folder), limits))
        if frames[0].classes is not None:
            write_rgb(folder / PHOTO_CLASSES_FILE, colour_classes(_read_byte_map(folder / frames[0].classes)))
    else:
        masked = any(frame.motion_mask is not None for frame in frames)  # the last one never is
        draw_one = partial(_panels, folder=folder, limits=limits, unit=unit, masked=masked)
        pictures = map_ahead(draw_one, frames, workers=WRITERS, ahead=2 * WRITERS)
        write_video(folder / VIDEO_FILE, pictures, rate=frame_rate([frame.seconds for frame in frames]))
    shutil.rmtree(folder / IMAGES)


def _panels(frame: PredictedFrame, *, folder: Path, limits: ColourRange, unit: str, masked: bool) -> RgbImage:
    image = read_rgb(folder / IMAGES / f"{frame.name}.jpg")
    panels = [(image, ""), (colour_depth(_read_depth(frame, folder), limits), f"{limits.legend} {unit}")]
    if frame.classes is not None:
        panels.append((colour_classes(_read_byte_map(folder / frame.classes)), "classes"))
    if masked:
        over = image
        if frame.motion_mask is not None:
            over = overlay_mask(image, _read_byte_map(folder / frame.motion_mask) / np.float32(255))
        panels.append((over, "moves by itself"))
    return beside(panels)


def _read_depth(frame: PredictedFrame, folder: Path) -> DepthMap:
    return np.asarray(np.load(folder / (frame.file or f"{IMAGES}/{frame.name}.npy")), np.float32)


def _read_byte_map(path: Path) -> UInt8[np.ndarray, "height width"]:
    return np.asarray(read_map(path), np.uint8)

"""The pictures of a prediction folder: `pictures/NAME/FRAME.png`, and all of a frame beside each other in a video."""

import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from vection.arrays import RgbImage
from vection.data.clips.folder import read_rgb, write_rgb
from vection.errors import UsageError
from vection.formats.prediction_folder import PICTURES_VIDEO, picture_file
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
from vection.inference.video import frame_rate, write_video

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

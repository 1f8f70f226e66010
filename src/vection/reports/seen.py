"""The report's pictures of what the method saw when it compared frames: those that `predict` writes with `pictures`."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vection.files import inside
from vection.formats.prediction_folder import find_prediction_folders, picture_file, read_prediction_list
from vection.inference.colour import CLASS_COLOURS
from vection.inference.pictures import SOURCE_COLOURS
from vection.methods.pictures import PICTURES
from vection.reports import pictures

MAX_FRAMES = 4
"""Frames that the report shows."""

SOURCES = ("none", "frame before", "next frame", "other camera")
"""What the colours of the picture `source` mean, in their order."""


@dataclass(frozen=True)
class SeenTile:
    """One picture."""

    name: str
    legend: str
    picture: str
    """Data URI."""


@dataclass(frozen=True)
class Seen:
    """What the template shows."""

    frames: tuple[tuple[str, tuple[SeenTile, ...]], ...]
    """Each frame's name and pictures."""
    meanings: tuple[tuple[str, str], ...]
    """What each picture shows, by its name."""
    swatches: tuple[tuple[str, str], ...]
    """Meaning and CSS colour of each class and source, where such pictures are among them."""


def prediction_folders(root: Path | None) -> list[Path]:
    """Return the prediction folders of a run by name; none if it has none."""
    return [] if root is None else sorted(find_prediction_folders(root))


def seen_section(folders: Sequence[Path]) -> Seen | None:
    """Return frames spread evenly over the prediction folders that hold pictures; None if none does."""
    found = []
    names: dict[str, str] = {}
    for folder in folders:
        listed = read_prediction_list(folder)
        first = next(iter(listed.pictures), None)
        if first is not None:
            names |= listed.pictures
            shown = [frame.name for frame in listed.frames if (folder / picture_file(first, frame.name)).is_file()]
            found += [(folder, frame, listed.pictures) for frame in shown]
    if not found:
        return None
    spread = np.linspace(0, len(found) - 1, min(MAX_FRAMES, len(found))).round().astype(int)
    frames = tuple((found[index][1], _tiles(*found[index])) for index in spread)
    drawings = {PICTURES[name].drawing for name in names if name in PICTURES}
    swatches = [(name, _css(colour)) for name, colour in CLASS_COLOURS.items()] if "classes" in drawings else []
    if "source" in drawings:
        swatches += [(name, _css(colour)) for name, colour in zip(SOURCES, SOURCE_COLOURS, strict=True)]
    meanings = tuple((name, PICTURES[name].meaning) for name in names if name in PICTURES)
    return Seen(frames, meanings, tuple(swatches))


def _tiles(folder: Path, frame: str, legends: dict[str, str]) -> tuple[SeenTile, ...]:
    return tuple(
        SeenTile(name, legend, pictures.picture_file_uri(inside(folder, picture_file(name, frame))))
        for name, legend in legends.items()
    )


def _css(colour: tuple[int, int, int]) -> str:
    return "rgb({}, {}, {})".format(*colour)

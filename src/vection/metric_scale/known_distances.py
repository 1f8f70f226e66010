"""Known distances: this pixel of this frame is so many metres away."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vection.data.clips.window import seen_point
from vection.errors import DataError, UsageError
from vection.files import read_text
from vection.formats.window import Window
from vection.inference.prediction import Prediction
from vection.inference.sources import Frame
from vection.metric_scale.evidence import Evidence, Factors, known_camera

STATED_ERROR = 0.02
"""Relative standard deviation of a distance, common to all."""
HEADER = ("frame", "x", "y", "metres")
REACH = 2
"""Pixels around the one that is named, whose median depth counts."""


@dataclass(frozen=True)
class KnownDistance:
    """How far the point that a pixel shows is from the camera, in a straight line (not along the axis)."""

    frame: str
    """Name of the frame; of numbered frames the number."""
    x: float
    y: float
    """Column and row in pixels of the whole image of the frame, the first at 0; of clips, that of their source."""
    metres: float

    @staticmethod
    def parse(text: str) -> "KnownDistance":
        """Read FRAME,X,Y,METRES. Raises UsageError for anything else.

        >>> KnownDistance.parse("000012,640,310,12.4").metres
        12.4
        """
        words = [word.strip() for word in text.split(",")]
        try:
            frame, x, y, metres = words[0], *(float(word) for word in words[1:])
            if not (metres > 0 and np.isfinite([x, y, metres]).all()):
                raise ValueError
        except ValueError as error:
            raise UsageError(
                f"'{text}' is no known distance; write FRAME,X,Y,METRES, as 000012,640,310,12.4."
            ) from error
        return KnownDistance(frame, x, y, metres)

    def is_in(self, name: str) -> bool:
        """Return whether this is the name of its frame."""
        if name.isdecimal() and self.frame.isdecimal():
            return int(name) == int(self.frame)
        return name == self.frame


def read_known_distances(path: Path) -> tuple[KnownDistance, ...]:
    """Read a CSV with the columns frame, x, y, metres; UsageError if there is none, DataError for other content."""
    lines = list(csv.reader(read_text(path, remedy="give a CSV of known distances.").splitlines()))
    if not lines or tuple(word.strip().lower() for word in lines[0]) != HEADER:
        raise DataError(f"The first line of {path} must be {','.join(HEADER)}.")
    try:
        return tuple(KnownDistance.parse(",".join(line)) for line in lines[1:] if any(line))
    except UsageError as error:
        raise DataError(f"{path}: {error}") from error


class KnownDistances(Evidence):
    """Factor of a point: its distance over the predicted one, that of the median depth of 5x5 pixels.

    Points of clips are in pixels of the images they were made of. A clip that does not say what it shows of those, as a
    rendered one, takes the pixels of its stored frames.
    """

    def __init__(self, distances: Sequence[KnownDistance]) -> None:
        self.distances = tuple(distances)
        self.unseen = list(distances)
        count = len(self.distances)
        what = f"known distance of {self.distances[0].metres:g} m" if count == 1 else f"{count} known distances"
        self.factors = Factors(what, STATED_ERROR, "none of the frames of the known distances was predicted")

    def observe(self, frame: Frame, prediction: Prediction) -> None:
        """Compare the points of a frame."""
        here = [one for one in self.unseen if one.is_in(frame.name)]
        if not here:
            return
        fx, fy, cx, cy = known_camera(prediction, purpose="A known distance")
        height, width = prediction.depth.shape
        for one in here:
            x, y = _seen(one, frame)
            column, row = round(x), round(y)
            if not (0 <= column < width and 0 <= row < height):
                raise UsageError(
                    f"The known distance at {one.x:g}, {one.y:g} lies outside of '{prediction.name}', which is "
                    f"{width}x{height}{_shown(frame)}."
                )
            patch = prediction.depth[max(row - REACH, 0) : row + REACH + 1, max(column - REACH, 0) : column + REACH + 1]
            ray = np.linalg.norm([(x - cx) / fx, (y - cy) / fy, 1.0])
            self.factors.add(prediction.name, one.metres / (float(np.median(patch)) * float(ray)))
            self.unseen.remove(one)


def _window(frame: Frame) -> Window | None:
    return frame.window if frame.clip is None else frame.clip.window


def _seen(one: KnownDistance, frame: Frame) -> tuple[float, float]:
    """Return where the frame's image, which of clips has another size than the window, shows the point."""
    window = _window(frame)
    if window is None:
        return one.x, one.y
    x, y = seen_point(window, one.x, one.y)
    height, width = frame.image.shape[:2]
    return (x + 0.5) * width / window.width - 0.5, (y + 0.5) * height / window.height - 0.5


def _shown(frame: Frame) -> str:
    window = _window(frame)
    if window is None:
        return ""
    return f" and shows {window.words or f'all of {window.source_width}x{window.source_height}'}"

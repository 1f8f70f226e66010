"""`scale.json` of a run folder: the factor that turns predicted depth into metres, and how it was found."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field, FiniteFloat

from vection.files import json_text, read_json, write_text
from vection.formats.record import KEY, check_format, checked
from vection.formats.window import Window

FORMAT = 1
"""Number of the format that is written; newer ones are refused."""
REMEDY = "find the scale again with `vection scale`."

Positive = Annotated[FiniteFloat, Field(gt=0)]
Share = Annotated[FiniteFloat, Field(ge=0)]


@dataclass(frozen=True)
class ScaleReading:
    """What one source says of the scale."""

    source: str
    """In words, such as 'camera height of 1.65 m'."""
    factor: Positive
    """Metres in a unit of the depth that the network predicts: the median over what was read."""
    uncertainty: Share
    """One standard deviation of the factor, relative: of the median, and of what was stated."""
    spread: Share | None
    """Relative standard deviation of the factors of single frames, robust; None of fewer than three."""
    count: int
    """Frames, stretches of the path or points that were read."""
    names: tuple[str, ...]
    """Frame of each."""
    factors: tuple[Positive, ...]
    """Factor of each."""
    held_out_error: Share | None = None
    """Median relative error on every other stretch of frames of the factor of the others; None where there are few."""


@dataclass(frozen=True)
class RunScale:
    """The scale of a run's depth, for one checkpoint seen at one size."""

    factor: Positive
    """Metres in a unit of the depth that the network predicts."""
    uncertainty: Share
    """One standard deviation, relative."""
    readings: tuple[ScaleReading, ...]
    checkpoint: str
    """Name of the checkpoint's folder."""
    weights: str
    """SHA-256 of its weights: of others the scale says nothing."""
    width: int
    """Of the images as the network saw them; another size has another scale."""
    height: int
    window: str = "training"
    """Which part of frames they were to see, as `predict` takes it."""
    seen: tuple[Window, ...] = ()
    """What was seen of the images: of another part, or of one of another shape, the scale is another. Older files do
    not say it."""
    frames_from: str = ""
    """What it was found on."""
    speed: Share | None = None
    """Median speed of the camera at this scale, metres per second, where its motion was known."""

    @property
    def spread(self) -> float | None:
        """Relative standard deviation from frame to frame: of the reading that has most."""
        return max(self.readings, key=lambda reading: reading.count).spread

    @property
    def source(self) -> str:
        """How the scale was found and how exact it is, in words."""
        spread = "" if self.spread is None else f"; varies by {100 * self.spread:.1f} % from frame to frame"
        found = " and ".join(reading.source for reading in self.readings)
        return f"{found} (+- {100 * self.uncertainty:.1f} %{spread})"


def write_scale(path: Path, scale: RunScale) -> None:
    """Write the file in one step; UsageError if the place cannot be written."""
    write_text(path, json_text({KEY: FORMAT} | asdict(scale), indent=1))


def read_scale(path: Path) -> RunScale:
    """Read the file; UsageError if there is none, DataError for unusable content or that of a newer vection."""
    content = read_json(path, remedy=REMEDY)
    check_format(content, newest=FORMAT, path=path)
    return checked(RunScale, content, path=path, remedy=REMEDY)

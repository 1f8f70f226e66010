"""A bounded sample of a source: small grey images, wider ones to measure in, whatever its length."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import cv2
import numpy as np
from jaxtyping import UInt8

from vection.arrays import GreyImage, RgbImage
from vection.data.clips.resizing import resize_image
from vection.data.ingest.doctor.combing import field_shift
from vection.data.ingest.parallax import small_grey
from vection.data.ingest.video import FrameSource, VideoFile, VideoFrame

WHOLE = 600
"""Sources of up to so many frames are read as a whole."""
RUNS = 20
RUN_LENGTH = 30
PLACES = 24
"""Frames from which pairs are measured."""
GAPS = (1, 2, 4, 8, 16, 29)
WIDE = 640
"""Pixels, width of the images in which pairs are measured."""


@dataclass
class Sample:
    """Frames of a source by their index in the sample, not by their number in the source."""

    width: int = 0
    height: int = 0
    greys: list[GreyImage] = field(default_factory=list)
    """320 wide."""
    seconds: list[float] = field(default_factory=list)
    begins: set[int] = field(default_factory=set)
    """Frames that do not continue the one before."""
    places: list[int] = field(default_factory=list)
    wide: dict[int, GreyImage] = field(default_factory=dict)
    """Up to 640 wide: the places and the frames `GAPS` after them."""
    field_shifts: list[float] = field(default_factory=list)
    """Of the places."""
    other_sizes: Counter[tuple[int, int]] = field(default_factory=Counter)
    """Width and height of frames that are not as large as the first; they are left out."""
    whole: bool = True
    """Whether every frame was read."""
    empty_runs: int = 0
    """Places of the source where nothing could be read."""

    def __len__(self) -> int:
        """Return the number of frames."""
        return len(self.greys)

    def run_end(self, index: int) -> int:
        """Return the index after the last frame that continues `index`."""
        return min((begin for begin in self.begins if begin > index), default=len(self))

    def steps(self) -> Iterator[int]:
        """Yield the frames that another one continues."""
        return (index for index in range(len(self) - 1) if index + 1 not in self.begins)

    def spread(self, count: int) -> list[GreyImage]:
        """Return about `count` greys, irregularly spread: what repeats regularly is not seen at one place only."""
        chosen = np.sort(np.random.default_rng(0).permutation(len(self))[:count])
        return [self.greys[index] for index in chosen]


def take_sample(source: FrameSource) -> Sample:
    """Read a source of up to 600 frames as a whole, else 20 runs of 30 frames spread over it."""
    sample = Sample()
    frames = source.estimated_frames
    if frames is not None and frames <= WHOLE:
        places = set(np.linspace(0, max(0, frames - GAPS[2]), PLACES).round().astype(int).tolist())
        # images of a folder may differ in size, which reading it in order refuses
        whole = source if isinstance(source, VideoFile) else next(source.runs(count=1, length=WHOLE))
        _add_run(sample, whole, places)
        return sample
    sample.whole = False
    for run in source.runs(count=RUNS, length=RUN_LENGTH):
        before = len(sample)
        _add_run(sample, run, {0})
        sample.empty_runs += len(sample) == before
    return sample


def _add_run(sample: Sample, frames: Iterable[VideoFrame], places: set[int]) -> None:
    first = len(sample)
    sample.begins.add(first)
    kept = {place + gap for place in places for gap in (0, *GAPS)}
    for number, frame in enumerate(frames):
        if number >= WHOLE:
            sample.whole = False
            return
        size = (frame.image.shape[1], frame.image.shape[0])
        if not sample.width:
            sample.width, sample.height = size
        if size != (sample.width, sample.height):
            sample.other_sizes[size] += 1
            sample.begins.add(len(sample))
            continue
        if number in kept:
            sample.wide[len(sample)] = _wide_grey(frame.image)
        if number in places:
            sample.places.append(len(sample))
            sample.field_shifts.append(field_shift(frame.stored))
        sample.greys.append(small_grey(frame.image))
        sample.seconds.append(frame.seconds)


def _wide_grey(image: RgbImage) -> UInt8[np.ndarray, "measured_height measured_width"]:
    grey = np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.uint8)
    height, width = grey.shape
    return grey if width <= WIDE else resize_image(grey, (round(height * WIDE / width), WIDE))

"""Some frames of a clip, measured in one process: each pair of them once."""

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import cv2
import numpy as np

from vection.arrays import PixelMask
from vection.data.clips.resizing import Size, resize_nearest
from vection.data.measure.depth.flow import correspond
from vection.data.measure.depth.frame import FrameDepth, SeenPair, measure_frame
from vection.data.measure.pairs.chained_pairs import contradicts_steps
from vection.data.measure.pairs.measure import measure_pair
from vection.data.measure.records import FrameRecord, KnownBaseline, write_record
from vection.data.measure.settings import MeasureSettings
from vection.data.measure.views import ReadView, View, narrowed, with_even_light
from vection.errors import DataError
from vection.formats.measured_geometry import MeasuredPair, write_map


@dataclass(frozen=True)
class Job:
    """Frames to measure, with the neighbours that this takes; it travels to another process."""

    folder: Path
    """`measured/`."""
    numbers: tuple[int, ...]
    views: Mapping[int, ReadView]
    names: Mapping[int, str]
    size: Size
    """Height and width of the stored frames."""
    breaks: tuple[int, ...]
    """Frames that do not continue the one before."""
    usable: PixelMask | None
    """Of the stored size."""
    settings: MeasureSettings


def measure_frames(job: Job) -> dict[str, FrameRecord]:
    """Measure the frames of the job, write each with its record, and return the records by name."""
    with _one_thread():
        measured = _Measured(job)
        return {job.names[number]: _measure(measured, number) for number in sorted(job.numbers)}


@contextlib.contextmanager
def _one_thread() -> Iterator[None]:
    # DIS cuts the image into as many stripes as there are threads, and its result depends on them
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(before)


@dataclass
class _Measured:
    """Views and pairs of a job, made when they are first needed and forgotten when they have passed."""

    job: Job
    views: dict[int, View] = field(default_factory=dict)
    even: dict[int, View] = field(default_factory=dict)
    """With even light, for corners; flow is more exact in the images as they are."""
    pairs: dict[tuple[int, int], MeasuredPair] = field(default_factory=dict)
    seen: dict[tuple[int, int], SeenPair] = field(default_factory=dict)

    def view(self, number: int) -> View:
        if number not in self.views:
            view = narrowed(self.job.views[number]())
            size = next(iter(self.views.values()), view).size
            if view.size != size:
                raise DataError(
                    f"View {number} is {view.size[1]}x{view.size[0]} but those before it are {size[1]}x{size[0]}; "
                    "geometry is measured between images of one size."
                )
            self.views[number] = view
        return self.views[number]

    def pair(self, first: int, second: int) -> MeasuredPair:
        if (first, second) not in self.pairs:
            self.pairs[first, second] = self._measure(first, second)
        return self.pairs[first, second]

    def beginning_at(self, number: int) -> list[MeasuredPair]:
        """Return the pairs whose first frame is `number`; a wide one only if parallax is small."""
        return [self.pair(number, number + gap) for gap in self._all_gaps if self._is_wanted(number, number + gap)]

    def holding(self, number: int) -> list[SeenPair]:
        """Return all pairs with geometry that hold the frame, in the order of their first frames."""
        ends = [(number - gap, number) for gap in reversed(self._all_gaps)]
        before = [self.pair(*end) for end in ends if self._is_wanted(*end)]
        return [self._see(pair) for pair in [*before, *self.beginning_at(number)] if pair.reason is None]

    def forget_before(self, number: int) -> None:
        self.seen = {numbers: seen for numbers, seen in self.seen.items() if numbers[0] >= number}
        self.views = {seen: view for seen, view in self.views.items() if seen >= number}
        self.even = {seen: view for seen, view in self.even.items() if seen >= number}

    @property
    def _all_gaps(self) -> tuple[int, ...]:
        settings = self.job.settings
        return (*settings.gaps, settings.wide_gap) if settings.wide_gap else settings.gaps

    def _is_wanted(self, first: int, second: int) -> bool:
        """Return whether a pair is measured: both frames are there, and a wide one only if parallax is small."""
        if first not in self.job.views or second not in self.job.views:
            return False
        settings = self.job.settings
        return second - first in settings.gaps or _is_slow(self.pair(first, first + settings.gaps[-1]), settings)

    def _measure(self, first: int, second: int) -> MeasuredPair:
        if any(first < start <= second for start in self.job.breaks):
            return MeasuredPair(first, second, reason="cut")
        views = self._even(first), self._even(second)
        usable = self.job.usable
        if usable is not None:
            usable = resize_nearest(usable.astype(np.uint8), views[0].size) > 0
        pair = measure_pair(*views, numbers=(first, second), usable=usable)
        steps = [self.pair(number, number + 1) for number in range(first, second)] if second > first + 1 else []
        if contradicts_steps(pair, steps):
            return MeasuredPair(first, second, reason="contradiction", tracks=pair.tracks, inliers=pair.inliers)
        if pair.reason == "cut" and steps and all(step.rotation is not None for step in steps):
            return replace(pair, reason="few-inliers")  # the scene is the same, too much of it has left the image
        return pair

    def _even(self, number: int) -> View:
        if number not in self.even:
            self.even[number] = with_even_light(self.view(number))
        return self.even[number]

    def _see(self, pair: MeasuredPair) -> SeenPair:
        key = pair.first, pair.second
        if key not in self.seen:
            self.seen[key] = SeenPair(pair, *correspond(self.view(pair.first).image, self.view(pair.second).image))
        return self.seen[key]


def _is_slow(pair: MeasuredPair, settings: MeasureSettings) -> bool:
    return pair.reason in (None, "standing", "rotation") and pair.parallax < settings.wide_below


def _measure(measured: _Measured, number: int) -> FrameRecord:
    job = measured.job
    measured.forget_before(number - max(*job.settings.gaps, job.settings.wide_gap))
    pairs = tuple(measured.beginning_at(number))
    seen = measured.holding(number)
    view = measured.view(number)
    depth = measure_frame(number, measured.views, seen, size=job.size, usable=job.usable, settings=job.settings)
    height, width = view.size
    record = FrameRecord((height, width), pairs) if depth is None else _record(depth, (height, width), pairs)
    if depth is not None:
        write_map(job.folder, job.names[number], depth=depth.depth, weight=depth.weight, moving=depth.moving)
    write_record(job.folder, job.names[number], record)
    return record


def _record(depth: FrameDepth, size: tuple[int, int], pairs: tuple[MeasuredPair, ...]) -> FrameRecord:
    ground = None
    if depth.ground is not None:
        x, y, z = depth.ground.tolist()
        ground = (x, y, z)
    return FrameRecord(
        size,
        pairs,
        share=round(float((depth.depth > 0).mean()), 4),
        baselines=tuple(KnownBaseline(*numbers, length) for numbers, length in depth.baselines.items()),
        ground=ground,
    )

"""The way that the camera went, against its predicted path."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from vection.arrays import Vector3
from vection.formats.measured_geometry import is_measured
from vection.inference.prediction import Prediction
from vection.inference.sources import Frame
from vection.metric_scale.evidence import Evidence, Factors
from vection.metric_scale.travel_file import LONGEST_GAP, SPEED_ERROR, Travel

KNOWN = ("measured", "network", "standing")
"""Where motion must come from to count; a step that repeats the one before says nothing."""

ROUNDING = 0.99
"""Of a stretch that is as long as another one."""


class _Place(NamedTuple):
    name: str
    seconds: float
    position: Vector3
    along: float


class Travelled(Evidence):
    """Factor of a stretch of frames: metres that were travelled over the length of the predicted path.

    A stretch ends as soon as it is long enough to say something (`Travel.least`), and where motion is not known; but
    not behind a step of no length: slow motion that one pair of frames does not show is in the steps that follow.
    """

    def __init__(self, travel: Travel) -> None:
        self.travel = travel
        missing = (
            "no stretch of the path has both a measured motion and readings at its times, at most "
            f"{LONGEST_GAP:g} s apart; check the clocks"
        )
        self.factors = Factors(travel.source, SPEED_ERROR, missing)
        self._start: _Place | None = None
        self._moved: _Place | None = None
        self._before: Prediction | None = None
        self._along = 0.0
        self._stretch: float | None = None

    def observe(self, frame: Frame, prediction: Prediction) -> None:
        """Extend the stretch by the step from the frame before."""
        before, self._before = self._before, prediction
        step = _length(before, frame, sources=KNOWN)
        self._along += step or 0.0
        if prediction.T_camera_to_world is None:
            return
        here = _Place(frame.name, prediction.seconds, prediction.T_camera_to_world[:3, 3], self._along)
        start = self._start
        metres = None
        if step is not None and start is not None:
            metres = self.travel.between(start.seconds, here.seconds)
        if start is None or metres is None:
            self._start = self._moved = here
        elif self.travel.along is None:
            self._compare_positions(start, here, metres)
        elif step:
            self._moved = here
            if metres >= self.travel.least:
                self._compare(start, here, metres, here.along - start.along)
        elif self._stands(here):
            self._start = self._moved = here

    def _stands(self, here: _Place) -> bool:
        """Return whether the camera has not moved for so long that it should have: what was stated is not so here."""
        metres = None if self._moved is None else self.travel.between(self._moved.seconds, here.seconds)
        return metres is not None and metres >= self.travel.least

    def _compare_positions(self, start: _Place, here: _Place, metres: float) -> None:
        """End the stretch by its predicted length: ended by its metres, it would be too long by the noise of the fix.

        What length that is the first stretch says, which is not compared itself.
        """
        predicted = float(np.linalg.norm(here.position - start.position))
        if self._stretch is None:
            if metres >= self.travel.least:
                self._stretch, self._start = predicted, here
        elif predicted >= ROUNDING * self._stretch:
            self._compare(start, here, metres, predicted)

    def _compare(self, start: _Place, here: _Place, metres: float, predicted: float) -> None:
        if predicted > 0 and metres > 0:
            self.factors.add(start.name, metres / predicted)
        self._start = here

    def end(self) -> None:
        """Forget the frames before."""
        self._start = self._moved = self._before = None


def _length(before: Prediction | None, frame: Frame, *, sources: Sequence[str]) -> float | None:
    """Return the length of the step from the frame before to `frame`; None if it is not known.

    Where a clip was measured once, pair by pair, what a pair did not show is in no other step.
    """
    if before is None or before.motion_source not in sources or before.T_to_next is None:
        return None
    length = float(np.linalg.norm(before.T_to_next[:3, 3]))
    return None if length == 0 and frame.clip is not None and is_measured(frame.clip.folder) else length


class Speeds:
    """Speeds of the camera in predicted units a second, where its motion was measured."""

    def __init__(self) -> None:
        self.values: list[float] = []
        self._before: Prediction | None = None
        self._moved_at = 0.0

    def observe(self, frame: Frame, prediction: Prediction) -> None:
        """Take note of the step from the frame before; one of no length is in those that follow."""
        before, self._before = self._before, prediction
        step, seconds = _length(before, frame, sources=("measured", "standing")), prediction.seconds - self._moved_at
        if step and seconds > 0:
            self.values.append(step / seconds)
        if step != 0:
            self._moved_at = prediction.seconds

    def end(self) -> None:
        """Forget the frame before."""
        self._before = None

    @property
    def median(self) -> float | None:
        """Return the median; None where hardly any motion was measured."""
        speeds: Float[np.ndarray, " step"] = np.array(self.values)
        return float(np.median(speeds)) if len(speeds) >= 8 else None

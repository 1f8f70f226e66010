"""The way that the camera went, against its predicted path."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from vection.arrays import Vector3
from vection.inference.prediction import Prediction
from vection.inference.sources import Frame
from vection.metric_scale.evidence import Evidence, Factors
from vection.metric_scale.travel_file import LONGEST_GAP, SPEED_ERROR, Travel

KNOWN = ("measured", "network")
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

    A stretch ends as soon as it is long enough to say something (`Travel.least`), and where motion is not known.
    """

    def __init__(self, travel: Travel) -> None:
        self.travel = travel
        missing = (
            "no stretch of the path has both a measured motion and readings at its times, at most "
            f"{LONGEST_GAP:g} s apart; check the clocks"
        )
        self.factors = Factors(travel.source, SPEED_ERROR, missing)
        self._start: _Place | None = None
        self._before: Prediction | None = None
        self._along = 0.0
        self._stretch: float | None = None

    def observe(self, frame: Frame, prediction: Prediction) -> None:
        """Extend the stretch by the step from the frame before."""
        before, self._before = self._before, prediction
        moved = before is not None and before.motion_source in KNOWN and before.T_to_next is not None
        if moved:
            assert before is not None and before.T_to_next is not None  # noqa: PT018
            self._along += float(np.linalg.norm(before.T_to_next[:3, 3]))
        if prediction.T_camera_to_world is None:
            return
        here = _Place(frame.name, prediction.seconds, prediction.T_camera_to_world[:3, 3], self._along)
        start = self._start
        metres = None
        if moved and start is not None:
            metres = self.travel.between(start.seconds, here.seconds)
        if start is None or metres is None:
            self._start = here
            return
        if self.travel.along is None:
            self._compare_positions(start, here, metres)
        elif metres >= self.travel.least:
            self._compare(start, here, metres, here.along - start.along)

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
        self._start = self._before = None


class Speeds:
    """Speeds of the camera in predicted units a second, where its motion was measured."""

    def __init__(self) -> None:
        self.values: list[float] = []
        self._before: Prediction | None = None

    def observe(self, prediction: Prediction) -> None:
        """Take note of the step from the frame before."""
        before, self._before = self._before, prediction
        if before is None or before.motion_source != "measured" or before.T_to_next is None:
            return
        seconds = prediction.seconds - before.seconds
        if seconds > 0:
            self.values.append(float(np.linalg.norm(before.T_to_next[:3, 3])) / seconds)

    def end(self) -> None:
        """Forget the frame before."""
        self._before = None

    @property
    def median(self) -> float | None:
        """Return the median; None where hardly any motion was measured."""
        speeds: Float[np.ndarray, " step"] = np.array(self.values)
        return float(np.median(speeds)) if len(speeds) >= 8 else None

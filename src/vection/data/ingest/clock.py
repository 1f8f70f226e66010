"""Times of the frames of a video that always increase, whatever the file's clock does."""

from collections.abc import Sequence
from itertools import pairwise

REORDERED = 20.0
"""Usual steps. Frames are decoded up to 16 steps before they are shown; a clock that goes further back begins anew."""
LEAST_BACK = 0.5
"""Usual steps; by less the times of a variable rate are rounded."""
JOINT = 2.0
"""Usual steps by which the clock goes back where recordings are joined, in formats that can be joined."""
PAUSE, PAUSE_STEPS = 10.0, 300.0
"""Seconds, and usual steps, of the pause at a joint, at least: a gap at every stride up to 100."""
LEAST_STEP = 0.1
"""Of the usual step, between frames of one time."""


def are_reordered(times: Sequence[float], *, rate: float) -> bool:
    """Return whether times of frames in the order of showing are those of decoding, as of B-frames in AVI.

    >>> are_reordered([0.0, 0.067, 0.1, 0.033, 0.167], rate=30.0), are_reordered([0.0, 0.033, 0.067], rate=30.0)
    (True, False)
    """
    return any(LEAST_BACK < (before - after) * rate < REORDERED for before, after in pairwise(times))


class FrameClock:
    """Tells the seconds of frames in the order of showing from what the file says, which may be nothing.

    Times of decoding (`reordered`) are replaced by usual steps, except where many frames are missing. Where the clock
    begins anew, it goes on after a pause, which is a gap like any other: what lies between is unknown. `joinable`
    formats begin anew wherever time goes back; of others a small step back shows that their times are of decoding.
    """

    def __init__(self, *, rate: float, reordered: bool, joinable: bool, origin: float | None = None) -> None:
        self._step = 1 / rate
        self._reordered, self._joinable = reordered, joinable
        self._origin = origin
        self._said: float | None = None
        self._last: float | None = None

    def seconds(self, said: float | None) -> float:
        """Return the seconds of the next frame since the origin of the file's clock, or since the first frame."""
        if self._last is None:
            self._last = self._first(said)
        elif said is None:
            self._last += self._step
        else:
            self._last = self._next(said, last=self._last)
        return self._last

    def _first(self, said: float | None) -> float:
        if said is None:
            return 0.0
        self._said = said
        self._origin = said if self._origin is None else self._origin
        return said - self._origin

    def _next(self, said: float, *, last: float) -> float:
        back = 0.0 if self._said is None else (self._said - said) / self._step
        if self._said is None or self._origin is None:
            self._origin = said - last - self._step
        self._said = said
        if back > (JOINT if self._joinable else REORDERED) and not self._reordered:
            self._origin = said - last - max(PAUSE, PAUSE_STEPS * self._step)
        elif back > LEAST_BACK and not self._joinable:
            self._reordered = True
        seconds = said - self._origin
        if self._reordered:
            return max(last + self._step, seconds - REORDERED * self._step)
        return max(last + LEAST_STEP * self._step, seconds)

"""Whether a frame continues the one before: cuts and gaps, told while frames pass by."""

from collections import deque
from statistics import median, median_low

import cv2
import numpy as np

from vection.arrays import GreyImage
from vection.data.measure.pairs.tracks import follow_corners

GAP = 3.0
"""A gap is so many times as long as the usual time between frames, and longer than `LEAST_GAP`."""
LEAST_GAP = 0.25
"""Seconds."""
CUT_CHANGE = 8.0
"""Grey levels of mean change below which there is no cut."""
CUT_JUMP = 1.25
"""A cut changes the picture at least so many times as much as the steps around it."""
FEWEST_CORNERS = 25
CUT_SHARE = 0.1
"""Of the corners; more are found again in any turn that a camera on wheels takes, hardly one behind a cut."""
REMEMBERED = 30
REMEMBERED_TIMES = 10
"""A rate that changed for good is the usual one after half so many frames."""


class Continuity:
    """Remembers the latest steps between the frames that it is shown."""

    def __init__(self) -> None:
        self._times: deque[float] = deque(maxlen=REMEMBERED_TIMES)
        self._changes: deque[float] = deque(maxlen=REMEMBERED)
        self._seconds: float | None = None

    def begins_anew(self, seconds: float, grey: GreyImage, *, since: GreyImage | None) -> bool:
        """Return whether a frame does not continue the last one that was kept; each frame is to be shown once."""
        before, self._seconds = self._seconds, seconds
        if before is None or since is None:
            return False
        step, moved = seconds - before, change(since, grey)
        anew = is_gap(step, usual=median_low(self._times)) if self._times else False
        anew = anew or (moved > jump(list(self._changes)) and is_cut(since, grey))
        self._times.append(step)  # of a gap as well, so that a new rate becomes the usual one
        if not anew:
            self._changes.append(moved)
        return anew


def is_gap(seconds: float, *, usual: float) -> bool:
    """Return whether frames are missing between two that lie `seconds` apart, where others lie `usual` apart."""
    return seconds > max(LEAST_GAP, GAP * usual)


def jump(changes: list[float]) -> float:
    """Return the mean change in grey levels above which a cut is looked for, among steps of these changes."""
    return max(CUT_CHANGE, CUT_JUMP * median(changes) if changes else 0.0)


def is_cut(first: GreyImage, second: GreyImage) -> bool:
    """Return whether hardly any corner of the first frame is found again in the second."""
    # of equal histograms: a jump of exposure is no cut
    tracks = follow_corners(*(np.asarray(cv2.equalizeHist(image), np.uint8) for image in (first, second)))
    return tracks.corners >= FEWEST_CORNERS and tracks.share < CUT_SHARE


def change(first: GreyImage, second: GreyImage) -> float:
    """Return the mean absolute difference of two images in grey levels."""
    return float(np.abs(first.astype(np.int16) - second.astype(np.int16)).mean())

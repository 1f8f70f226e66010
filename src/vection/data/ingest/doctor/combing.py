"""Interlaced frames: two fields of different times in one frame, which comb everything that moves."""

from collections.abc import Iterable, Sequence
from itertools import pairwise

import cv2
import numpy as np

from vection.arrays import RgbImage
from vection.data.ingest.doctor.finding import Finding
from vection.data.ingest.parallax import median_displacement, small_grey

WIDEST = 960
FEWEST_ROWS = 96
"""Smaller images are no television's, and dense flow fails on their fields."""
LEAST_SHIFT = 0.0006
"""Of the width: fields of one moment agree to a fifth of a pixel."""
PART_OF_STEP = 0.25
"""Of the motion to the next frame; two fields lie half of it apart."""


def field_shift(image: RgbImage) -> float:
    """Return the median sideways motion from the even rows to the odd ones, as a fraction of the width.

    0 of images of under 96 rows or columns.
    """
    if min(image.shape[:2]) < FEWEST_ROWS:
        return 0.0
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    width = min(WIDEST, grey.shape[1])
    fields = [cv2.resize(grey[start::2], (width, grey.shape[0] // 2), interpolation=cv2.INTER_AREA) for start in (0, 1)]
    flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST).calc(*fields, None)  # type: ignore[call-overload]
    gradient = np.abs(cv2.Sobel(fields[0], cv2.CV_32F, 1, 0))
    textured = gradient >= max(20.0, float(np.percentile(gradient, 60)))
    return float(np.median(np.abs(flow[..., 0])[textured])) / width if textured.any() else 0.0


def are_combed(pairs: Iterable[Sequence[RgbImage]]) -> bool:
    """Return whether most frames are combed, of pairs of frames that follow each other, spread over a video."""
    shifts: list[float] = []
    moved = [0.0]
    for images in pairs:
        shifts += [field_shift(image) for image in images]
        moved += [median_displacement(*map(small_grey, pair)) for pair in pairwise(images)]
    return bool(check_combing(shifts, moved=float(np.median(moved)), flagged=True))


def check_combing(shifts: list[float], *, moved: float, flagged: bool) -> list[Finding]:
    """Find frames of two fields by `field_shift`; `moved` is the motion between frames, `flagged` the file's word."""
    combed = sum(shift > max(LEAST_SHIFT, PART_OF_STEP * moved) for shift in shifts)
    if combed < max(2, 0.5 * len(shifts)):
        return []
    told = "as the file says" if flagged else "although the file does not say so"
    return [
        Finding(
            "interlaced",
            "handled",
            f"{combed} of {len(shifts)} frames are combed: two fields of different times in one frame, {told}",
            "ingest takes one field of each frame; better deinterlace the video first (ffmpeg -vf bwdif)",
            {"combed": combed, "frames": len(shifts)},
        )
    ]

"""How far the picture moves between frames: chooses the stride and finds frames where the camera stands."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

import cv2
import numpy as np
from jaxtyping import UInt8

from vection.arrays import GreyImage, RgbImage

MEASURING_WIDTH = 320
TARGET_DISPLACEMENT = 0.01
"""Wanted median displacement as a fraction of the width: what KITTI has at 10 Hz."""
STATIC_DISPLACEMENT = 0.001
"""Below this fraction of the width (a third of a pixel where it is measured) the camera counts as standing."""
SLOW_DISPLACEMENT = 0.0015
SLOWEST_FRAMES = 5
"""A camera stands if it takes more than this many frames to move by `STATIC_DISPLACEMENT`."""
WEAK_DISPLACEMENT = 0.004
"""Below this the video will teach little depth; a warning is given."""
LARGEST_STRIDE = 30
FRAMES_TO_KEEP = 25
"""A stride is not chosen so large that fewer frames would be left."""


@dataclass(frozen=True)
class Parallax:
    """Median displacement between consecutive moving frames, as a fraction of the width, and the stride it asks for."""

    displacement: float
    stride: int
    pairs: int
    static_pairs: int


def small_grey(image: RgbImage) -> UInt8[np.ndarray, "small_height small_width"]:
    """Return the grey image, 320 wide, at which motion is measured."""
    height = max(8, round(image.shape[0] * MEASURING_WIDTH / image.shape[1]))
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    return np.asarray(cv2.resize(grey, (MEASURING_WIDTH, height), interpolation=cv2.INTER_AREA), dtype=np.uint8)


def median_displacement(first: GreyImage, second: GreyImage) -> float:
    """Return the median length of the optical flow over textured pixels, as a fraction of the width.

    Moving objects on a minority of the pixels do not change it; a standing camera gives about 0.
    """
    flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST).calc(first, second, None)  # type: ignore[call-overload]
    gradient = np.hypot(cv2.Sobel(first, cv2.CV_32F, 1, 0), cv2.Sobel(first, cv2.CV_32F, 0, 1))
    textured = gradient >= max(20.0, float(np.percentile(gradient, 60)))
    if not textured.any():
        return 0.0
    return float(np.median(np.hypot(flow[..., 0], flow[..., 1])[textured])) / first.shape[1]


def measure_parallax(windows: Iterable[list[RgbImage]], *, frames: int | None) -> Parallax:
    """Measure runs of consecutive images; `frames` is the length of the whole, to bound the stride."""
    pairs: list[float] = []
    slow: list[float] = []
    for window in windows:
        greys = [small_grey(image) for image in window]
        if any(grey.shape != greys[0].shape for grey in greys):
            continue  # images of several sizes are refused with their names when they are read
        pairs += [median_displacement(first, second) for first, second in pairwise(greys)]
        if len(greys) > 1:
            slow.append(median_displacement(greys[0], greys[-1]) / (len(greys) - 1))
    # below a pixel or so, the displacement over a whole window is the surer measure
    measured, least = pairs, STATIC_DISPLACEMENT
    if pairs and median(pairs) < SLOW_DISPLACEMENT:
        measured, least = slow, STATIC_DISPLACEMENT / SLOWEST_FRAMES
    moving = [value for value in measured if value >= least]
    displacement = median(moving or measured) if measured else 0.0
    stride = round(TARGET_DISPLACEMENT / displacement) if moving else 1
    highest = LARGEST_STRIDE if frames is None else min(LARGEST_STRIDE, frames // FRAMES_TO_KEEP)
    stride = max(1, min(stride, highest))
    return Parallax(
        displacement=displacement, stride=stride, pairs=len(measured), static_pairs=len(measured) - len(moving)
    )

"""Scores of what a method says about moving things: its mask, its 3D flow and the depth it gives them."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int64

from vection.arrays import FloatMap, PixelMask
from vection.data.clips.resizing import resize_map

Thresholds = Float[np.ndarray, " threshold"]
Flow = Float[np.ndarray, "height width 3"]
"""Motion of each pixel's point, x, y, z, of either precision."""

TINY = 1e-10
"""Keeps the quotients of the curve finite, as in the public evaluation of Dynamo-Depth."""


def motion_thresholds(count: int = 150) -> Thresholds:
    """Return `count` thresholds from just below 0 to just below 1, evenly spaced (Dynamo-Depth)."""
    step = 1 / (count - 1)
    return np.linspace(-step, 1 - step, count)


@dataclass(frozen=True)
class MotionCurve:
    """Counts of pixels by threshold; those of several images add up."""

    thresholds: Thresholds
    true_positive: Int64[np.ndarray, " threshold"]
    false_positive: Int64[np.ndarray, " threshold"]
    false_negative: Int64[np.ndarray, " threshold"]

    def __add__(self, other: "MotionCurve") -> "MotionCurve":
        return MotionCurve(
            self.thresholds,
            self.true_positive + other.true_positive,
            self.false_positive + other.false_positive,
            self.false_negative + other.false_negative,
        )

    @property
    def moving(self) -> int:
        """True moving pixels; without any, precision, recall and F1 say nothing."""
        return int(self.true_positive[0] + self.false_negative[0])

    @property
    def precision(self) -> Thresholds:
        """Share of the pixels called moving that move; 0 where none is called so."""
        return self.true_positive / (self.true_positive + self.false_positive + TINY)

    @property
    def recall(self) -> Thresholds:
        """Share of the moving pixels that are called so."""
        return self.true_positive / (self.true_positive + self.false_negative + TINY)

    @property
    def f1(self) -> Thresholds:
        """Harmonic mean of precision and recall."""
        precision, recall = self.precision, self.recall
        return 2 * precision * recall / (precision + recall + TINY)

    @property
    def best(self) -> int:
        """Index of the threshold with the best F1."""
        return int(np.argmax(self.f1))


def motion_curve(
    motion_mask: FloatMap,
    *,
    moving: Bool[np.ndarray, "true_height true_width"],
    ignored: Bool[np.ndarray, "true_height true_width"] | None = None,
    thresholds: Thresholds | None = None,
) -> MotionCurve:
    """Count one image's pixels; one is called moving where the mask is above the threshold.

    The mask is resized bilinearly to the truth. Where `ignored`, nothing counts against the prediction.
    """
    thresholds = motion_thresholds() if thresholds is None else thresholds
    mask = resize_map(motion_mask, moving.shape)
    counted = ~moving if ignored is None else ~moving & ~ignored
    hits, false_alarms = _above(mask[moving], thresholds), _above(mask[counted], thresholds)
    return MotionCurve(thresholds, hits, false_alarms, int(moving.sum()) - hits)


@dataclass(frozen=True)
class FalseAlarms:
    """Pixels that do not move but are called moving, by the part of the image; those of several images add up."""

    called: Mapping[str, Int64[np.ndarray, " threshold"]]
    """How many of a part's static pixels are called moving, by threshold (those of the curve)."""
    pixels: Mapping[str, int]
    """Static pixels of each part."""

    def __add__(self, other: "FalseAlarms") -> "FalseAlarms":
        called, pixels = dict(self.called), dict(self.pixels)
        for part, counts in other.called.items():
            called[part] = called[part] + counts if part in called else counts
            pixels[part] = pixels.get(part, 0) + other.pixels[part]
        return FalseAlarms(called, pixels)

    def at(self, threshold: int) -> dict[str, tuple[float, float]]:
        """Return by part its share of all false alarms, and the share of its pixels that are one; most alarms first."""
        counts = {part: int(called[threshold]) for part, called in self.called.items()}
        total = max(sum(counts.values()), 1)
        order = sorted(counts, key=lambda part: -counts[part])
        return {part: (counts[part] / total, counts[part] / max(self.pixels[part], 1)) for part in order}


def false_alarms(
    motion_mask: FloatMap,
    *,
    moving: Bool[np.ndarray, "true_height true_width"],
    ignored: Bool[np.ndarray, "true_height true_width"] | None = None,
    parts: Mapping[str, Bool[np.ndarray, "true_height true_width"]],
    thresholds: Thresholds | None = None,
) -> FalseAlarms:
    """Count one image's false alarms by part, as `motion_curve` counts them; parts without a static pixel are left out.

    >>> mask = np.array([[0.9, 0.9, 0.1, 0.1]], np.float32)
    >>> moving, road = np.array([[True, False, False, False]]), np.array([[False, True, True, False]])
    >>> false_alarms(mask, moving=moving, parts={"road": road}, thresholds=np.array([0.5])).at(0)
    {'road': (1.0, 0.5)}
    """
    thresholds = motion_thresholds() if thresholds is None else thresholds
    mask = resize_map(motion_mask, moving.shape)
    counted = ~moving if ignored is None else ~moving & ~ignored
    static = {part: where & counted for part, where in parts.items()}
    present = {part: where for part, where in static.items() if where.any()}
    called = {part: _above(mask[where], thresholds) for part, where in present.items()}
    return FalseAlarms(called, {part: int(where.sum()) for part, where in present.items()})


@dataclass(frozen=True)
class FlowErrors:
    """End-point errors |predicted - true| of 3D flow, summed over pixels; those of several images add up.

    Each array holds three numbers: all, static and moving pixels.
    """

    total: Float[np.ndarray, "3"]
    """In the unit of the truth."""
    pixels: Int64[np.ndarray, "3"]

    def __add__(self, other: "FlowErrors") -> "FlowErrors":
        return FlowErrors(self.total + other.total, self.pixels + other.pixels)

    @property
    def mean(self) -> tuple[float, float, float]:
        """Mean error of all, static and moving pixels; NaN without such pixels."""
        all_, static, moving = np.divide(self.total, self.pixels, out=np.full(3, np.nan), where=self.pixels > 0)
        return float(all_), float(static), float(moving)


def flow_errors(predicted: Flow, truth: Flow, *, known: PixelMask, moving: PixelMask, scale: float = 1.0) -> FlowErrors:
    """Compare object flow where it is `known`; `scale` multiplies the prediction: that of the frame's depth."""
    error = np.linalg.norm(predicted.astype(np.float64) * scale - truth, axis=2)
    parts = (known, known & ~moving, known & moving)
    return FlowErrors(
        np.array([float(error[part].sum()) for part in parts]),
        np.array([np.count_nonzero(part) for part in parts], np.int64),
    )


RATIO_EDGES = np.geomspace(1 / 100, 100, 4000)
"""Steps of 0.23 %."""


@dataclass(frozen=True)
class RatioCounts:
    """Histogram of predicted / true depth, from which the median over the pixels of many images is found.

    The median is the hole score: a car at the camera's own speed does not move in the image, which is how infinity
    looks; where a method takes the scene as static it digs a hole, and the score on such cars is far above 1.
    """

    counts: Int64[np.ndarray, " bin"]

    def __add__(self, other: "RatioCounts") -> "RatioCounts":
        return RatioCounts(self.counts + other.counts)

    @property
    def median(self) -> float:
        """Exact to 0.12 % between 1/100 and 100, and clipped there."""
        middle = int(np.searchsorted(self.counts.cumsum(), (self.counts.sum() + 1) / 2))
        middle = min(max(middle, 1), len(RATIO_EDGES) - 1)
        return float(np.sqrt(RATIO_EDGES[middle - 1] * RATIO_EDGES[middle]))


def ratio_counts(predicted: Float[np.ndarray, " pixel"], truth: Float[np.ndarray, " pixel"]) -> RatioCounts:
    """Count predicted / true depth of one image's pixels, scaled already."""
    bins = np.searchsorted(RATIO_EDGES, predicted / truth)
    return RatioCounts(np.bincount(bins, minlength=len(RATIO_EDGES) + 1).astype(np.int64))


def _above(values: Float[np.ndarray, " pixel"], thresholds: Thresholds) -> Int64[np.ndarray, " threshold"]:
    """How many values are greater than each threshold."""
    exceeded = np.searchsorted(thresholds, values, side="left")
    histogram = np.bincount(exceeded, minlength=len(thresholds) + 1)
    return histogram[::-1].cumsum()[::-1][1:].astype(np.int64)

"""What knows no image: constant depth and the mean depth of each image row, scored like any prediction."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float, Int

from vection.arrays import DepthMap, FloatMap, Unit
from vection.errors import DataError
from vection.evaluation.predictions.kinds import PredictedMap, PredictionReader
from vection.evaluation.truth.truth_set import GroundTruth, TruthSet
from vection.formats.window import Window

BINS = 256
"""Relative heights that a row profile distinguishes."""


@runtime_checkable
class DepthOfPart(Protocol):
    """Depth with what it is of, as a predictor returns it; `window` is None for a whole image."""

    @property
    def depth(self) -> DepthMap: ...

    @property
    def window(self) -> Window | None: ...


@dataclass(frozen=True)
class RowSums:
    """Sums of inverse depth and numbers of known pixels by relative height, so that sets can be added and removed."""

    total: Float[np.ndarray, " bin"]
    count: Float[np.ndarray, " bin"]

    def __add__(self, other: "RowSums") -> "RowSums":
        return RowSums(self.total + other.total, self.count + other.count)

    def __sub__(self, other: "RowSums") -> "RowSums":
        return RowSums(self.total - other.total, self.count - other.count)

    def depth(self, height: int, width: int) -> FloatMap:
        """Return 1 / (mean inverse depth) of each row; rows without training pixels take the nearest known one."""
        known = np.flatnonzero(self.count > 0.5)
        if not known.size:
            raise DataError("The row-mean baseline needs ground truth of other images or drives; there is none.")
        mean = self.total[known] / self.count[known]
        profile = (1 / np.interp(_bins(height), known, mean)).astype(np.float32)
        return np.repeat(profile[:, None], width, axis=1)


def row_sums(depth: FloatMap) -> RowSums:
    """Sum one image's inverse depth by relative height; 0 is no depth, nor is what is not finite."""
    known = np.isfinite(depth) & (depth > 0)
    inverse = np.divide(1, depth, out=np.zeros(depth.shape), where=known)
    index = _bins(depth.shape[0])
    total = np.bincount(index, weights=inverse.sum(axis=1), minlength=BINS)
    count = np.bincount(index, weights=known.sum(axis=1).astype(np.float64), minlength=BINS)
    return RowSums(total, count)


def row_mean_depth(depths: Iterable[Float[np.ndarray, "_ _"]], *, height: int, width: int) -> FloatMap:
    """Depth of each row as the reciprocal of the mean inverse depth of all known pixels at its relative height."""
    return sum((row_sums(depth) for depth in depths), start=_nothing()).depth(height, width)


def constant_predictions(truths: TruthSet, *, depth: float = 10.0) -> PredictionReader:
    """Predict the same depth everywhere; its value matters only without median scaling."""

    def read(name: str) -> PredictedMap:
        return PredictedMap(np.full(truths.read(name).depth.shape, depth, np.float32))

    return PredictionReader("constant depth", truths.names, read, unit="metres")


def row_mean_predictions(truths: TruthSet, training: Iterable[GroundTruth] | None = None) -> PredictionReader:
    """Predict row-mean depth, fitted on `training`.

    Without `training` it is fitted on `truths` themselves, for each image on those of the other groups (drives) only:
    leave-one-out.
    """
    if training is not None:
        fitted = sum((row_sums(truth.depth) for truth in training), start=_nothing())

        def read(name: str) -> PredictedMap:
            return PredictedMap(fitted.depth(*truths.read(name).depth.shape))

        return PredictionReader("row-mean depth", truths.names, read, unit="metres")
    by_group: dict[str, RowSums] = {}
    for truth in truths:
        by_group[truth.group] = by_group.get(truth.group, _nothing()) + row_sums(truth.depth)
    everything = sum(by_group.values(), start=_nothing())

    def read_left_out(name: str) -> PredictedMap:
        truth = truths.read(name)
        return PredictedMap((everything - by_group[truth.group]).depth(*truth.depth.shape))

    return PredictionReader("row-mean depth of the other drives", truths.names, read_left_out, unit="metres")


def computed_predictions(
    predict: Callable[[Path], Float[np.ndarray, "_ _"] | DepthOfPart],
    truths: TruthSet,
    *,
    description: str,
    unit: Unit = "up-to-scale",
) -> PredictionReader:
    """Predict on the spot: `predict` gets the file of the image that belongs to the truth and returns its depth.

    An array is of the whole image; `Predictor.predict` returns what says of which part it is.
    """

    def read(name: str) -> PredictedMap:
        image = truths.read(name).image
        if image is None:
            raise DataError(f"{truths.description} names no image of '{name}'; predict to a folder and evaluate that.")
        found = predict(image)
        if isinstance(found, np.ndarray):
            return PredictedMap(found)
        return PredictedMap(found.depth, window=found.window)

    return PredictionReader(description, truths.names, read, unit=unit)


def _bins(height: int) -> Int[np.ndarray, " row"]:
    """Bin of each row's centre."""
    return ((np.arange(height) + 0.5) / height * BINS).astype(np.int64)


def _nothing() -> RowSums:
    return RowSums(np.zeros(BINS), np.zeros(BINS))

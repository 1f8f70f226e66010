"""Sparse true depth as a list of points, several of which may fall on one pixel (Dynamo-Depth's data sets)."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import UInt8

from vection.arrays import PointList
from vection.evaluation.depth.evaluate import ComparedPixels, depth_at_size, predicted_depth
from vection.evaluation.depth.protocol import ALL, DepthProtocol
from vection.evaluation.predictions.kinds import PredictedMap

DYNAMO_LABELS = {"static background": 0, "moving objects": 1, "static objects": 2}
"""Labels of Dynamo-Depth's masks; 3 is an object that no box matched, which has no category."""


@dataclass(frozen=True)
class PointTruth:
    """True depth of one image at points."""

    points: PointList
    """Row and column in pixels, not rounded, and depth in metres."""
    size: tuple[int, int]
    """Height and width of the image that the points lie in."""
    labels: UInt8[np.ndarray, "label_height label_width"] | None = None
    """Of at least this size; `categories` names the labels."""
    categories: Mapping[str, int] = field(default_factory=lambda: DYNAMO_LABELS)


def compare_points(predicted: PredictedMap, truth: PointTruth, protocol: DepthProtocol) -> ComparedPixels | None:
    """Return the evaluated points, before scaling; None if there is none.

    The prediction is resized to the image and read at the pixel that holds the point (truncated coordinates); the crop
    is compared with the coordinates as they are.
    """
    row, column, depth = truth.points.astype(np.float64).T
    counts = (depth > protocol.truth_above) & (depth < (protocol.truth_below or np.inf))
    if protocol.crop is not None:
        top, bottom, left, right = protocol.crop.window(*truth.size)
        counts &= (row >= top) & (row < bottom) & (column >= left) & (column < right)
    if not counts.any():
        return None
    if predicted.window is not None:
        top, bottom, left, right = predicted.window.bounds(truth.size)
        counts &= (row >= top) & (row < bottom) & (column >= left) & (column < right)
        if not counts.any():
            return None
    pixel = row[counts].astype(np.int64), column[counts].astype(np.int64)
    if predicted.window is None:
        values = depth_at_size(predicted, truth.size, resize=protocol.resize)
    else:
        values = predicted_depth(predicted, truth.size, protocol)
    values = values[pixel].astype(np.float64)
    categories = {ALL: np.ones(len(values), np.bool_)}
    if truth.labels is not None:
        label = truth.labels[pixel]
        categories |= {name: label == number for name, number in truth.categories.items()}
    return ComparedPixels(depth[counts], values * protocol.factor, categories, protocol.median)

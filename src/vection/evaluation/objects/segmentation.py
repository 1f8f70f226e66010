"""Scores of class maps from one confusion matrix over all images (Cityscapes: 19 classes)."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int64, Shaped, UInt8

from vection.errors import DataError

CLASSES = (
    "road",
    "sidewalk",
    "building",
    "wall",
    "fence",
    "pole",
    "traffic light",
    "traffic sign",
    "vegetation",
    "terrain",
    "sky",
    "person",
    "rider",
    "car",
    "truck",
    "bus",
    "train",
    "motorcycle",
    "bicycle",
)
"""Names of Cityscapes' train ids."""
UNKNOWN = 255
"""The train id of what has none of these classes."""

Confusion = Int64[np.ndarray, "true predicted"]
PerClass = Float[np.ndarray, " class"]


@dataclass(frozen=True)
class SegmentationScores:
    """Scores by class, NaN where undefined, and their means over the classes where they are defined."""

    iou: PerClass
    """Intersection over union; NaN for a class that neither occurs nor is predicted, 0 if it is only predicted."""
    recall: PerClass
    precision: PerClass
    mean_iou: float
    mean_recall: float
    accuracy: float
    """Share of the pixels that have their true class."""
    weighted_iou: float
    """IoU weighted by how often the class occurs."""


def confusion_matrix(
    predicted: UInt8[np.ndarray, "*shape"], truth: UInt8[np.ndarray, "*shape"], *, classes: int = len(CLASSES)
) -> Confusion:
    """Count pixels by true class (row) and predicted class (column); a truth of 255 does not count.

    DataError for other ids beyond the classes. SGDepth's release evaluates with 20 classes: an id that never occurs
    but is predicted once gets IoU 0 and lowers the mean by a twentieth.
    """
    known = truth != UNKNOWN
    rows, columns = truth[known].astype(np.int64), predicted[known].astype(np.int64)
    beyond = max(rows.max(initial=0), columns.max(initial=0))
    if beyond >= classes:
        raise DataError(f"A class map holds the id {beyond}; train ids 0 to {classes - 1} are expected (255: unknown).")
    return np.bincount(rows * classes + columns, minlength=classes**2).reshape(classes, classes).astype(np.int64)


def segmentation_scores(confusion: Confusion) -> SegmentationScores:
    """Score a confusion matrix that was summed over all images."""
    hits = np.diagonal(confusion).astype(np.float64)
    true, predicted = confusion.sum(axis=1), confusion.sum(axis=0)
    iou, recall = _ratio(hits, true + predicted - hits), _ratio(hits, true)
    total = max(float(true.sum()), 1.0)
    return SegmentationScores(
        iou=iou,
        recall=recall,
        precision=_ratio(hits, predicted),
        mean_iou=_mean(iou),
        mean_recall=_mean(recall),
        accuracy=float(hits.sum()) / total,
        weighted_iou=float(np.nansum(true / total * iou)),
    )


def _ratio(part: PerClass, whole: Shaped[np.ndarray, " class"]) -> PerClass:
    return np.divide(part, whole, out=np.full(part.shape, np.nan), where=whole > 0)


def _mean(values: PerClass) -> float:
    defined = values[~np.isnan(values)]
    return float(defined.mean()) if defined.size else float("nan")

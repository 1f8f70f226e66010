"""Protocols of what is not depth: what moves, and which class a pixel has."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Int64

from vection.evaluation.bootstrap import draws, interval
from vection.evaluation.objects.motion import MotionCurve
from vection.evaluation.objects.scores import ObjectScores
from vection.evaluation.objects.segmentation import segmentation_scores

Interval = tuple[float, float]
"""The lower and the upper end."""


@dataclass(frozen=True)
class ObjectProtocol:
    """What is compared, stated in words; the counts of all images are pooled."""

    name: str
    part: Literal["motion_mask", "classes"]
    description: str

    def describe(self) -> str:
        """Return one line that states everything."""
        return f"{self.name}: {self.description}; no crop; counts pooled over all images"


MOTION_SEGMENTATION = ObjectProtocol(
    "motion-segmentation",
    "motion_mask",
    "moving pixels of the truth against the mask, resized bilinearly, at the best of 150 thresholds (Dynamo-Depth);"
    " pixels of which nobody knows whether they move do not count against it",
)

MIOU = ObjectProtocol(
    "miou",
    "classes",
    "Cityscapes' 19 classes, the predicted class of the nearest pixel; unknown pixels do not count; mean over the"
    " classes that occur (SGDepth: 500 Cityscapes validation images at 1024x512, 200 of KITTI 2015 at 640x192)",
)

OBJECT_PROTOCOLS = {protocol.name: protocol for protocol in (MOTION_SEGMENTATION, MIOU)}


def object_intervals(images: Sequence[ObjectScores], *, resamples: int = 200) -> dict[str, Interval]:
    """95 % bootstrap intervals of best F1 and mIoU over images drawn with replacement.

    Neighbouring frames resemble each other, so they are rather too narrow.
    """
    intervals = {}
    curves = [scores.motion for scores in images if scores.motion is not None]
    if curves:
        counts = [np.stack([curve.true_positive, curve.false_positive, curve.false_negative]) for curve in curves]
        pooled = [MotionCurve(curves[0].thresholds, *sums) for sums in _resampled(np.stack(counts), resamples)]
        intervals["motion F1"] = _interval([float(curve.f1[curve.best]) for curve in pooled])
    matrices = [scores.confusion for scores in images if scores.confusion is not None]
    if matrices:
        sums = _resampled(np.stack(matrices), resamples)
        intervals["mIoU"] = _interval([segmentation_scores(confusion).mean_iou for confusion in sums])
    return intervals


def _resampled(
    counts: Int64[np.ndarray, "image row column"], resamples: int
) -> Int64[np.ndarray, "resample row column"]:
    """Sums over images drawn with replacement."""
    return np.tensordot(draws(len(counts), resamples=resamples), counts, axes=1)


def _interval(values: Sequence[float]) -> Interval:
    low, high = interval(np.array(values))
    return float(low), float(high)

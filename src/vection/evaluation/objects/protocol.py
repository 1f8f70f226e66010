"""Protocols of what is not depth: what moves, and which class a pixel has."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from vection.evaluation.objects.motion import MotionCurve
from vection.evaluation.objects.scores import ObjectScores
from vection.evaluation.objects.segmentation import segmentation_scores

Interval = tuple[float, float]


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

OBJECT_PROTOCOLS = {one.name: one for one in (MOTION_SEGMENTATION, MIOU)}


def object_intervals(images: Sequence[ObjectScores], *, resamples: int = 200) -> dict[str, Interval]:
    """95 % bootstrap intervals of best F1 and mIoU, images drawn with replacement, always the same draw (seed 0).

    Neighbouring frames resemble each other, so they are rather too narrow.
    """
    found = {}
    curves = [one.motion for one in images if one.motion is not None]
    if curves:
        counts = [np.stack([one.true_positive, one.false_positive, one.false_negative]) for one in curves]
        drawn = [MotionCurve(curves[0].thresholds, *sums) for sums in _resampled(np.stack(counts), resamples)]
        found["motion F1"] = _percentiles([float(one.f1[one.best]) for one in drawn])
    matrices = [one.confusion for one in images if one.confusion is not None]
    if matrices:
        sums = _resampled(np.stack(matrices), resamples)
        found["mIoU"] = _percentiles([segmentation_scores(one).mean_iou for one in sums])
    return found


def _resampled(counts: np.ndarray, resamples: int) -> np.ndarray:
    """Sums over images (the first axis) drawn with replacement."""
    images = len(counts)
    weights = np.random.default_rng(0).multinomial(images, np.full(images, 1 / images), size=resamples)
    return np.tensordot(weights, counts, axes=1)


def _percentiles(values: Sequence[float]) -> Interval:
    low, high = np.nanpercentile(values, [2.5, 97.5])
    return float(low), float(high)

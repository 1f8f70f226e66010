"""Protocols of what is not depth: what moves, and which class a pixel has."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
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
    compared: Literal["motion_mask", "classes"]
    description: str
    part: str | None = None
    """Of Cityscapes in its own layout: train, val or test."""
    images: int | None = None
    """Images of the published test set, before any is left out; the table says where it is another number."""
    first_frames: bool = True
    """Whether the first frame of a camera counts, for which a network of three images sees no frame before."""

    def describe(self) -> str:
        """Return one line that states everything."""
        first = "" if self.first_frames else "; frames without a frame before them or without a mask are left out"
        published = f"; published with {self.images} images" if self.images else ""
        published += ", of which those are left out as well" if self.images and not self.first_frames else ""
        return f"{self.name}: {self.description}{first}; no crop; counts pooled over all images{published}"


MOTION_SEGMENTATION = ObjectProtocol(
    "motion-segmentation",
    "motion_mask",
    "moving pixels of the truth against the mask, resized bilinearly, at the best of 150 thresholds (Dynamo-Depth);"
    " pixels of which nobody knows whether they move do not count against it",
)

MOTION_SEGMENTATION_WAYMO = replace(
    MOTION_SEGMENTATION, name="motion-segmentation-waymo", images=1881, first_frames=False
)
"""Dynamo-Depth on Waymo: its list of images with masks, `test_mask_files.txt`, less those at the ends of a drive."""

MOTION_SEGMENTATION_NUSCENES = replace(MOTION_SEGMENTATION_WAYMO, name="motion-segmentation-nuscenes", images=6019)
"""Dynamo-Depth on nuScenes: the key frames of the 150 validation scenes, less those at the ends of a scene."""

MOTION_SEGMENTATION_NUSCENES_DAY_CLEAR = replace(
    MOTION_SEGMENTATION_NUSCENES, name="motion-segmentation-nuscenes-day-clear", images=4449
)

MIOU = ObjectProtocol(
    "miou",
    "classes",
    "Cityscapes' 19 classes, the predicted class of the nearest pixel; unknown pixels do not count; mean over the"
    " classes that occur",
)

MIOU_CITYSCAPES = replace(MIOU, name="miou-cityscapes", part="val", images=500)
"""SGDepth's Table 3, mIoU_CS: the fine labels of val; its network sees the whole image at 1024x512."""

MIOU_KITTI_2015 = replace(MIOU, name="miou-kitti-2015", images=200)
"""SGDepth's Table 3, mIoU_K: KITTI's semantics, on the images of KITTI 2015; its network sees 640x192."""

OBJECT_PROTOCOLS = {
    protocol.name: protocol
    for protocol in (
        MOTION_SEGMENTATION,
        MOTION_SEGMENTATION_WAYMO,
        MOTION_SEGMENTATION_NUSCENES,
        MOTION_SEGMENTATION_NUSCENES_DAY_CLEAR,
        MIOU,
        MIOU_CITYSCAPES,
        MIOU_KITTI_2015,
    )
}


def object_intervals(images: Sequence[ObjectScores], *, resamples: int = 200) -> dict[str, Interval]:
    """95 % bootstrap intervals of best F1 and mIoU over images drawn with replacement; of a single image none.

    Neighbouring frames resemble each other, so they are rather too narrow.
    """
    intervals = {}
    curves = [scores.motion for scores in images if scores.motion is not None]
    if len(curves) > 1:
        counts = [np.stack([curve.true_positive, curve.false_positive, curve.false_negative]) for curve in curves]
        pooled = [MotionCurve(curves[0].thresholds, *sums) for sums in _resampled(np.stack(counts), resamples)]
        intervals["motion F1"] = _interval([float(curve.f1[curve.best]) for curve in pooled])
    matrices = [scores.confusion for scores in images if scores.confusion is not None]
    if len(matrices) > 1:
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

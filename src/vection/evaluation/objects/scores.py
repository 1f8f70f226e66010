"""Predicted motion and classes against the truth, over all images that have both."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from vection.arrays import AnyArray, PixelMask
from vection.data.clips.resizing import resize_map, resize_nearest
from vection.evaluation.objects.motion import (
    FalseAlarms,
    FlowErrors,
    MotionCurve,
    false_alarms,
    flow_errors,
    motion_curve,
)
from vection.evaluation.objects.segmentation import CLASSES, Confusion, confusion_matrix, segmentation_scores
from vection.evaluation.predictions.kinds import PredictedObjects, PredictionReader
from vection.evaluation.predictions.window import check_window
from vection.evaluation.truth.truth_set import GroundTruth, TruthSet
from vection.extras import extra
from vection.formats.evaluation_file import FalseAlarmNote, FlowNote, MotionNote, ObjectsNote, SegmentationNote
from vection.progress import Report

if TYPE_CHECKING:
    from rich.table import Table

NOTHING_MOVES = "no true pixel is known to move, so every mask scores 0"
MOST_PARTS = 4
"""Classes with most false alarms, which the table names."""

DEFINITIONS = {
    "motion F1": "moving pixels against the mask at the best of 150 thresholds, counts pooled over all images",
    "false alarms": "of the static pixels called moving at that threshold: the share that lies in a class, most first,"
    " and in brackets the share of the class's own static pixels",
    "flow error": "mean 3D end-point error of object flow to the next frame in the unit of the truth, the prediction"
    " scaled like the depth of its frame; pixels with true depth, pooled over all images",
    "flow error if nothing moved": "the same of a prediction of zero flow",
    "mIoU": "mean intersection over union of the Cityscapes classes that occur, one confusion matrix over all images",
}


@dataclass(frozen=True)
class ObjectScores:
    """Sums over images, None where predictions or truth say nothing."""

    motion_images: int = 0
    motion: MotionCurve | None = None
    false_alarms: FalseAlarms | None = None
    """By class where classes are known, else by category."""
    flow_images: int = 0
    flow: FlowErrors | None = None
    still: FlowErrors | None = None
    """Errors of a prediction of zero flow."""
    class_images: int = 0
    confusion: Confusion | None = None

    def __add__(self, other: "ObjectScores") -> "ObjectScores":
        return ObjectScores(
            self.motion_images + other.motion_images,
            _sum(self.motion, other.motion),
            _sum(self.false_alarms, other.false_alarms),
            self.flow_images + other.flow_images,
            _sum(self.flow, other.flow),
            _sum(self.still, other.still),
            self.class_images + other.class_images,
            _sum(self.confusion, other.confusion),
        )

    @property
    def empty(self) -> bool:
        """Whether there is nothing to say."""
        return self.motion is None and self.flow is None and self.confusion is None

    def to_note(self) -> ObjectsNote:
        """Return what the evaluation file holds of these scores, with their definitions."""
        motion = None
        if self.motion is not None and self.motion.moving:
            motion = _motion_note(self.motion, self.false_alarms, images=self.motion_images)
        confusion = None if self.confusion is None else _segmentation_note(self.confusion, images=self.class_images)
        flow = None
        if self.flow is not None and self.still is not None:
            flow = FlowNote(self.flow_images, error=_by_name(self.flow), error_if_nothing_moved=_by_name(self.still))
        return ObjectsNote(DEFINITIONS, motion=motion, flow=flow, segmentation=confusion)


def evaluate_objects(
    predictions: PredictionReader,
    truths: TruthSet,
    *,
    scales: Mapping[str, float],
    progress: Report | None = None,
) -> ObjectScores | None:
    """Score every image whose motion or classes are predicted and known; None if there is none.

    `scales` multiply the flow of each image: those of its depth (`DepthResult.scales`). Images without a scale have no
    flow error.
    """
    images = score_images(predictions, truths, scales=scales, progress=progress)
    scores = sum(images.values(), ObjectScores())
    return None if scores.empty else scores


def score_images(
    predictions: PredictionReader,
    truths: TruthSet,
    *,
    scales: Mapping[str, float],
    first_frames: bool = True,
    progress: Report | None = None,
) -> dict[str, ObjectScores]:
    """Score each image whose motion or classes are predicted and known; see `evaluate_objects`.

    `first_frames`: also those that have no frame before them.
    """
    images: dict[str, ObjectScores] = {}
    predictions = predictions.within(truths.windows)
    for number, name in enumerate(truths.names):
        predicted = predictions.read_objects(name)
        has_previous = predicted.has_previous and name not in truths.first
        if not predicted.empty and (first_frames or has_previous):
            scores = score_image(predicted, truths.read(name), scale=scales.get(name))
            images |= {} if scores.empty else {name: scores}
        if progress is not None:
            progress(number + 1, len(truths))
    return images


def score_image(predicted: PredictedObjects, truth: GroundTruth, *, scale: float | None) -> ObjectScores:
    """Score what both the prediction and the truth of one image say, where the prediction shows it."""
    scores = ObjectScores()
    truth = truth if predicted.window is None else truth.part(predicted.window)
    if predicted.motion_mask is not None and truth.moving is not None:
        _check_window(predicted.motion_mask, predicted, truth)
        mask, moving, parts = predicted.motion_mask, truth.moving, _parts(truth)
        curve = motion_curve(mask, moving=moving, ignored=truth.ignored)
        alarms = false_alarms(mask, moving=moving, ignored=truth.ignored, parts=parts) if parts else None
        scores += ObjectScores(motion_images=1, motion=curve, false_alarms=alarms)
    if predicted.object_flow is not None and truth.object_flow is not None and scale is not None:
        moving = np.zeros(truth.depth.shape, np.bool_) if truth.moving is None else truth.moving
        flow = resize_map(predicted.object_flow, truth.depth.shape)
        known = truth.depth > 0
        errors = flow_errors(flow, truth.object_flow, known=known, moving=moving, scale=scale)
        still = flow_errors(np.zeros_like(truth.object_flow), truth.object_flow, known=known, moving=moving)
        scores += ObjectScores(flow_images=1, flow=errors, still=still)
    if predicted.classes is not None and truth.classes is not None:
        _check_window(predicted.classes, predicted, truth)
        confusion = confusion_matrix(resize_nearest(predicted.classes, truth.depth.shape), truth.classes)
        scores += ObjectScores(class_images=1, confusion=confusion)
    return scores


def _parts(truth: GroundTruth) -> dict[str, PixelMask]:
    """Pixels of each class that occurs, else of each category."""
    if truth.classes is None:
        return dict(truth.categories)
    names = dict(enumerate(CLASSES))
    return {names.get(int(key), "no class"): truth.classes == key for key in np.unique(truth.classes)}


def _check_window(values: AnyArray, predicted: PredictedObjects, truth: GroundTruth) -> None:
    check_window(
        truth.name,
        size=values.shape,
        intrinsics=predicted.intrinsics,
        true_size=truth.depth.shape,
        true_focal=truth.focal,
    )


def objects_table(scores: ObjectScores, *, intervals: Mapping[str, tuple[float, float]] | None = None) -> "Table":
    """Return a table for the terminal, with the definitions below; `intervals` by the name of the score."""
    with extra("cli", purpose="Printing tables"):
        from rich.table import Table
    table = Table(caption_justify="left")
    for heading in ("motion and classes", "images", "score", *(["95 %"] if intervals else [])):
        table.add_column(heading, justify="left" if heading == "motion and classes" else "right")
    used, missing = [], []
    if scores.motion is not None and not scores.motion.moving:
        table.add_row("motion F1", str(scores.motion_images), "-", *_interval("motion F1", intervals))
        missing.append(f"motion F1: {NOTHING_MOVES}")
    elif scores.motion is not None:
        curve, best = scores.motion, scores.motion.best
        numbers = f"{curve.f1[best]:.3f} (precision {curve.precision[best]:.3f}, recall {curve.recall[best]:.3f})"
        table.add_row("motion F1", str(scores.motion_images), numbers, *_interval("motion F1", intervals))
        used.append("motion F1")
        if scores.false_alarms is not None:
            shares = list(scores.false_alarms.at(best).items())[:MOST_PARTS]
            parts = [f"{part} {100 * of_all:.0f} % ({100 * of_part:.1f} %)" for part, (of_all, of_part) in shares]
            table.add_row("false alarms", str(scores.motion_images), ", ".join(parts))
            used.append("false alarms")
    for name, errors in (("flow error", scores.flow), ("flow error if nothing moved", scores.still)):
        if errors is not None:
            everywhere, static, moving = errors.mean
            numbers = f"{everywhere:.3f} (static {static:.3f}, moving {moving:.3f})"
            table.add_row(name, str(scores.flow_images), numbers)
            used.append(name)
    if scores.confusion is not None:
        mean = f"{segmentation_scores(scores.confusion).mean_iou:.3f}"
        table.add_row("mIoU", str(scores.class_images), mean, *_interval("mIoU", intervals))
        used.append("mIoU")
    table.caption = "\n".join([*missing, *(f"{name}: {DEFINITIONS[name]}" for name in used)])
    return table


def _interval(name: str, intervals: Mapping[str, tuple[float, float]] | None) -> tuple[str, ...]:
    return (f"{intervals[name][0]:.3f}..{intervals[name][1]:.3f}",) if intervals and name in intervals else ()


def _motion_note(curve: MotionCurve, alarms: FalseAlarms | None, *, images: int) -> MotionNote:
    best = curve.best
    shares = {} if alarms is None else alarms.at(best)
    arrays = {"thresholds": curve.thresholds, "precision": curve.precision, "recall": curve.recall, "f1": curve.f1}
    return MotionNote(
        images=images,
        best_f1=float(curve.f1[best]),
        best_threshold=float(curve.thresholds[best]),
        best_precision=float(curve.precision[best]),
        best_recall=float(curve.recall[best]),
        moving_share=_share(curve),
        false_alarms={part: FalseAlarmNote(*numbers) for part, numbers in shares.items()},
        curve={name: values.tolist() for name, values in arrays.items()},
    )


def _segmentation_note(confusion: Confusion, *, images: int) -> SegmentationNote:
    scores = segmentation_scores(confusion)
    return SegmentationNote(
        images=images,
        mean_iou=_defined(scores.mean_iou),
        accuracy=scores.accuracy,
        iou={name: _defined(value) for name, value in zip(CLASSES, scores.iou.tolist(), strict=True)},
    )


def _share(curve: MotionCurve) -> float:
    """Share of the counted pixels that move: precision of calling everything moving."""
    return float(curve.moving / max(int(curve.moving + curve.false_positive[0]), 1))


def _by_name(errors: FlowErrors) -> dict[str, float | None]:
    return dict(zip(("all", "static", "moving"), map(_defined, errors.mean), strict=True))


def _defined(value: float) -> float | None:
    return None if math.isnan(value) else value


def _sum(first: Any, second: Any) -> Any:
    if first is None or second is None:
        return second if first is None else first
    return first + second

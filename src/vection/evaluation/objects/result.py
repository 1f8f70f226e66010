"""The evaluation of masks or classes alone: file, CSV and table with the protocol."""

import csv
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from vection.errors import DataError
from vection.evaluation.objects.protocol import Interval, ObjectProtocol, object_intervals
from vection.evaluation.objects.scores import NOTHING_MOVES, ObjectScores, objects_table, score_images
from vection.evaluation.objects.segmentation import segmentation_scores
from vection.evaluation.predictions.kinds import PredictionReader
from vection.evaluation.truth.pairing import check_pairs
from vection.evaluation.truth.truth_set import TruthSet
from vection.formats.evaluation_file import ObjectEvaluation, ProtocolNote

if TYPE_CHECKING:
    from rich.table import Table


@dataclass(frozen=True)
class ObjectResult:
    """Scores of one set of predictions under one protocol."""

    protocol: ObjectProtocol
    truth: str
    images: dict[str, ObjectScores]
    intervals: dict[str, Interval]
    listed: int = 0
    """Images of the truth, with those that were left out."""

    @property
    def scores(self) -> ObjectScores:
        """Return the counts of all images."""
        return sum(self.images.values(), ObjectScores())

    def to_evaluation(self) -> ObjectEvaluation:
        """Return all numbers as the file of them holds them."""
        return ObjectEvaluation(
            ProtocolNote(self.protocol.name, self.protocol.describe()),
            truth=self.truth,
            images=len(self.images),
            objects=self.scores.to_note(),
            interval=self.intervals,
        )

    def to_csv(self) -> str:
        """Return one line an image: F1 at the threshold that is best for all, or mIoU and accuracy of that image."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        scores = self.scores
        if scores.motion is not None:
            best = scores.motion.best
            writer.writerow(["name", "moving_pixels", "precision", "recall", "f1"])
            for name, image in self.images.items():
                if image.motion is not None:
                    curve = image.motion
                    moving = int(curve.true_positive[best] + curve.false_negative[best])
                    writer.writerow(
                        [name, moving, *(float(part[best]) for part in (curve.precision, curve.recall, curve.f1))]
                    )
        else:
            writer.writerow(["name", "pixels", "mean_iou", "accuracy"])
            for name, image in self.images.items():
                if image.confusion is not None:
                    classes = segmentation_scores(image.confusion)
                    writer.writerow([name, int(np.sum(image.confusion)), classes.mean_iou, classes.accuracy])
        return text.getvalue()

    def table(self) -> "Table":
        """Return a table for the terminal, with the protocol below."""
        table = objects_table(self.scores, intervals=self.intervals)
        lines = [self.protocol.describe(), f"Ground truth read from {self.truth}"]
        published = self.protocol.images
        if not self.protocol.first_frames:
            other = "" if published in (None, self.listed) else f", not of the {published} of the published list"
            lines.append(f"{len(self.images)} of {self.listed} images were evaluated{other}")
        elif published not in (None, len(self.images)):
            lines.append(
                f"{len(self.images)} images were evaluated, not the {published} that published numbers stand for"
            )
        table.caption = "\n".join(lines)
        return table


def evaluate_object_maps(predictions: PredictionReader, truths: TruthSet, protocol: ObjectProtocol) -> ObjectResult:
    """Score the protocol's part of every image that has it in predictions and truth.

    UsageError for images without any prediction, DataError for those of another time, where no image has both, and for
    masks where nothing moves.
    """
    check_pairs(predictions, truths)
    images = {
        name: _part(image, protocol)
        for name, image in score_images(predictions, truths, scales={}, first_frames=protocol.first_frames).items()
    }
    images = {name: image for name, image in images.items() if not image.empty}
    if not images:
        what = "a motion mask" if protocol.compared == "motion_mask" else "classes"
        raise DataError(
            f"No image has both {what} in {predictions.description} and truth to compare with in {truths.description}."
        )
    result = ObjectResult(
        protocol, truths.description, images, object_intervals(list(images.values())), listed=len(truths)
    )
    motion = result.scores.motion
    if motion is not None and not motion.moving:
        raise DataError(
            f"{truths.description} gives no motion F1: {NOTHING_MOVES}; evaluate images in which something moves, with"
            " truth that says so (Dynamo-Depth's layout of Waymo does not, nor does Waymo without lidar_box)."
        )
    return result


def _part(scores: ObjectScores, protocol: ObjectProtocol) -> ObjectScores:
    if protocol.compared == "motion_mask":
        return ObjectScores(motion_images=scores.motion_images, motion=scores.motion, false_alarms=scores.false_alarms)
    return ObjectScores(class_images=scores.class_images, confusion=scores.confusion)

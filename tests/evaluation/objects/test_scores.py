import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from vection.evaluation.depth.evaluate import evaluate_depth
from vection.evaluation.depth.protocols import SYNTHETIC
from vection.evaluation.depth.result import evaluation_of
from vection.evaluation.objects.scores import ObjectScores, evaluate_objects, objects_table, score_image
from vection.evaluation.predictions.kinds import PredictedMap, PredictedObjects, PredictionReader
from vection.evaluation.truth.truth_set import GroundTruth, truths_in_memory
from vection.formats.evaluation_file import read_evaluation, write_evaluation

SIZE = (6, 8)


def truth_of(name: str) -> GroundTruth:
    """A moving box of 2 x 2 pixels at 10 m on a static wall at 20 m."""
    moving = np.zeros(SIZE, bool)
    moving[2:4, 3:5] = True
    depth = np.where(moving, 10, 20).astype(np.float32)
    flow = np.where(moving[:, :, None], np.array([0, 0, 2]), 0).astype(np.float32)
    categories = {"static background": ~moving, "moving objects": moving}
    classes = np.where(moving, 13, 2).astype(np.uint8)
    return GroundTruth(name, depth, categories, moving=moving, object_flow=flow, classes=classes)


def reader(found: dict[str, PredictedObjects], *, hole: float = 1.0, scale: float = 1.0) -> PredictionReader:
    """Perfect depth but for a hole where the box is, all divided by `scale`."""

    def read(name: str) -> PredictedMap:
        truth = truth_of(name)
        assert truth.moving is not None
        return PredictedMap((truth.depth * np.where(truth.moving, hole, 1) / scale).astype(np.float32))

    return PredictionReader("test", tuple(found), read, read_objects=found.__getitem__)


def perfect(*, scale: float = 1.0) -> PredictedObjects:
    truth = truth_of("")
    assert truth.moving is not None
    assert truth.object_flow is not None
    return PredictedObjects(truth.object_flow / scale, truth.moving.astype(np.float32), truth.classes)


def test_hole_score_by_category():
    truths = truths_in_memory([truth_of("a"), truth_of("b")])
    result = evaluate_depth(reader({"a": perfect(), "b": perfect()}, hole=3.0, scale=7.0), truths, SYNTHETIC)
    assert result.depth_ratio["all"] == pytest.approx(1, rel=0.003)
    assert result.depth_ratio["static background"] == pytest.approx(1, rel=0.003)
    assert result.depth_ratio["moving objects"] == pytest.approx(3, rel=0.003)
    assert "static objects" not in result.depth_ratio


def test_holes_are_not_clamped():
    truths = truths_in_memory([truth_of("a")])
    result = evaluate_depth(reader({"a": perfect()}, hole=20.0), truths, SYNTHETIC)
    assert result.depth_ratio["moving objects"] == pytest.approx(20, rel=0.003)


def test_flow_has_the_scale_of_the_depth_of_its_frame():
    truths = truths_in_memory([truth_of("a")])
    predictions = reader({"a": perfect(scale=5.0)}, scale=5.0)
    result = evaluate_depth(predictions, truths, SYNTHETIC)
    scores = evaluate_objects(predictions, truths, scales=result.scales())
    assert scores.flow.mean == pytest.approx((0, 0, 0), abs=1e-5)
    assert scores.still.mean == pytest.approx((2 * 4 / 48, 0, 2))
    assert scores.motion.f1[scores.motion.best] == pytest.approx(1)
    unscaled = evaluate_objects(predictions, truths, scales={"a": 1.0})
    assert unscaled.flow.mean[2] == pytest.approx(2 * 0.8)


def test_images_without_motion_are_left_out():
    truths = truths_in_memory([truth_of("a"), truth_of("b")])
    predictions = reader({"a": perfect(), "b": PredictedObjects()})
    scores = evaluate_objects(predictions, truths, scales={"a": 1.0, "b": 1.0})
    assert (scores.motion_images, scores.flow_images, scores.class_images) == (1, 1, 1)
    nothing = reader({"a": PredictedObjects(), "b": PredictedObjects()})
    assert evaluate_objects(nothing, truths, scales={"a": 1.0, "b": 1.0}) is None


def test_what_the_truth_does_not_know_is_not_scored():
    blind = GroundTruth("a", truth_of("a").depth)
    assert score_image(perfect(), blind, scale=1.0).empty
    assert score_image(perfect(), truth_of("a"), scale=None).flow is None


def test_smaller_predictions_are_resized():
    small = PredictedObjects(
        np.zeros((3, 4, 3), np.float32), np.zeros((3, 4), np.float32), np.full((3, 4), 2, np.uint8)
    )
    scores = score_image(small, truth_of("a"), scale=1.0)
    assert scores.flow.mean == pytest.approx(scores.still.mean)
    assert scores.confusion[2, 2] == 44
    assert scores.confusion[13, 2] == 4


def test_json_reaches_the_report_and_the_table_says_what_is_meant(tmp_path: Path):
    truths = truths_in_memory([truth_of("a")])
    predictions = reader({"a": perfect()})
    result = evaluate_depth(predictions, truths, SYNTHETIC, name="model")
    objects = evaluate_objects(predictions, truths, scales=result.scales())
    path = tmp_path / "evaluation.json"
    write_evaluation(path, evaluation_of([replace(result, objects=objects)]))
    assert "NaN" not in path.read_text()
    read = read_evaluation(path).scores("model")
    assert read.objects.motion.best_f1 == pytest.approx(1)
    assert len(read.objects.motion.curve["precision"]) == 150
    assert read.objects.motion.moving_share == pytest.approx(4 / 48)
    assert read.objects.flow.error_if_nothing_moved["moving"] == pytest.approx(2)
    assert read.objects.segmentation.mean_iou == 1
    assert read.objects.segmentation.iou["train"] is None
    assert read.depth_ratio["moving objects"] == pytest.approx(1, rel=0.003)
    console = Console(width=160, record=True, file=io.StringIO())
    console.print(objects_table(objects))
    text = console.export_text()
    for part in ("motion F1", "1.000", "flow error if nothing moved", "moving 2.000", "150 thresholds", "mIoU"):
        assert part in text


def test_false_alarms_are_told_by_class():
    truth = truth_of("a")
    mask = truth.moving.astype(np.float32)
    mask[0] = 1  # 8 of the 44 pixels of wall
    classes = np.where(truth.moving, 13, 2).astype(np.uint8)
    classes[0, :2] = 10
    said = PredictedObjects(motion_mask=mask)
    scores = score_image(said, replace(truth, classes=classes), scale=None)
    both = scores + scores
    assert both.false_alarms.at(both.motion.best) == {
        "building": (pytest.approx(6 / 8), pytest.approx(6 / 42)),
        "sky": (pytest.approx(2 / 8), pytest.approx(1)),
    }
    by_category = score_image(said, replace(truth, classes=None), scale=None).to_note().motion.false_alarms
    assert {part: note.share_of_class for part, note in by_category.items()} == {"static background": 8 / 44}
    console = Console(width=160, record=True, file=io.StringIO())
    console.print(objects_table(both))
    assert "building 75 % (14.3 %), sky 25 % (100.0 %)" in console.export_text()


def test_unknown_scores_are_none():
    still = np.zeros(SIZE, bool)
    truth = GroundTruth("a", truth_of("a").depth, moving=still, object_flow=np.zeros((*SIZE, 3), np.float32))
    scores = ObjectScores() + score_image(perfect(), truth, scale=1.0)
    assert scores.to_note().flow.error["moving"] is None

import numpy as np
import pytest

from vection.errors import DataError
from vection.evaluation.depth.baselines import (
    computed_predictions,
    constant_predictions,
    row_mean_depth,
    row_mean_predictions,
)
from vection.evaluation.depth.evaluate import evaluate_depth
from vection.evaluation.depth.protocols import KITTI_2015
from vection.evaluation.truth.truth_set import GroundTruth, kitti_2015_truth, truths_in_memory


def ground(name: str, group: str, *, factor: float = 1.0, height: int = 32) -> GroundTruth:
    """A plane: inverse depth grows with the row below the horizon; none above."""
    rows = (np.arange(height, dtype=np.float32) + 0.5) / height
    inverse = np.where(rows > 0.5, rows - 0.5, 0) / factor
    depth = np.divide(1, inverse, out=np.zeros_like(inverse), where=inverse > 0)
    return GroundTruth(name, np.repeat(depth[:, None], 6, axis=1).astype(np.float32), group=group)


def test_row_mean_is_the_mean_of_inverse_depth():
    first, second = np.full((4, 2), 10.0, np.float32), np.full((4, 2), 30.0, np.float32)
    second[0] = 0  # no depth there: the first alone counts
    depth = row_mean_depth([first, second], height=4, width=3)
    np.testing.assert_allclose(depth[:, 0], [10, 15, 15, 15], rtol=1e-6)


def test_rows_without_training_pixels_take_the_nearest_known():
    plane = ground("a", "x").depth
    depth = row_mean_depth([plane], height=32, width=6)
    np.testing.assert_allclose(depth[16:], plane[16:], rtol=1e-5)
    np.testing.assert_allclose(depth[:16], plane[16, 0], rtol=1e-5)


def test_other_image_sizes_use_the_relative_height():
    plane, tall = ground("a", "x", height=32).depth, ground("a", "x", height=96).depth
    depth = row_mean_depth([plane], height=96, width=6)
    np.testing.assert_allclose(depth[60:], tall[60:], rtol=0.1)


def test_leave_one_out_never_sees_the_own_drive():
    truths = truths_in_memory([ground("a", "x"), ground("b", "x", factor=3.0), ground("c", "y", factor=5.0)])
    predictions = row_mean_predictions(truths)
    np.testing.assert_allclose(predictions.read("a").values[16:], ground("", "", factor=5.0).depth[16:], rtol=1e-5)
    alone = truths_in_memory([ground("a", "x"), ground("b", "x")])
    with pytest.raises(DataError, match="other images or drives"):
        row_mean_predictions(alone).read("a")


def test_row_mean_of_given_training_truths():
    truths = truths_in_memory([ground("a", "x")])
    predictions = row_mean_predictions(truths, [ground("t", "x", factor=2.0)])
    np.testing.assert_allclose(predictions.read("a").values[16:], 2 * truths.read("a").depth[16:], rtol=1e-5)


def test_computed_predictions_need_the_image(tmp_path):
    truths = truths_in_memory([GroundTruth("a", np.ones((2, 2), np.float32), image=tmp_path / "a.png")])
    seen = []

    def predict(path):
        seen.append(path)
        return np.ones((2, 2), np.float32)

    assert computed_predictions(predict, truths, description="net").read("a").values.shape == (2, 2)
    assert seen == [tmp_path / "a.png"]
    with pytest.raises(DataError, match="names no image"):
        computed_predictions(predict, truths_in_memory([ground("a", "x")]), description="net").read("a")


def test_real_frames_of_kitti_2015(shared_data):
    root = shared_data / "kitti_2015_dev"
    if not root.is_dir():
        pytest.skip(f"no kitti_2015_dev in {shared_data}")
    truths = kitti_2015_truth(root)
    constant = evaluate_depth(constant_predictions(truths), truths, KITTI_2015)
    rows = evaluate_depth(row_mean_predictions(truths), truths, KITTI_2015)
    assert constant.images == rows.images == 20
    assert constant.categories["all"].mean.abs_rel == pytest.approx(0.452, abs=0.001)
    assert rows.categories["all"].mean.abs_rel == pytest.approx(0.232, abs=0.001)
    assert set(rows.categories) == {"all", "static", "moving"}


def test_infinite_truth_is_unknown():
    depth = np.array([[10, np.inf], [20, 30]], np.float32)
    known = np.where(np.isfinite(depth), depth, 0)
    np.testing.assert_array_equal(
        row_mean_depth([depth], height=2, width=1), row_mean_depth([known], height=2, width=1)
    )

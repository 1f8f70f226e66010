"""A prediction of another window than the truth's is refused, as far as anything tells."""

from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from vection.errors import UsageError
from vection.evaluation.depth.evaluate import evaluate_depth
from vection.evaluation.depth.protocols import CITYSCAPES, CITYSCAPES_TOP, SYNTHETIC
from vection.evaluation.objects.protocol import MOTION_SEGMENTATION
from vection.evaluation.objects.result import evaluate_object_maps
from vection.evaluation.predictions.in_memory import predictions_in_memory
from vection.evaluation.predictions.kinds import PredictedMap, PredictionReader
from vection.evaluation.predictions.read import read_prediction_folder
from vection.evaluation.predictions.window import check_window
from vection.evaluation.truth.truth_set import GroundTruth, truths_in_memory
from vection.formats.window import Window
from vection.inference.prediction import Prediction
from vection.inference.write import write_predictions

WHOLE = (1024, 2048)
MOVING = np.ones((32, 48), np.bool_)
FOCAL = (2262.5, 2265.3)
CAMERAS = {
    "whole": (2262.5 * 640 / 2048, 2265.3 * 192 / 1024, 320.0, 96.0),
    "struct2depth": (2262.5 * 640 / 1664, 2265.3 * 192 / 512, 320.0, 96.0),
    "upper": (2262.5 * 640 / 2048, 2265.3 * 192 / 768, 320.0, 96.0),
}
"""fx, fy, cx, cy of 640x192, squeezed from each window."""
SIZES = {"whole": WHOLE, "struct2depth": (512, 1664), "upper": (768, 2048)}


@pytest.mark.parametrize("shown", CAMERAS)
@pytest.mark.parametrize("true", SIZES)
def test_cameras_tell_windows_of_the_same_sides_apart(shown: str, true: str) -> None:
    known = {"size": (192, 640), "intrinsics": CAMERAS[shown], "true_size": SIZES[true], "true_focal": FOCAL}
    if shown == true:
        check_window("a", **known)
    else:
        with pytest.raises(UsageError, match="`variant=whole`"):
            check_window("a", **known)


def test_sides_alone_tell_what_they_can() -> None:
    check_window("a", size=(192, 640), intrinsics=None, true_size=(375, 1242), true_focal=None)
    check_window("a", size=(192, 640), intrinsics=None, true_size=WHOLE, true_focal=FOCAL, by_sides=False)
    with pytest.raises(UsageError, match="640x192, does not show what the truth, 2048x1024, shows"):
        check_window("a", size=(192, 640), intrinsics=CAMERAS["whole"], true_size=WHOLE, true_focal=None)


def test_depth_of_another_window_of_cityscapes_is_refused() -> None:
    truth = GroundTruth("a", np.full((64, 128), 20, np.float32), focal=(141.4, 141.6))
    truths = truths_in_memory([truth])

    def reader(*size: int) -> PredictionReader:
        return PredictionReader("test", ("a",), lambda _: PredictedMap(np.full(size, 3, np.float32)))

    assert evaluate_depth(reader(16, 52), truths, CITYSCAPES).categories["all"].mean.abs_rel == pytest.approx(0)
    assert evaluate_depth(reader(24, 64), truths, CITYSCAPES_TOP).categories["all"].mean.abs_rel == pytest.approx(0)
    for size, protocol in (((24, 64), CITYSCAPES), ((16, 52), CITYSCAPES_TOP), ((32, 64), CITYSCAPES)):
        with pytest.raises(UsageError, match="does not show what the truth"):
            evaluate_depth(reader(*size), truths, protocol)


def test_a_learned_camera_does_not_tell_which_part_is_seen(tmp_path: Path) -> None:
    """It may be wrong by more than windows differ; the given one of another window is refused still."""
    image, depth = np.zeros((16, 24, 3), np.uint8), np.full((16, 24), 3, np.float32)
    truths = truths_in_memory([GroundTruth("a", np.full((32, 48), 9, np.float32), moving=MOVING, focal=(40.0, 40.0))])
    for learned in (True, False):
        one = Prediction("a", image, depth, "up-to-scale", "none", motion_mask=np.ones_like(depth))
        one = replace(one, intrinsics=(26.0, 26.0, 11.5, 7.5), intrinsics_learned=learned)
        folder = write_predictions([one], tmp_path / str(learned), model="m", video=False)
        predictions = read_prediction_folder(folder)
        with nullcontext() if learned else pytest.raises(UsageError, match="does not show"):
            evaluate_depth(predictions, truths, SYNTHETIC)
        with nullcontext() if learned else pytest.raises(UsageError, match="does not show"):
            evaluate_object_maps(predictions, truths, MOTION_SEGMENTATION)


def test_a_map_of_the_size_of_the_truth_shows_all_of_it() -> None:
    """Baselines do: what lies outside the window is cut, not squeezed into it."""
    depth = np.repeat(np.linspace(5, 60, 64, dtype=np.float32)[:, None], 128, axis=1)
    truths = truths_in_memory([GroundTruth("a", depth)])
    result = evaluate_depth(PredictionReader("test", ("a",), lambda _: PredictedMap(depth / 3)), truths, CITYSCAPES)
    assert result.categories["all"].mean.abs_rel == pytest.approx(0, abs=1e-6)
    assert result.ratio_median == pytest.approx(3)


def test_a_whole_image_is_not_squeezed_into_the_window_of_the_truth() -> None:
    whole = (200 / (np.arange(72)[:, None] + 5) * np.ones((1, 128))).astype(np.float32)
    windows = {"a": Window(128, 72, left=0, top=20, width=128, height=40)}
    truths = replace(truths_in_memory([GroundTruth("a", whole[20:60])]), windows=windows)
    shown = predictions_in_memory({"a": whole[20:60] / 3})
    assert evaluate_depth(shown, truths, SYNTHETIC).categories["all"].mean.abs_rel == pytest.approx(0, abs=1e-6)
    for protocol in (SYNTHETIC, replace(SYNTHETIC, scaling="one-scale")):
        with pytest.raises(UsageError, match="128x72, does not show what the truth, 128x40, shows"):
            evaluate_depth(predictions_in_memory({"a": whole}), truths, protocol)

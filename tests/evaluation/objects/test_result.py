from dataclasses import replace

import cv2
import numpy as np
import pytest

from vection.errors import DataError, UsageError
from vection.evaluation.objects.open import open_object_truth
from vection.evaluation.objects.protocol import MIOU, MIOU_KITTI_2015, MOTION_SEGMENTATION, MOTION_SEGMENTATION_WAYMO
from vection.evaluation.objects.result import evaluate_object_maps
from vection.evaluation.objects.scores import evaluate_objects, objects_table
from vection.evaluation.predictions.read import read_object_folder, read_prediction_folder
from vection.evaluation.truth.truth_set import GroundTruth, truths_in_memory
from vection.formats.evaluation_file import object_evaluation_json
from vection.inference.prediction import Prediction
from vection.inference.write import write_predictions

SIZE = (4, 6)
MOVING = np.zeros(SIZE, np.bool_)
MOVING[:, :2] = True
CLASSES = np.where(MOVING, 13, 0).astype(np.uint8)


def truths(count: int = 3):
    depth = np.ones(SIZE, np.float32)
    return truths_in_memory([GroundTruth(f"{i}", depth, moving=MOVING, classes=CLASSES) for i in range(count)])


def folder(path, maps):
    path.mkdir()
    for index, values in enumerate(maps):
        cv2.imwrite(str(path / f"{index}.png"), values)
    return path


def test_masks_alone(tmp_path):
    right, wrong = MOVING.astype(np.uint8) * 255, np.full(SIZE, 255, np.uint8)
    predictions = read_object_folder(folder(tmp_path / "masks", [right, right, wrong]), part="motion_mask")
    result = evaluate_object_maps(predictions, truths(), MOTION_SEGMENTATION)
    content = object_evaluation_json(result.to_evaluation())
    # 24 of 24 moving pixels are found, 16 of 48 others are called moving in the third image.
    precision = 24 / (24 + 16)
    assert content["objects"]["motion"]["best_f1"] == pytest.approx(2 * precision / (1 + precision))
    low, high = content["interval"]["motion F1"]
    assert low < content["objects"]["motion"]["best_f1"] < high
    assert high == pytest.approx(1)
    heading, *lines = result.to_csv().splitlines()
    assert heading == "name,moving_pixels,precision,recall,f1"
    assert [float(line.split(",")[-1]) for line in lines] == pytest.approx([1, 1, 0.5])
    assert "segmentation" not in content["objects"]
    assert "at the best of 150 thresholds" in result.table().caption


def test_classes_alone(tmp_path):
    half = CLASSES.copy()
    half[:2, :2] = 0
    predictions = read_object_folder(folder(tmp_path / "classes", [CLASSES, half]), part="classes")
    result = evaluate_object_maps(predictions, truths(2), MIOU)
    content = object_evaluation_json(result.to_evaluation())
    car, road = (8 + 4) / 16, 32 / 36
    assert content["objects"]["segmentation"]["mean_iou"] == pytest.approx((car + road) / 2)
    assert content["images"] == 2
    assert [line.split(",")[1] for line in result.to_csv().splitlines()[1:]] == ["24", "24"]
    low, high = content["interval"]["mIoU"]
    assert low <= content["objects"]["segmentation"]["mean_iou"] <= high


def test_first_frames_count_where_the_protocol_says_so(tmp_path):
    """Of two clips with a gap in one: what has no frame before it is left out, and the last has no mask."""
    right, image = MOVING.astype(np.float32), np.zeros((*SIZE, 3), np.uint8)
    for name, known in (("a", (1, 1, 1, 0)), ("b", (1, 0, 1, 0))):
        made = [
            Prediction(f"{index}", image, np.ones(SIZE, np.float32), "up-to-scale", "none", motion_mask=right * mask)
            if mask
            else Prediction(f"{index}", image, np.ones(SIZE, np.float32), "up-to-scale", "none")
            for index, mask in enumerate(known)
        ]
        write_predictions(made, tmp_path / "p" / name, model="m", video=False)
    known = truths_in_memory(
        [GroundTruth(f"{clip}/{i}", np.ones(SIZE, np.float32), moving=MOVING) for clip in "ab" for i in range(4)]
    )
    predictions = read_prediction_folder(tmp_path / "p")
    every = evaluate_object_maps(predictions, known, MOTION_SEGMENTATION)
    assert list(every.images) == ["a/0", "a/1", "a/2", "b/0", "b/2"]
    result = evaluate_object_maps(predictions, known, MOTION_SEGMENTATION_WAYMO)
    assert list(result.images) == ["a/1", "a/2"]
    caption = result.table().caption
    assert "without a frame before them or without a mask are left out" in caption
    assert "2 of 8 images were evaluated, not of the 1881 of the published list" in caption
    # The published list counts what is left out.
    whole = evaluate_object_maps(predictions, known, replace(MOTION_SEGMENTATION_WAYMO, images=8)).table().caption
    assert whole.endswith("2 of 8 images were evaluated")


def test_missing_images_and_maps(tmp_path):
    predictions = read_object_folder(folder(tmp_path / "classes", [CLASSES, CLASSES]), part="classes")
    with pytest.raises(UsageError, match="1 of the 3 images"):
        evaluate_object_maps(predictions, truths(3), MIOU)
    with pytest.raises(
        DataError, match=r"No image has both a motion mask in .* and truth to compare with in in memory"
    ):
        evaluate_object_maps(predictions, truths(2), MOTION_SEGMENTATION)
    with pytest.raises(UsageError, match="no depth of '0'"):
        predictions.read("0")
    with pytest.raises(UsageError, match="8-bit PNG"):
        read_object_folder(tmp_path / "absent", part="classes")


def test_without_a_pixel_that_moves_there_is_no_f1(tmp_path):
    """Every mask would score 0: where nothing moves, and where nobody knows what does."""
    predictions = read_object_folder(folder(tmp_path / "masks", [np.zeros(SIZE, np.uint8)]), part="motion_mask")
    still = truths_in_memory([GroundTruth("0", np.ones(SIZE, np.float32), moving=MOVING & False, ignored=MOVING)])
    with pytest.raises(DataError, match="gives no motion F1: no true pixel is known to move"):
        evaluate_object_maps(predictions, still, MOTION_SEGMENTATION)
    scores = evaluate_objects(predictions, still, scales={})
    assert scores.to_note().motion is None
    table = objects_table(scores)
    assert [list(column.cells) for column in table.columns] == [["motion F1"], ["1"], ["-"]]
    assert table.caption == "motion F1: no true pixel is known to move, so every mask scores 0"


def test_kitti_without_its_classes_names_the_archive(tmp_path):
    (tmp_path / "training/disp_occ_0").mkdir(parents=True)
    with pytest.raises(UsageError, match=r"no classes, training/semantic; unpack data_semantics\.zip"):
        open_object_truth(tmp_path, MIOU_KITTI_2015)


def test_a_single_image_has_no_interval(tmp_path):
    predictions = read_object_folder(folder(tmp_path / "classes", [CLASSES]), part="classes")
    result = evaluate_object_maps(predictions, truths(1), MIOU)
    assert result.intervals == {}
    assert [column.header for column in result.table().columns] == ["motion and classes", "images", "score"]

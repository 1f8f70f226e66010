"""What a prediction folder holds beside depth: motion, classes, scene flow."""

import json
from dataclasses import replace
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from vection.errors import DataError, UsageError
from vection.evaluation.predictions.read import open_predictions
from vection.inference.motion.scene_flow import scene_flow
from vection.inference.prediction import Prediction
from vection.inference.write import write_predictions

SIZE = (32, 48)
CAMERA = (40.0, 40.0, 23.5, 15.5)


def predictions(count: int = 3) -> list[Prediction]:
    """A box that moves to the right, in all frames but the last."""
    moving = np.zeros(SIZE, np.float32)
    moving[10:20, 5:25] = 0.8
    T = np.eye(4)
    T[2, 3] = -1.0
    made = []
    for index in range(count):
        pose = np.eye(4)
        pose[2, 3] = index
        one = Prediction(
            *(f"{index:06d}", np.full((*SIZE, 3), 120, np.uint8), np.full(SIZE, 5, np.float32), "up-to-scale", "none"),
            seconds=0.1 * index,
            intrinsics=CAMERA,
            T_camera_to_world=pose,
            classes=np.full(SIZE, 13, np.uint8),
        )
        if index < count - 1:
            flow = moving[:, :, None] * np.array([2, 0, 0], np.float32)
            one = replace(one, T_to_next=T, object_flow=flow, motion_mask=moving)
        made.append(one)
    return made


def test_motion_and_classes_are_written_and_read_back(tmp_path: Path) -> None:
    made = predictions()
    folder = write_predictions(made, tmp_path / "out", model="m", video=False)
    frames = json.loads((folder / "predictions.json").read_text())["frames"]
    assert frames[0]["object_flow"] == "object_flow/000000.npy"
    assert frames[0]["motion_mask"] == "motion_mask/000000.png"
    assert set(frames[2]) == {"name", "file", "seconds", "intrinsics", "classes"}
    assert not (folder / "scene_flow").exists()
    reader = open_predictions(folder)
    found = reader.read_objects("000001")
    np.testing.assert_array_equal(found.object_flow, made[1].object_flow)
    np.testing.assert_allclose(found.motion_mask, made[1].motion_mask, atol=0.5 / 255)
    np.testing.assert_array_equal(found.classes, 13)
    last = reader.read_objects("000002")
    assert last.object_flow is None
    assert last.motion_mask is None
    np.testing.assert_array_equal(last.classes, 13)


def test_names_of_subfolders_are_told_apart(tmp_path: Path) -> None:
    for name, count in (("a", 2), ("b", 3)):
        write_predictions(predictions(count), tmp_path / "out" / name, model="m", video=False, png=False)
    reader = open_predictions(tmp_path / "out")
    assert reader.read_objects("a/000001").object_flow is None
    assert reader.read_objects("b/000001").object_flow is not None


def test_scene_flow_is_derived(tmp_path: Path) -> None:
    made = predictions()
    folder = write_predictions(made, tmp_path / "out", model="m", video=False, scene_flow=True)
    stored = np.load(folder / "scene_flow" / "000000.npy")
    assert stored.dtype == np.float32
    one = made[0]
    expected = scene_flow(one.depth, intrinsics=CAMERA, T_to_next=one.T_to_next, object_flow=one.object_flow)
    np.testing.assert_array_equal(stored, expected)
    np.testing.assert_allclose(stored[12, 10], [1.6, 0, -1], rtol=1e-5)
    assert not (folder / "scene_flow" / "000002.npy").exists()


def test_scene_flow_that_cannot_be_had(tmp_path: Path) -> None:
    blind = [replace(one, intrinsics=None) for one in predictions()]
    with pytest.raises(UsageError, match="needs the camera, and '000000' has no intrinsics"):
        write_predictions(blind, tmp_path / "out", model="m", scene_flow=True)
    still = [replace(one, T_to_next=None) for one in predictions()]
    with pytest.raises(UsageError, match="knows no motion"):
        write_predictions(still, tmp_path / "out", model="m", scene_flow=True)
    assert not (tmp_path / "out").exists()


def test_the_video_shows_what_moves(tmp_path: Path) -> None:
    folder = write_predictions(predictions(), tmp_path / "out", model="m")
    with av.open(str(folder / "depth.mp4")) as container:
        frames = [frame.to_ndarray(format="rgb24").astype(float) for frame in container.decode(video=0)]
    height, width = frames[0].shape[:2]
    assert (height, width) == (2 * 320, 2 * 480)  # image and depth, below them classes and what moves
    box = [frame[320 + 120 : 320 + 180, 480 + 80 : 480 + 220].mean(axis=(0, 1)) for frame in frames]
    assert box[0][0] > box[0][1] + 50  # red
    assert abs(box[2][0] - box[2][1]) < 10  # the last frame has no mask, but its panel


def test_broken_parts_are_named(tmp_path: Path) -> None:
    folder = write_predictions(predictions(), tmp_path / "out", model="m", video=False)
    reader = open_predictions(folder)
    np.save(folder / "object_flow" / "000000.npy", np.zeros(SIZE, np.float32))
    with pytest.raises(DataError, match="not a 3D flow"):
        reader.read_objects("000000")
    cv2.imwrite(str(folder / "classes" / "000001.png"), np.zeros((*SIZE, 3), np.uint8))
    with pytest.raises(DataError, match="8-bit grey"):
        reader.read_objects("000001")
    (folder / "motion_mask" / "000001.png").unlink()
    with pytest.raises(DataError, match="missing"):
        reader.read_objects("000001")

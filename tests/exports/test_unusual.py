"""Predictions that are right but seldom: of several sizes, of a camera that stands, without depth, with an own car."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.exports.conftest import Drive

from vection.data.clips.folder import read_clip, write_clip
from vection.data.clips.image_file import write_map, write_rgb
from vection.exports.scene import SceneNeeds, open_scene
from vection.exports.settings import ExportSettings
from vection.inference.prediction import Prediction
from vection.inference.write import write_predictions
from vection.runs.export import export


def test_a_given_camera_is_of_the_frame_that_is_exported(tmp_path: Path) -> None:
    images = {"a": np.zeros((64, 96, 3), np.uint8), "b": np.zeros((96, 64, 3), np.uint8)}
    for name, image in images.items():
        write_rgb(tmp_path / "images" / f"{name}.png", image)
    predictions = [
        Prediction(name, image, np.ones(image.shape[:2], np.float32), "up-to-scale", "none")
        for name, image in images.items()
    ]
    folder = write_predictions(
        predictions, tmp_path / "p", model="m", frames_from=str(tmp_path / "images"), png=False, video=False
    )
    scene = open_scene(folder, ExportSettings(only=("b",), intrinsics="fov:90"), SceneNeeds())
    (frame,) = scene
    assert (scene.width, scene.height) == (64, 96)
    np.testing.assert_allclose(frame.camera, (32, 32, 31.5, 47.5))


def test_a_camera_that_stands_has_no_line(drive: Drive, tmp_path: Path) -> None:
    trimesh = pytest.importorskip("trimesh")
    standing = [replace(one, T_camera_to_world=np.eye(4)) for one in drive.predictions()]
    folder = write_predictions(
        standing, tmp_path / "p", model="m", frames_from=str(drive.clip.folder), png=False, video=False
    )
    (written,) = export(folder, tmp_path / "a.glb", to="glb")
    assert set(trimesh.load(written.path).geometry) == {"points"}


@pytest.mark.parametrize("form", ["tum", "kitti"])
def test_a_path_without_depth_is_exported(form: str, drive: Drive, exact: Path, tmp_path: Path) -> None:
    folder = write_predictions(drive.predictions(), tmp_path / "p", model="m", depth=False, png=False, video=False)
    texts = [export(place, tmp_path / f"{place.name}.txt", to=form)[0].path.read_text() for place in (folder, exact)]
    assert texts[0] == texts[1]


def test_the_own_car_is_unknown_and_no_free_space_in_ros(drive: Drive, tmp_path: Path) -> None:
    highlevel = pytest.importorskip("rosbags.highlevel")
    clip = tmp_path / "clip"
    shutil.copytree(drive.clip.folder, clip)
    usable = np.full((64, 160), 255, np.uint8)
    usable[50:] = 0
    write_map(clip / "mask.png", usable)
    write_clip(replace(read_clip(clip), mask="mask.png"))
    folder = write_predictions(
        drive.predictions(), tmp_path / "p", model="m", frames_from=str(clip), png=False, video=False
    )
    (written,) = export(folder, tmp_path / "a", to="mcap")
    with highlevel.AnyReader([written.path]) as reader:
        topics = [one for one in reader.connections if one.topic == "/camera/depth/image_rect"]
        connection, _, data = next(reader.messages(connections=topics))
        depth = np.frombuffer(reader.deserialize(data, connection.msgtype).data, np.float32).reshape(64, 160)
    assert np.isnan(depth[50:]).all()
    assert np.isfinite(depth[:50]).any()

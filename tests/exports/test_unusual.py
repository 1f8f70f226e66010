"""Predictions that are right but seldom: of several sizes, of a camera that stands, without depth, with an own car."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.exports.conftest import Drive

from vection.data.clips.folder import read_clip, read_rgb, write_clip
from vection.data.clips.image_file import write_map, write_rgb
from vection.data.clips.window import seen_pixels
from vection.exports.scene import SceneNeeds, open_scene
from vection.exports.settings import ExportSettings
from vection.formats.window import Lens, Window
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


def test_names_that_differ_by_a_space_are_of_two_images(tmp_path: Path) -> None:
    images = {"a b": np.zeros((32, 48, 3), np.uint8), "a_b": np.full((32, 48, 3), 255, np.uint8)}
    for name, image in images.items():
        write_rgb(tmp_path / "images" / f"{name}.png", image)
    predictions = [
        Prediction(
            *(name, image, np.ones((32, 48), np.float32), "metres", "the truth"),
            intrinsics=(40.0, 40.0, 23.5, 15.5),
            T_camera_to_world=np.eye(4),
        )
        for name, image in images.items()
    ]
    folder = write_predictions(
        predictions, tmp_path / "p", model="m", frames_from=str(tmp_path / "images"), png=False, video=False
    )
    (colmap,) = export(folder, tmp_path / "colmap", to="colmap")
    lines = (colmap.path / "sparse" / "0" / "images.txt").read_text().splitlines()
    names = [line.split()[-1] for line in lines if line.endswith(".jpg")]
    (nerf,) = export(folder, tmp_path / "nerf", to="nerfstudio")
    listed = [Path(one["file_path"]).name for one in json.loads((nerf.path / "transforms.json").read_text())["frames"]]
    assert (names, listed) == (["a_b_.jpg", "a_b.jpg"], ["a b.jpg", "a_b.jpg"])
    for place, files in ((colmap.path, names), (nerf.path, listed)):
        means = [read_rgb(place / "images" / file).mean() for file in files]
        assert means == pytest.approx([0, 255], abs=2)


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


def test_the_border_of_an_undone_lens_is_no_point(drive: Drive, tmp_path: Path) -> None:
    window = Window.of((64, 160), lens=Lens(120.0, 120.0, 79.5, 31.5, -0.3, 0.0, 0.0, 0.0, 0.0, field_of_view=100.0))
    seen = seen_pixels(window)
    assert seen is not None
    assert 0.3 < seen.mean() < 0.9
    first = replace(next(drive.predictions()), depth=np.ones((64, 160), np.float32), classes=None, window=window)
    folder = write_predictions(
        [first], tmp_path / "p", model="m", frames_from=str(drive.clip.folder), png=False, video=False
    )
    (frame,) = open_scene(folder, ExportSettings(), SceneNeeds())
    np.testing.assert_array_equal(frame.visible, seen)
    assert not frame.image[~seen].mean() > 128
    (written,) = export(folder, tmp_path / "pfm", to="pfm")
    pixels = np.frombuffer((written.path / f"{first.name}.pfm").read_bytes()[-4 * 64 * 160 :], "<f4")
    np.testing.assert_array_equal(pixels.reshape(64, 160)[::-1] > 0, seen)


def test_a_camera_of_other_images_beside_the_frames_is_not_asked(drive: Drive, tmp_path: Path) -> None:
    for index, frame in enumerate(drive.clip.frames):
        write_rgb(tmp_path / "images" / f"{frame.stem}.png", drive.clip.read_image(index))
    (tmp_path / "images" / "intrinsics.json").write_text('{"width": 64, "height": 64, "fx": 9, "fy": 9, "cx": 9}')
    folder = write_predictions(
        drive.predictions(), tmp_path / "p", model="m", frames_from=str(tmp_path / "images"), png=False, video=False
    )
    (written,) = export(folder, tmp_path / "a.ply", to="ply")
    assert written.path.is_file()

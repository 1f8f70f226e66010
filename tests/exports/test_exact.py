"""A drive with exact truth is exported, read back by each format's own library, and compared with the truth."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.exports.conftest import CLOSE, Drive

from vection.exports.points import fuse
from vection.exports.scene import SceneNeeds, open_scene
from vection.exports.settings import ExportSettings
from vection.runs.export import export

GRAPHICS = np.diag([1.0, -1.0, -1.0])
LEAST = 2_000
"""Points that a drive has at least."""


def test_ply(drive: Drive, exact: Path, tmp_path: Path) -> None:
    trimesh = pytest.importorskip("trimesh")
    (written,) = export(exact, tmp_path / "a.ply", to="ply")
    cloud = trimesh.load(written.path)
    assert len(cloud.vertices) > LEAST
    assert (drive.error(cloud.vertices) < CLOSE).all()
    header = written.path.read_bytes()[:600].decode("ascii", "replace")
    assert "comment unit: metres" in header
    # colours are those of the pixels: each point's colour occurs in the image of the frame that sees it
    assert cloud.colors.shape[1] == 4
    colours = {tuple(rgb) for index in range(len(drive.clip)) for rgb in drive.clip.read_image(index).reshape(-1, 3)}
    assert all(tuple(rgb[:3]) in colours for rgb in cloud.colors[::50])


def test_glb(drive: Drive, exact: Path, tmp_path: Path) -> None:
    trimesh = pytest.importorskip("trimesh")
    (written,) = export(exact, tmp_path / "a.glb", to="glb")
    world = trimesh.load_scene(written.path)
    assert world.metadata["unit"] == "metres"
    points = world.geometry["points"].vertices @ GRAPHICS
    assert len(points) > LEAST
    assert (drive.error(points) < CLOSE).all()
    path = np.unique(np.round(world.geometry["path"].vertices @ GRAPHICS, 5), axis=0)  # ends of segments, twice
    np.testing.assert_allclose(path, sorted(tuple(pose[:3, 3]) for pose in drive.poses), atol=1e-4)


def test_colours_of_gltf_are_linear(drive: Drive, exact: Path, tmp_path: Path) -> None:
    pytest.importorskip("trimesh")
    (written,) = export(exact, tmp_path / "a.glb", to="glb")
    data = written.path.read_bytes()
    length = int.from_bytes(data[12:16], "little")
    tree, buffer = json.loads(data[20 : 20 + length]), data[28 + length :]
    (mesh,) = (mesh for mesh in tree["meshes"] if mesh["name"] == "points")
    accessor = tree["accessors"][mesh["primitives"][0]["attributes"]["COLOR_0"]]
    assert (accessor["componentType"], accessor["type"], accessor["normalized"]) == (5123, "VEC4", True)
    start = tree["bufferViews"][accessor["bufferView"]]["byteOffset"]
    light = np.frombuffer(buffer, "<u2", offset=start, count=4 * accessor["count"]).reshape(-1, 4) / 65535
    assert (light[:, 3] == 1).all()
    srgb = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)[:, :3]
    expected = fuse(open_scene(exact, ExportSettings(), SceneNeeds())).static.rgb
    np.testing.assert_array_equal(np.round(255 * srgb), expected)


def test_colmap(drive: Drive, exact: Path, tmp_path: Path) -> None:
    """COLMAP's own projection finds the true depth in each image."""
    pycolmap = pytest.importorskip("pycolmap")
    (written,) = export(exact, tmp_path / "a", to="colmap")
    model = pycolmap.Reconstruction(written.path / "sparse" / "0")
    assert (model.num_images(), model.num_cameras()) == (len(drive.clip), 1)
    xyz = np.array([point.xyz for point in model.points3D.values()])
    assert len(xyz) > LEAST
    least = np.full(len(xyz), np.inf)
    for index, number in enumerate(sorted(model.images)):
        image = model.images[number]
        assert image.name == f"{drive.clip.frames[index].stem}.jpg"
        assert cv2.imread(str(written.path / "images" / image.name)).shape == (64, 160, 3)
        in_camera = image.cam_from_world() * xyz
        ahead = np.where(in_camera[:, 2:] > 0.1, in_camera, (0, 0, 1))
        u, v = model.cameras[image.camera_id].img_from_cam(ahead).T - 0.5  # COLMAP counts from the corner
        least = np.minimum(least, drive.error_in_image(index, u, v, in_camera[:, 2]))
    assert (least < CLOSE).all()


def test_nerfstudio(drive: Drive, exact: Path, tmp_path: Path) -> None:
    """Depth lifted as nerfstudio does, with OpenGL's cameras, lies on the true scene."""
    (written,) = export(exact, tmp_path / "a", to="nerfstudio")
    content = json.loads((written.path / "transforms.json").read_text())
    assert (content["w"], content["h"], content["unit"]) == (160, 64, "metres")
    assert (written.path / content["ply_file_path"]).is_file()
    for index, frame in enumerate(content["frames"]):
        assert (written.path / frame["file_path"]).is_file()
        depth = np.load(written.path / frame["depth_file_path"]) * 1e-3
        v, u = np.nonzero(depth)
        z = depth[v, u]
        x, y = (u + 0.5 - frame["cx"]) / frame["fl_x"] * z, (v + 0.5 - frame["cy"]) / frame["fl_y"] * z
        T = np.array(frame["transform_matrix"])
        points = np.stack([x, -y, -z], axis=1) @ T[:3, :3].T + T[:3, 3]
        still = ~drive.moving[index][v, u]
        assert (drive.error(points[still], frames=[index]) < CLOSE).all()
        mask = cv2.imread(str(written.path / frame["mask_path"]), cv2.IMREAD_UNCHANGED)
        expected = drive.moving[index] if index < len(drive.clip) - 1 else np.zeros_like(drive.moving[index])
        np.testing.assert_array_equal(mask == 0, expected)


def test_rrd(drive: Drive, exact: Path, tmp_path: Path) -> None:
    pytest.importorskip("rerun")
    from rerun.chunk import RrdReader

    (written,) = export(exact, tmp_path / "a.rrd", to="rrd")
    entities: dict[str, list] = {}
    for chunk in RrdReader(written.path).stream():
        entities.setdefault(chunk.entity_path, []).append(chunk.to_record_batch())
    (points,) = entities["/world/points"]
    (column,) = [name for name in points.schema.names if name.endswith("positions")]
    xyz = np.array(points[column].to_pylist()[0])
    assert len(xyz) > LEAST
    assert (drive.error(xyz) < CLOSE).all()
    for name in ("image", "depth", "mask"):
        rows = sum(batch.num_rows for batch in entities[f"/world/camera/{name}"])
        assert rows >= len(drive.clip), name
    frames = [batch["frame"].to_pylist() for batch in entities["/world/camera/depth"]]
    assert sorted(number for batch in frames for number in batch) == list(range(len(drive.clip)))
    (about,) = entities["/about"]
    assert "in metres" in str(about.to_pydict())


def test_bag(drive: Drive, exact: Path, tmp_path: Path) -> None:
    highlevel = pytest.importorskip("rosbags.highlevel")
    (written,) = export(exact, tmp_path / "a", to="mcap")
    read: dict[str, list] = {}
    with highlevel.AnyReader([written.path]) as reader:
        for connection, _, data in reader.messages():
            read.setdefault(connection.topic, []).append(reader.deserialize(data, connection.msgtype))
    depths, cameras, places = (read[name] for name in ("/camera/depth/image_rect", "/camera/camera_info", "/tf"))
    assert len(depths) == len(cameras) == len(places) == len(read["/camera/image_rect/compressed"]) == len(drive.clip)
    for index, (message, camera) in enumerate(zip(depths, cameras, strict=True)):
        assert (message.encoding, message.header.frame_id) == ("32FC1", "camera_optical")
        depth = np.frombuffer(message.data, np.float32).reshape(message.height, message.width)
        finite = np.isfinite(depth)
        np.testing.assert_array_equal(depth[finite], drive.depths[index][finite])
        assert not finite[drive.classes[index] == 10].any()
        fx, fy, cx, cy = drive.camera
        np.testing.assert_allclose(camera.k, [fx, 0, cx, 0, fy, cy, 0, 0, 1])
    (cloud,) = read["/points"]
    rows = np.frombuffer(cloud.data, [("xyz", "<f4", 3), ("rgb", "<u4")])
    assert len(rows) == cloud.width > LEAST
    # map has x forward, y left, z up
    x, y, z = rows["xyz"].T
    assert (drive.error(np.stack([-y, -z, x], axis=1)) < CLOSE).all()
    last = places[-1].transforms[0]
    assert (last.header.frame_id, last.child_frame_id) == ("map", "camera_optical")
    moved = drive.poses[-1][:3, 3]
    shift = last.transform.translation
    np.testing.assert_allclose([shift.x, shift.y, shift.z], [moved[2], -moved[0], -moved[1]], atol=1e-9)


def test_depth_outside_the_range_is_infinite_in_ros(drive: Drive, exact: Path, tmp_path: Path) -> None:
    highlevel = pytest.importorskip("rosbags.highlevel")
    (written,) = export(exact, tmp_path / "a", to="mcap", settings=ExportSettings(near=6.0, far=20.0))
    with highlevel.AnyReader([written.path]) as reader:
        topics = [one for one in reader.connections if one.topic == "/camera/depth/image_rect"]
        connection, _, data = next(reader.messages(connections=topics))
        message = reader.deserialize(data, connection.msgtype)
    depth, true = np.frombuffer(message.data, np.float32).reshape(64, 160), drive.depths[0]
    np.testing.assert_array_equal(np.isnan(depth), true == 0)
    np.testing.assert_array_equal(np.isneginf(depth), (true > 0) & (true < 6))
    np.testing.assert_array_equal(np.isposinf(depth), (true > 20) | ((true > 0) & (drive.classes[0] == 10)))


def test_the_bag_can_be_read_by_another_library(exact: Path, drive: Drive, tmp_path: Path) -> None:
    decoder = pytest.importorskip("mcap_ros2.decoder")
    reader = pytest.importorskip("mcap.reader")
    pytest.importorskip("rosbags")
    (written,) = export(exact, tmp_path / "a", to="mcap")
    (file,) = written.path.glob("*.mcap")
    with file.open("rb") as stream:
        opened = reader.make_reader(stream, decoder_factories=[decoder.DecoderFactory()])
        found = [
            (message.log_time, decoded)
            for _, _, message, decoded in opened.iter_decoded_messages(topics=["/camera/camera_info"])
        ]
    assert len(found) == len(drive.clip)
    assert [time for time, _ in found] == [round(1e9 * (1 + frame.seconds)) for frame in drive.clip.frames]
    assert found[0][1].width == 160


@pytest.mark.parametrize("form", ["exr", "pfm"])
def test_maps_of_floats_are_as_predicted(form: str, drive: Drive, exact: Path, tmp_path: Path) -> None:
    (written,) = export(exact, tmp_path / "a", to=form)
    for index, frame in enumerate(drive.clip.frames):
        file = written.path / f"{frame.stem}.{form}"
        if form == "exr":
            openexr = pytest.importorskip("OpenEXR")
            with openexr.File(str(file)) as opened:
                depth = opened.channels()["Z"].pixels
                assert opened.header()["unit"] == "metres"
        else:
            depth = cv2.imread(str(file), cv2.IMREAD_UNCHANGED)
        known = drive.classes[index] != 10
        np.testing.assert_array_equal(depth, np.where(known, drive.depths[index], 0))
    statement = json.loads((written.path / "export.json").read_text())
    assert (statement["format"], statement["unit"]) == (form, "metres")


def test_png_states_its_scale(drive: Drive, exact: Path, tmp_path: Path) -> None:
    (written,) = export(exact, tmp_path / "a", to="png")
    assert "value / 512" in json.loads((written.path / "export.json").read_text())["about"]
    depth = cv2.imread(str(written.path / f"{drive.clip.frames[2].stem}.png"), cv2.IMREAD_UNCHANGED) / 512
    near = (drive.depths[2] > 0) & (drive.depths[2] <= 80) & (drive.classes[2] != 10)
    np.testing.assert_array_equal(depth > 0, near)
    np.testing.assert_allclose(depth[near], drive.depths[2][near], atol=0.5 / 512 + 1e-6)
    (other,) = export(exact, tmp_path / "b", to="png", settings=ExportSettings(scale=100.0, far=20.0))
    assert "value / 100" in other.about
    assert cv2.imread(str(other.path / f"{drive.clip.frames[2].stem}.png"), cv2.IMREAD_UNCHANGED).max() <= 2000


def test_paths(drive: Drive, exact: Path, tmp_path: Path) -> None:
    from vection.formats.camera_path import read_path

    for form in ("tum", "kitti"):
        (written,) = export(exact, tmp_path / f"{form}.txt", to=form)
        np.testing.assert_allclose(read_path(written.path).poses, drive.poses, atol=1e-9)
    assert "metres" in (tmp_path / "tum.txt").read_text().splitlines()[0]

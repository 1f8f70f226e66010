"""A rendered plane comes back as the same plane after crop and resize: intrinsics are those of the written size."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from vection.data.clips.framing import plan_framing
from vection.data.clips.intrinsics import CameraIntrinsics
from vection.data.clips.resizing import resize_map
from vection.data.ingest.clip_writer import IngestSettings
from vection.data.ingest.ingestion import ingest
from vection.exports.points import fuse
from vection.exports.scene import SceneNeeds, open_scene
from vection.exports.settings import ExportSettings
from vection.inference.prediction import Prediction
from vection.inference.write import write_predictions

NORMAL = np.array([0.35, -0.55, -0.75]) / np.linalg.norm([0.35, -0.55, -0.75])
DISTANCE = 7.0
"""The plane: NORMAL . X = -DISTANCE in the camera's coordinates."""
SOURCE = CameraIntrinsics(500, 400, fx=430.0, fy=450.0, cx=231.0, cy=214.0, source="given")


def plane_depth(camera: CameraIntrinsics) -> np.ndarray:
    y, x = np.mgrid[: camera.height, : camera.width]
    rays = np.stack([(x - camera.cx) / camera.fx, (y - camera.cy) / camera.fy, np.ones(x.shape)], axis=-1)
    return -DISTANCE / (rays @ NORMAL)


@pytest.mark.parametrize(("width", "height", "top"), [(192, 96, 0.1), (640, 192, 0.0), (256, 320, 0.15)])
def test_a_plane_stays_the_same_plane(width: int, height: int, top: float, tmp_path: Path) -> None:
    depth = plane_depth(SOURCE)
    frames = tmp_path / "frames"
    frames.mkdir()
    image = np.random.default_rng(0).integers(0, 255, (400, 500, 3), np.uint8)
    for index in range(3):
        cv2.imwrite(str(frames / f"{index}.png"), image)
    given = ",".join(str(value) for value in SOURCE.numbers)
    settings = IngestSettings(
        width=width, height=height, intrinsics=given, crop_top=top, stride=1, drop_static=False, frames_per_second=10.0
    )
    (clip,) = ingest(frames, tmp_path / "clip", settings=settings).clips
    # true depth goes the way of the images; inverse depth is linear on the image of a plane
    left, upper, w, h = plan_framing(SOURCE, width=width, height=height, crop_top=top).box
    kept = resize_map((1 / depth)[upper : upper + h, left : left + w].astype(np.float32), (height, width))
    prediction = Prediction(
        *(clip.frames[0].stem, clip.read_image(0), (1 / kept).astype(np.float32), "metres", "the truth"),
        intrinsics=clip.frames[0].intrinsics,
        T_camera_to_world=np.eye(4),
    )
    folder = write_predictions(
        [prediction], tmp_path / "out", model="truth", frames_from=str(clip.folder), png=False, video=False
    )
    points = fuse(open_scene(folder, ExportSettings(stride=1, voxel=1e-4), SceneNeeds())).static.xyz.astype(np.float64)
    assert len(points) > 0.9 * width * height
    centre = points.mean(axis=0)
    normal = np.linalg.svd(points - centre, full_matrices=False)[2][2]
    normal = normal * np.sign(normal @ NORMAL)
    residual = (points - centre) @ normal
    assert np.sqrt((residual**2).mean()) < 0.001 * DISTANCE
    assert np.degrees(np.arccos(min(1.0, normal @ NORMAL))) < 0.1
    assert abs(-centre @ normal - DISTANCE) < 0.001 * DISTANCE

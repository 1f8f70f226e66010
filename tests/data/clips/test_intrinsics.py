import json
import math

import cv2
import numpy as np
import pytest

from vection.data.clips.framing import plan_framing
from vection.data.clips.given_intrinsics import read_intrinsics, resolve_intrinsics
from vection.data.clips.intrinsics import CameraIntrinsics, assumed_intrinsics, check_intrinsics, from_numbers
from vection.data.clips.undistortion import undistortion
from vection.data.clips.window import cut_to_aspect
from vection.errors import DataError, UsageError

PINHOLE = {"width": 640, "height": 480, "fx": 500.0, "fy": 510.0, "cx": 320.0, "cy": 240.0}
MATRIX = {"width": 640, "height": 480, "K": [[500.0, 0, 320.0], [0, 510.0, 240.0], [0, 0, 1]]}


def camera(**changes) -> CameraIntrinsics:
    return CameraIntrinsics(**{**PINHOLE, "source": "test", **changes})


def test_both_forms_of_file_agree(tmp_path):
    for name, content in (("a", PINHOLE), ("b", MATRIX)):
        (tmp_path / f"{name}.json").write_text(json.dumps(content))
    first, second = read_intrinsics(tmp_path / "a.json"), read_intrinsics(tmp_path / "b.json")
    assert first.numbers == second.numbers == (500.0, 510.0, 320.0, 240.0)
    assert first.source == "given: a.json"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"fx": -500.0}, "positive"),
        ({"cx": 900.0}, "outside the 640x480 image"),
        ({"cy": -5.0}, "outside"),
        ({"fx": 20.0, "fy": 20.0}, "field of view"),
        ({"fx": 90000.0}, "field of view"),
        ({"fx": 0.78, "fy": 1.06, "cx": 0.5, "cy": 0.5}, "all look normalised"),
        ({"fx": 0.78}, "some look normalised"),
        ({"fx": float("nan")}, "not finite"),
        ({"width": 0}, "must be positive"),
        ({"K": [[500.0, 0], [0, 510.0]]}, "2x2"),
        ({"K": np.eye(4).tolist()}, "4x4; a 3x3"),
        ({"K": [[500.0, 0, 320.0], [3.0, 510.0, 240.0], [0, 0, 1]]}, "not \\[\\[fx"),
        ({"K": [[1.0, 2.0], [3.0]]}, "3x3 matrix of numbers"),
        ({"dist_k1k2p1p2k3": [0.1, 0.2]}, "five are expected"),
        ({"fx": "wide"}, "not a number"),
    ],
)
def test_impossible_cameras_are_refused(tmp_path, change, message):
    (tmp_path / "k.json").write_text(json.dumps({**PINHOLE, **change}))
    with pytest.raises(DataError, match=message) as caught:
        read_intrinsics(tmp_path / "k.json")
    assert "k.json" in str(caught.value)


def test_unreadable_files(tmp_path):
    with pytest.raises(UsageError, match="Cannot read"):
        read_intrinsics(tmp_path / "none.json")
    for text, message in (("{", "not valid JSON"), ("[1]", "no JSON object"), ('{"width": 3}', "lacks 'fx'")):
        (tmp_path / "k.json").write_text(text)
        with pytest.raises(DataError, match=message):
            read_intrinsics(tmp_path / "k.json")


def test_words_and_numbers_resolve():
    assert resolve_intrinsics("500,510,320,240", width=640, height=480).numbers == (500, 510, 320, 240)
    assert resolve_intrinsics("0.5,0.6,0.5,0.5", width=640, height=480).numbers == (320, 288, 319.5, 239.5)
    wide = resolve_intrinsics("fov:90", width=640, height=480)
    assert wide.fx == pytest.approx(320)
    assert wide.field_of_view == pytest.approx(90)
    assert resolve_intrinsics(None, width=640, height=480).source.startswith("assumed")
    assert assumed_intrinsics(width=640, height=480).fx == pytest.approx(320 / math.tan(math.radians(30)))
    for text in ("fov:wide", "1,2,x,4"):
        with pytest.raises(UsageError, match="are not a file"):
            resolve_intrinsics(text, width=640, height=480)
    for numbers in ("500,510,320", "1,500,320,240", "fov:170"):
        with pytest.raises(DataError):
            resolve_intrinsics(numbers, width=640, height=480)
    with pytest.raises(DataError, match="four numbers"):
        from_numbers([1.0], width=640, height=480)


def test_other_size_is_scaled_and_other_shape_refused():
    half = resolve_intrinsics(camera(), width=320, height=240)
    assert half.numbers == (250, 255, 159.75, 119.75)
    with pytest.raises(DataError, match="640x480 images"):
        resolve_intrinsics(camera(), width=640, height=360)


def blob(x: float, y: float, *, width: int, height: int) -> np.ndarray:
    columns, rows = np.arange(width), np.arange(height)[:, None]
    return (250 * np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / 200)).astype(np.uint8)


def centre(image: np.ndarray) -> np.ndarray:
    weight = image.astype(float)
    rows, columns = np.mgrid[: image.shape[0], : image.shape[1]]
    return np.array([(weight * columns).sum(), (weight * rows).sum()]) / weight.sum()


@pytest.mark.parametrize("distortion", [None, (-0.2, 0.05, 0.001, -0.001, 0.0)])
@pytest.mark.parametrize("crop", ["keep-aspect", "stretch"])
def test_projected_points_lie_where_the_pixels_are(distortion, crop):
    source = camera(distortion=distortion, cx=330.0)
    framing = plan_framing(source, width=416, height=128, crop=crop, crop_bottom=0.1)
    assert (framing.camera.width, framing.camera.height) == (416, 128)
    for point in ([0.1, 0.02, 1.0], [-0.25, 0.05, 1.0]):
        pixel, _ = cv2.projectPoints(
            np.array([point]), np.zeros(3), np.zeros(3), source.matrix, np.array(distortion or (0.0,) * 5)
        )
        x, y = pixel.reshape(2)
        stored = framing.apply(blob(x, y, width=640, height=480))
        fx, fy, cx, cy = framing.camera.numbers
        np.testing.assert_allclose(centre(stored), [fx * point[0] + cx, fy * point[1] + cy], atol=0.15)


def test_undistortion_leaves_no_black_border_and_square_pixels():
    source = camera(fy=500.0, distortion=(-0.25, 0.02, 0.0, 0.0, 0.0))
    framing = plan_framing(source, width=416, height=320, crop="stretch")
    straight, _ = undistortion(source)
    assert straight.fx == pytest.approx(straight.fy)
    assert straight.distortion is None
    assert framing.apply(np.full((480, 640), 200, np.uint8)).min() >= 199


FISHEYE = (0.05, -0.01, 0.002, -0.0005)


@pytest.mark.parametrize("degrees", [None, 120.0])
def test_fisheye_images_become_those_of_a_pinhole(degrees):
    source = camera(fx=260.0, fy=262.0, fisheye=FISHEYE)
    framing = plan_framing(source, width=416, height=320, crop="stretch", rectified_field_of_view=degrees)
    assert framing.camera.is_pinhole
    for point in ([0.3, 0.2, 1.0], [-0.6, 0.1, 1.0], [0.1, -0.4, 1.0]):
        pixel, _ = cv2.fisheye.projectPoints(
            np.array([[point]]), np.zeros(3), np.zeros(3), source.matrix, np.array(FISHEYE)
        )
        stored = framing.apply(blob(*pixel.reshape(2), width=640, height=480))
        fx, fy, cx, cy = framing.camera.numbers
        np.testing.assert_allclose(centre(stored), [fx * point[0] + cx, fy * point[1] + cy], atol=0.6)


def test_what_a_wide_pinhole_leaves_unseen_is_known():
    source = camera(fy=500.0, fisheye=FISHEYE)
    narrow = plan_framing(source, width=416, height=320, crop="stretch")
    assert narrow.seen is None
    assert narrow.apply(np.full((480, 640), 200, np.uint8)).min() >= 199
    wide = plan_framing(source, width=416, height=320, crop="stretch", rectified_field_of_view=100.0)
    assert wide.camera.field_of_view == pytest.approx(100, abs=0.3)
    assert wide.seen is not None
    assert 0.2 < wide.seen.mean() < 0.95
    assert (
        wide.apply(np.full((480, 640), 200, np.uint8))[wide.seen].min() >= 180
    )  # a tenth of a pixel may miss the border


def test_crop_is_centred_on_the_principal_point_within_the_image():
    assert cut_to_aspect((0, 0, 1024, 512), aspect=3.25, centre=(548.5, 256.5)) == (0, 100, 1024, 315)
    assert cut_to_aspect((0, 0, 1024, 512), aspect=3.25, centre=(548.5, 500.0)) == (0, 197, 1024, 315)
    assert cut_to_aspect((0, 10, 1242, 300), aspect=2.0, centre=(0.0, 0.0)) == (0, 10, 600, 300)
    kept = plan_framing(camera(fy=500.0), width=416, height=128).camera
    assert kept.fx == pytest.approx(kept.fy, rel=0.01)
    with pytest.raises(UsageError, match="too few rows"):
        plan_framing(camera(), width=416, height=128, crop_top=0.5, crop_bottom=0.5)


def test_valid_camera_passes():
    assert check_intrinsics(camera()) == camera()

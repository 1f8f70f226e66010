"""Calibrations of other programs: each says where points of the scene are seen, and so do we."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from vection.data.clips.given_intrinsics import resolve_intrinsics
from vection.data.clips.intrinsics import CameraIntrinsics
from vection.data.clips.undistortion import undistortion
from vection.errors import DataError, UsageError

NUMBERS = (500.0, 510.0, 320.0, 240.0)
MATRIX = np.array([[500.0, 0, 320], [0, 510, 240], [0, 0, 1]])
BENT = (-0.3, 0.1, 0.001, -0.002, -0.01)
FISHEYE = (0.05, -0.01, 0.002, -0.0005)

ROS = """
image_width: 640
image_height: 480
camera_name: front
camera_matrix: {{rows: 3, cols: 3, data: [500.0, 0, 320.0, 0, 510.0, 240.0, 0, 0, 1]}}
distortion_model: {model}
distortion_coefficients: {{rows: 1, cols: {count}, data: {values}}}
rectification_matrix: {{rows: 3, cols: 3, data: [1, 0, 0, 0, 1, 0, 0, 0, 1]}}
projection_matrix: {{rows: 3, cols: 4, data: [480, 0, 320, 0, 0, 480, 240, 0, 0, 0, 1, 0]}}
"""
KALIBR = """
cam0: {camera_model: pinhole, intrinsics: [500, 510, 320, 240], distortion_model: radtan,
       distortion_coeffs: [-0.3, 0.1, 0.001, -0.002], resolution: [640, 480], rostopic: /left}
cam1: {camera_model: pinhole, intrinsics: [500, 510, 320, 240], distortion_model: equidistant,
       distortion_coeffs: [0.05, -0.01, 0.002, -0.0005], resolution: [640, 480], rostopic: /right}
cam2: {camera_model: omni, intrinsics: [1.2, 500, 510, 320, 240], distortion_model: radtan,
       distortion_coeffs: [0, 0, 0, 0], resolution: [640, 480]}
"""
COLMAP = """# Camera list with one line of data per camera:
1 OPENCV 640 480 500 510 320.5 240.5 -0.3 0.1 0.001 -0.002
2 OPENCV_FISHEYE 640 480 500 510 320.5 240.5 0.05 -0.01 0.002 -0.0005
3 SIMPLE_PINHOLE 640 480 500 320.5 240.5
4 FOV 640 480 500 510 320.5 240.5 0.9
"""
KITTI = """calib_time: 09-Jan-2012 13:57:47
S_rect_02: 6.4e+02 4.8e+02
P_rect_02: 5.0e+02 0 3.2e+02 4.4e+01 0 5.1e+02 2.4e+02 2e-01 0 0 1 2e-03
S_rect_03: 6.4e+02 4.8e+02
P_rect_03: 5.5e+02 0 3.2e+02 -3e+02 0 5.5e+02 2.4e+02 2e+00 0 0 1 2e-03
"""


def camera_of(text: str, place: Path, camera: str = "") -> CameraIntrinsics:
    """The camera that a file of this text and name gives images of 640x480."""
    place.write_text(text)
    return resolve_intrinsics(f"{place}{camera}", width=640, height=480)


def test_ros(tmp_path: Path):
    bent = camera_of(ROS.format(model="plumb_bob", count=5, values=list(BENT)), tmp_path / "a.yaml")
    assert (bent.numbers, bent.distortion, bent.source) == (NUMBERS, BENT, "given: ROS's a.yaml")
    fisheye = camera_of(ROS.format(model="equidistant", count=4, values=list(FISHEYE)), tmp_path / "b.yml")
    assert (fisheye.numbers, fisheye.distortion, fisheye.fisheye) == (NUMBERS, None, FISHEYE)
    message = json.dumps({"width": 640, "height": 480, "k": MATRIX.ravel().tolist(), "d": [], "binning_x": 0})
    assert camera_of(message, tmp_path / "c.yaml").is_pinhole


def test_kalibr(tmp_path: Path):
    place = tmp_path / "camchain.yaml"
    assert camera_of(KALIBR, place, "#cam0").distortion == (-0.3, 0.1, 0.001, -0.002, 0.0)
    assert camera_of(KALIBR, place, "#cam1").fisheye == FISHEYE
    with pytest.raises(DataError, match=r"3 cameras; name one of cam0, cam1, cam2 as .*camchain.yaml#CAMERA"):
        camera_of(KALIBR, place)
    with pytest.raises(DataError, match="camera model omni is not read"):
        camera_of(KALIBR, place, "#cam2")


@pytest.mark.parametrize(("name", "kind"), [("a.yml", "opencv"), ("a.xml", "opencv"), ("b.yaml", "fisheye")])
def test_opencv(tmp_path: Path, name: str, kind: str):
    storage = cv2.FileStorage(str(tmp_path / name), cv2.FILE_STORAGE_WRITE)
    storage.write("image_width", 640)
    storage.write("image_height", 480)
    storage.write("avg_reprojection_error", 0.2)
    storage.write("camera_matrix", MATRIX)
    if kind == "fisheye":
        storage.write("fisheye_model", 1)
    storage.write("distortion_coefficients", np.array([BENT if kind == "opencv" else FISHEYE]).T)
    storage.release()
    camera = resolve_intrinsics(tmp_path / name, width=1280, height=960)
    assert camera.numbers == pytest.approx((1000, 1020, 640.5, 480.5))
    assert camera.distortion == (BENT if kind == "opencv" else None)
    assert camera.fisheye == (None if kind == "opencv" else FISHEYE)


def test_colmap(tmp_path: Path):
    place = tmp_path / "cameras.txt"
    for number, model in ((1, "OPENCV"), (2, "OPENCV_FISHEYE"), (3, "SIMPLE_PINHOLE")):
        camera = camera_of(COLMAP, place, f"#{number}")
        pycolmap = pytest.importorskip("pycolmap")
        line = COLMAP.splitlines()[number].split()
        theirs = pycolmap.Camera(model=model, width=640, height=480, params=[float(value) for value in line[4:]])
        straight, maps = undistortion(camera)
        for point in ([0.2, -0.1], [-0.3, 0.25]):
            column, row = np.round([straight.fx * point[0] + straight.cx, straight.fy * point[1] + straight.cy])
            seen = [(column - straight.cx) / straight.fx, (row - straight.cy) / straight.fy, 1.0]
            expected = np.asarray(theirs.img_from_cam(np.array([seen]))).ravel() - 0.5
            found = [one[int(row), int(column)] for one in maps]
            np.testing.assert_allclose(found, expected, atol=1e-3)
    with pytest.raises(DataError, match="camera model FOV is not read"):
        camera_of(COLMAP, place, "#4")


def test_kitti(tmp_path: Path):
    place = tmp_path / "calib_cam_to_cam.txt"
    assert camera_of(KITTI, place).numbers == NUMBERS
    assert camera_of(KITTI, place, "#P_rect_03").fx == 550
    assert camera_of("P2: " + KITTI.splitlines()[2].split(":")[1], tmp_path / "calib.txt").numbers == NUMBERS


@pytest.mark.parametrize(
    ("text", "name", "words"),
    [
        (ROS.format(model="plumb_bob", count=5, values=[0] * 5) + "tangential: 1", "a.yaml", "states tangential"),
        (ROS.format(model="plumb_bob", count=5, values=[0] * 5) + "binning_x: 2", "a.yaml", "binning_x 2"),
        (ROS.format(model="thin_prism", count=5, values=[1] * 5), "a.yaml", "model thin_prism is not read"),
        (ROS.format(model="rational_polynomial", count=8, values=[1] * 8), "a.yaml", "further ones must be 0"),
        (ROS.replace("510.0", "x").format(model="plumb_bob", count=0, values=[]), "a.yaml", "not what is expected"),
        ("image_width: 640", "a.yaml", "lacks"),
        ("a: [", "a.yaml", "is no YAML"),
        ("- 1", "a.yaml", "holds no calibration"),
        ("%YAML:1.0\n---\nimage_width: 640\n", "a.yaml", "lacks camera_matrix"),
        ("%YAML:1.0\n---\n[[[", "a.yaml", "cannot be read|lacks camera_matrix"),
        ("1 PINHOLE 640 480 500\n", "cameras.txt", "4 numbers"),
        ("P2: 1 2 3\n", "calib.txt", "lacks 'P2' with 3x4 numbers"),
        ("hello", "calib.txt", "no calibration that is known"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path: Path, text: str, name: str, words: str):
    with pytest.raises(DataError, match=words):
        camera_of(text, tmp_path / name)


def test_a_missing_file(tmp_path: Path):
    with pytest.raises(UsageError, match="Cannot read"):
        resolve_intrinsics(tmp_path / "none.yaml", width=640, height=480)


def test_a_matrix_that_promises_much_is_not_read(tmp_path: Path):
    text = (
        "%YAML:1.0\n---\ncamera_matrix: !!opencv-matrix\n   rows: 100000\n   cols: 100000\n   dt: d\n   data: [1.0]\n"
    )
    with pytest.raises(DataError, match="lacks camera_matrix"):
        camera_of(text, tmp_path / "camera.yaml")


def test_a_mark_in_the_name_of_a_folder(tmp_path: Path):
    (tmp_path / "#1").mkdir()
    assert camera_of(KALIBR, tmp_path / "#1" / "camchain.yaml", "#cam1").fisheye == FISHEYE


@pytest.mark.parametrize("size", [".inf", ".nan", "640.5", "[1]"])
def test_a_size_that_is_no_number_of_pixels(tmp_path: Path, size: str):
    text = ROS.format(model="plumb_bob", count=5, values=list(BENT)).replace("image_width: 640", f"image_width: {size}")
    with pytest.raises(DataError, match=r"a\.yaml states an image size of .*, which is no whole number of pixels"):
        camera_of(text, tmp_path / "a.yaml")


def test_a_size_of_kitti_that_is_not_finite(tmp_path: Path):
    with pytest.raises(DataError, match="'S_rect_02' holds a number that is not finite"):
        camera_of(KITTI.replace("S_rect_02: 6.4e+02", "S_rect_02: nan"), tmp_path / "calib_cam_to_cam.txt")

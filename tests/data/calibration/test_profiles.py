"""Cameras by name."""

import json
import math
from pathlib import Path

import pytest

from vection.data.calibration.profiles import FOLDER, PROFILES, find_camera
from vection.data.clips.given_intrinsics import resolve_intrinsics
from vection.errors import UsageError

PAGE = (Path(__file__).parents[3] / "docs/cameras.md").read_text(encoding="utf-8")
VERTICAL = {"realsense-d435": 42.0, "azure-kinect": 59.0, "raspberry-pi-1": 41.4, "raspberry-pi-2": 48.8}
"""Degrees that the makers state besides, of the whole image."""


@pytest.mark.parametrize("name", PROFILES)
def test_a_named_camera_is_possible_documented_and_the_same_upright(name: str):
    camera = resolve_intrinsics(f"camera:{name}", width=1600, height=900)
    assert 40 < camera.field_of_view < 100
    assert camera.fx == camera.fy
    assert not camera.source.startswith("assumed")
    upright = resolve_intrinsics(f"camera:{name}", width=900, height=1600)
    assert (upright.fx, upright.cx, upright.cy) == (camera.fx, camera.cy, camera.cx)
    assert f"`{name}`" in PAGE or f"`{name[-2:]}`" in PAGE


@pytest.mark.parametrize("name", VERTICAL)
def test_the_other_angle_fits_too(name: str):
    height = 1200
    width = round(height * PROFILES[name].aspect)
    focal = PROFILES[name].focal_length(width, height)
    assert math.degrees(2 * math.atan(height / 2 / focal)) == pytest.approx(VERTICAL[name], abs=1.0)


def test_a_part_of_the_image_has_the_focal_length_of_the_whole():
    whole = PROFILES["iphone-13"].focal_length(4032, 3024)
    assert PROFILES["iphone-13"].focal_length(4032, 2268) == whole
    assert PROFILES["iphone-13"].focal_length(3024, 3024) == whole
    assert whole == pytest.approx(26 * 5040 / math.hypot(36, 24))


def test_ones_own_come_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    numbers = {"width": 640, "height": 480, "fx": 500.0, "fy": 501.0, "cx": 320.0, "cy": 239.0}
    for name in ("helmet", "iphone-13"):
        (tmp_path / f"{name}.json").write_text(json.dumps(numbers))
    monkeypatch.setenv(FOLDER, str(tmp_path))
    for name in ("helmet", "iphone-13"):
        assert resolve_intrinsics(f"camera:{name}", width=640, height=480).numbers == (500.0, 501.0, 320.0, 239.0)
    assert find_camera("iphone-12") is PROFILES["iphone-12"]
    with pytest.raises(UsageError, match=f"known are helmet, iphone-13, azure-kinect, .* files in {tmp_path}"):
        find_camera("box")


def test_a_name_that_is_nearly_right():
    with pytest.raises(UsageError, match=r"No camera is called 'iPhone 13': did you mean iphone-13\?"):
        resolve_intrinsics("camera:iPhone 13", width=640, height=480)

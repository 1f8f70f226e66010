"""What a clip shows of its source, and the same cut from other images of the source."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from vection.data.clips.folder import read_clip, write_rgb
from vection.data.clips.framing import plan_framing
from vection.data.clips.intrinsics import CameraIntrinsics
from vection.data.clips.window import see, seen_camera, seen_pixels, seen_point
from vection.data.ingest.clip_writer import IngestSettings
from vection.data.ingest.ingestion import ingest
from vection.errors import DataError
from vection.formats.window import Window

CAMERA = CameraIntrinsics(160, 96, 120.0, 118.0, 82.0, 45.0, "given", (-0.25, 0.08, 0.001, -0.002, 0.0))


def noise(height: int = 96, width: int = 160) -> np.ndarray:
    image = np.random.default_rng(0).integers(0, 255, (height, width, 3), np.uint8)
    return np.asarray(cv2.GaussianBlur(image, (0, 0), 2))


@pytest.mark.parametrize("camera", [CAMERA, CameraIntrinsics(160, 96, 120.0, 118.0, 82.0, 45.0, "given")])
def test_a_window_shows_what_the_framing_does(camera: CameraIntrinsics):
    framing = plan_framing(camera, width=160, height=54, crop_top=0.1)
    window = framing.window
    assert window.box == framing.box
    seen = see(window, noise())
    assert seen.shape[:2] == (window.height, window.width)
    np.testing.assert_array_equal(cv2.resize(seen, (160, 54), interpolation=cv2.INTER_AREA), framing.apply(noise()))
    numbers = seen_camera(window, camera)
    assert numbers is not None
    height = window.height
    expected = (framing.camera.fx * window.width / 160, framing.camera.fy * height / 54)
    assert numbers[:2] == pytest.approx(expected)
    with pytest.raises(DataError, match="80x48, but a window of 160x96"):
        see(window, noise(48, 80))


def test_a_window_is_seen_where_its_framing_is():
    wide = plan_framing(CAMERA, width=160, height=96, rectified_field_of_view=90.0)
    seen, expected = seen_pixels(wide.window), wide.seen
    assert seen is not None
    assert expected is not None
    assert seen.mean() < 0.9
    assert (seen != expected).mean() < 0.003
    assert seen_pixels(plan_framing(CAMERA, width=160, height=54).window) is None
    assert seen_pixels(Window.of((96, 160), (0, 20, 160, 50))) is None


def test_a_point_moves_with_the_lens():
    """A bright spot is where `seen_point` says, after the lens was undone and the window cut."""
    window = plan_framing(CAMERA, width=160, height=54).window
    image = np.zeros((96, 160), np.uint8)
    image[60, 30] = 255
    seen = see(window, image).astype(float)
    y, x = np.mgrid[: seen.shape[0], : seen.shape[1]]
    centre = (float((x * seen).sum() / seen.sum()), float((y * seen).sum() / seen.sum()))
    assert seen_point(window, 30.0, 60.0) == pytest.approx(centre, abs=0.3)
    assert seen_point(Window.of((96, 160), (0, 20, 160, 50)), 30.0, 60.0) == (30.0, 40.0)


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    for number in range(3):
        write_rgb(tmp_path / f"in/{number}.png", np.roll(noise(), 2 * number, axis=1))
    settings = IngestSettings(width=192, height=64, intrinsics="fov:70", stride=1, drop_static=False, doctor=False)
    (made,) = ingest(tmp_path / "in", tmp_path / "clip", settings=settings).clips
    assert (made.window, made.crop) == (Window.of((96, 160), (0, 22, 160, 53)), "keep-aspect")
    return made.folder


@pytest.mark.parametrize(
    ("notes", "known", "crop"),
    [
        ({}, True, "keep-aspect"),
        ({"undistorted": True}, False, "keep-aspect"),
        ({"crop_box": [0, 0, 160, 96]}, True, "stretch"),
        ({"crop_box": None}, False, None),
    ],
)
def test_clips_of_older_versions_tell_it_by_their_notes(clip: Path, notes: dict[str, object], known: bool, crop: str):
    content = json.loads((clip / "clip.json").read_text())
    written = read_clip(clip).window
    del content["window"], content["crop"]
    content["ingest"] |= notes
    content["ingest"] = {key: value for key, value in content["ingest"].items() if value is not None}
    (clip / "clip.json").write_text(json.dumps(content))
    old = read_clip(clip)
    assert old.crop == crop
    assert (old.window is not None) == known
    if notes == {}:
        assert old.window == written


def test_a_broken_window_is_named(clip: Path):
    content = json.loads((clip / "clip.json").read_text())
    content["window"]["left"] = 100
    (clip / "clip.json").write_text(json.dumps(content))
    with pytest.raises(DataError, match=r"not valid at 'window': .*does not lie in the image"):
        read_clip(clip)

import cv2
import numpy as np
import pytest
from tests.data.measure.conftest import MeasuredDrive

from vection.data.measure.pairs.measure import measure_pair
from vection.data.measure.views import View, read_view, with_even_light


def view(drive: MeasuredDrive, index: int) -> View:
    frame = drive.clip.frames[index]
    return read_view(drive.clip.folder / frame.file, frame.intrinsics)


def turned(view: View, *, degrees: float) -> View:
    """What a camera sees that only turned to the right."""
    R = cv2.Rodrigues(np.array([0.0, np.radians(degrees), 0.0]))[0]
    homography = view.K @ R.T @ np.linalg.inv(view.K)
    height, width = view.size
    return View(cv2.warpPerspective(view.image, homography, (width, height)), view.camera)


def with_noise(view: View, seed: int) -> View:
    noise = np.random.default_rng(seed).normal(0, 2, view.image.shape)
    return View(np.clip(view.image + noise, 0, 255).astype(np.uint8), view.camera)


def test_a_standing_camera_is_named(straight):
    first = view(straight, 0)
    pair = measure_pair(with_noise(first, 1), with_noise(first, 2), numbers=(4, 5))
    assert (pair.first, pair.second, pair.reason) == (4, 5, "standing")
    assert pair.R_first_to_second == pytest.approx(np.eye(3), abs=2e-3)
    assert pair.direction is None


def test_a_turn_on_the_spot_is_named(straight):
    first = view(straight, 0)
    pair = measure_pair(first, turned(first, degrees=2.0), numbers=(0, 1))
    assert pair.reason == "rotation"
    angle = np.degrees(cv2.Rodrigues(pair.R_first_to_second)[0].ravel())
    assert angle == pytest.approx([0, -2, 0], abs=0.05)


def test_a_cut_is_named(straight, turn):
    pair = measure_pair(view(straight, 3), view(turn, 3), numbers=(0, 1))
    assert pair.reason == "cut"
    assert pair.rotation is None


def test_a_blurred_frame_is_named(straight):
    second = view(straight, 1)
    blurred = View(cv2.GaussianBlur(second.image, (0, 0), 12), second.camera)
    assert measure_pair(view(straight, 0), blurred, numbers=(0, 1)).reason == "blur"


def test_a_dull_image_has_too_few_tracks(straight):
    camera = view(straight, 0).camera
    dull = View(np.full((128, 416), 90, np.uint8), camera)
    assert measure_pair(dull, dull, numbers=(0, 1)).reason == "few-inliers"


def test_it_is_the_same_on_every_call(straight):
    views = view(straight, 0), view(straight, 1)
    assert measure_pair(*views, numbers=(0, 1)) == measure_pair(*views, numbers=(0, 1))


def test_masked_corners_are_not_followed(straight):
    usable = np.ones((128, 416), bool)
    usable[:, 208:] = False
    views = view(straight, 0), view(straight, 1)
    whole = measure_pair(*views, numbers=(0, 1))
    assert 0 < measure_pair(*views, numbers=(0, 1), usable=usable).tracks < 0.8 * whole.tracks


def test_even_light_hides_a_lamp(straight):
    first = view(straight, 0)
    lamp = np.linspace(0.5, 1.0, 416)[None]
    dimmed = View((first.image * lamp).astype(np.uint8), first.camera)
    difference = with_even_light(first).image.astype(float) - with_even_light(dimmed).image
    assert np.median(np.abs(difference)) < 4

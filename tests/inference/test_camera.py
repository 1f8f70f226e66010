import pytest
import torch

from vection.data.clips.resizing import resize_camera
from vection.inference.camera import learned_camera
from vection.networks.cameras import Cameras

SIZE = (64, 128)


def learned(*given: tuple[float, ...]) -> Cameras:
    """Cameras whose focal lengths were corrected, each by another factor."""
    cameras = Cameras("per-camera", channels=4)
    assert cameras.learned is not None
    for number, numbers in enumerate(given):
        cameras.learned.given[number] = torch.tensor(numbers)
        with torch.no_grad():
            cameras.learned.corrections[number, 0] = 0.01 * (number + 1)
    return cameras


@pytest.mark.parametrize("source", ["given", "per-pair"])
def test_no_learned_camera(source):
    assert learned_camera(Cameras(source, channels=4), SIZE, given=None) is None
    assert learned_camera(None, SIZE, given=None) is None


def test_the_only_learned_camera_serves_every_frame():
    cameras = learned((100.0, 90.0, 64.0, 32.0))
    fx, fy, cx, cy = learned_camera(cameras, SIZE, given=None)
    assert fx > 101
    assert (fy, cx, cy) == pytest.approx((0.9 * fx, 64, 32))  # the ratio of the focal lengths stays
    assert learned_camera(cameras, SIZE, given=(300.0, 300.0, 60.0, 30.0)) == (fx, fy, cx, cy)


def test_of_several_cameras_the_one_with_these_given_intrinsics():
    cameras = learned((100.0, 100.0, 64.0, 32.0), (150.0, 150.0, 64.0, 32.0))
    assert learned_camera(cameras, SIZE, given=None) is None
    assert learned_camera(cameras, SIZE, given=(120.0, 120.0, 64.0, 32.0)) is None
    found = [learned_camera(cameras, SIZE, given=(f, f, 64.0, 32.0))[0] for f in (100.5, 149.5)]
    assert found[1] / 150 > found[0] / 100 > 1


def test_resized_cameras_keep_the_pixels_corners():
    assert resize_camera((10.0, 20.0, 7.5, 3.5), from_size=(8, 16), to_size=(16, 32)) == pytest.approx(
        (20, 40, 15.5, 7.5)
    )


def test_a_named_camera_is_found_by_its_name_alone():
    guess = (100.0, 100.0, 64.0, 32.0)
    cameras, names = learned(guess, guess), ("street", "coast")
    found = [learned_camera(cameras, SIZE, given=guess, name=name, names=names) for name in names]
    assert found[1][0] > found[0][0] > 100
    assert learned_camera(cameras, SIZE, given=guess, name="harbour", names=names) is None
    assert learned_camera(learned(guess), SIZE, given=guess, name="harbour", names=("street",)) is None
    assert learned_camera(cameras, SIZE, given=guess) is None  # whose it is is not known

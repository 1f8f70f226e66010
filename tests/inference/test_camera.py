import pytest
import torch

from vection.data.clips.resizing import resize_camera
from vection.inference.camera import learned_camera
from vection.networks.cameras import Cameras

SIZE = (64, 128)


class Camera(torch.nn.Module):
    """As much of a method as the predictor asks about cameras."""

    def __init__(self, source: str, given: list[tuple[float, ...]] = ()) -> None:
        super().__init__()
        self.cameras = Cameras(source, channels=4)
        for number, numbers in enumerate(given):
            self.cameras.learned.given[number] = torch.tensor(numbers)
            with torch.no_grad():
                self.cameras.learned.corrections[number, 0] = 0.01 * (number + 1)


@pytest.mark.parametrize("source", ["given", "per-pair"])
def test_no_learned_camera(source):
    assert learned_camera(Camera(source), SIZE, given=None) is None
    assert learned_camera(torch.nn.Linear(1, 1), SIZE, given=None) is None


def test_the_only_learned_camera_serves_every_frame():
    method = Camera("per-camera", [(100.0, 90.0, 64.0, 32.0)])
    fx, fy, cx, cy = learned_camera(method, SIZE, given=None)
    assert fx > 101
    assert (fy, cx, cy) == pytest.approx((0.9 * fx, 64, 32))  # the ratio of the focal lengths stays
    assert learned_camera(method, SIZE, given=(300.0, 300.0, 60.0, 30.0)) == (fx, fy, cx, cy)


def test_of_several_cameras_the_one_with_these_given_intrinsics():
    method = Camera("per-camera", [(100.0, 100.0, 64.0, 32.0), (150.0, 150.0, 64.0, 32.0)])
    assert learned_camera(method, SIZE, given=None) is None
    assert learned_camera(method, SIZE, given=(120.0, 120.0, 64.0, 32.0)) is None
    found = [learned_camera(method, SIZE, given=(f, f, 64.0, 32.0))[0] for f in (100.5, 149.5)]
    assert found[1] / 150 > found[0] / 100 > 1


def test_resized_cameras_keep_the_pixels_corners():
    assert resize_camera((10.0, 20.0, 7.5, 3.5), from_size=(8, 16), to_size=(16, 32)) == pytest.approx(
        (20, 40, 15.5, 7.5)
    )

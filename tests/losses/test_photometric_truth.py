"""On a made-up street whose depth and motion are known, the photometric error must be least at the truth."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from vection.data.synthetic import render_drive, still_street
from vection.geometry.rigid import transform_from_axis_angle
from vection.geometry.views import Views
from vection.losses.photometric import Target, mean_over, minimum_reprojection, photometric_error

Error = Callable[[Tensor, Tensor], float]


@pytest.fixture(scope="module")
def scene() -> tuple[Tensor, Tensor, Error]:
    """True depth, true transforms, and the mean error of a depth and transforms."""
    past, now, future = render_drive(still_street(width=192, height=64, frames=3), seed=5)
    images = [torch.from_numpy(frame.image).permute(2, 0, 1)[None] / 255 for frame in (past, now, future)]
    K = torch.from_numpy(now.intrinsics).float()[None]
    views = Views(images[1], torch.stack([images[0], images[2]], dim=1), K, torch.stack([K, K], dim=1))
    seen = np.isfinite(now.depth)
    depth = torch.from_numpy(np.where(seen, now.depth, 1e4)).float()[None, None]
    usable = torch.from_numpy(seen)[None, None]
    transforms = torch.stack(
        [
            torch.from_numpy(np.linalg.inv(source.T_camera_to_world) @ now.T_camera_to_world).float()
            for source in (past, future)
        ]
    )[None]
    target = Target.of(views.target)

    def error(depth: Tensor, transforms: Tensor) -> float:
        warped = views.synthesise(depth, transforms)
        return float(mean_over(minimum_reprojection(photometric_error(warped, target)).error, usable))

    return depth, transforms, error


def test_true_depth_and_motion_explain_the_target(scene: tuple[Tensor, Tensor, Error]):
    depth, transforms, error = scene
    still = torch.eye(4).expand(1, 2, 4, 4)
    assert error(depth, transforms) < 0.5 * error(depth, still)


@pytest.mark.parametrize("factor", [0.8, 0.9, 1.1, 1.25])
def test_the_error_is_least_at_the_true_depth(scene: tuple[Tensor, Tensor, Error], factor: float):
    depth, transforms, error = scene
    assert error(factor * depth, transforms) > 1.02 * error(depth, transforms)


@pytest.mark.parametrize("axis", range(6), ids=["pitch", "yaw", "roll", "right", "down", "forward"])
@pytest.mark.parametrize("sign", [-1, 1])
def test_the_error_is_least_at_the_true_motion(scene: tuple[Tensor, Tensor, Error], axis: int, sign: int):
    depth, transforms, error = scene
    change = torch.zeros(1, 6)
    change[0, axis] = sign * (0.01 if axis < 3 else 0.15)  # radians, metres
    perturbed = transform_from_axis_angle(change[:, :3], change[:, 3:]) @ transforms[0]
    assert error(depth, perturbed[None]) > 1.02 * error(depth, transforms)


def test_depth_and_motion_share_one_scale(scene: tuple[Tensor, Tensor, Error]):
    depth, transforms, error = scene
    scaled = transforms.clone()
    scaled[..., :3, 3] *= 3
    assert error(3 * depth, scaled) == pytest.approx(error(depth, transforms), rel=1e-3)

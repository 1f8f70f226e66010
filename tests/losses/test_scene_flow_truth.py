"""On a made-up street with moving cars: what complete flow, mask and ground plane say of the truth."""

from dataclasses import dataclass

import numpy as np
import pytest
import torch
from torch import Tensor

from vection.data.synthetic import render_drive, street
from vection.geometry.camera import backproject
from vection.geometry.flow import FlowOrder, ego_flow, explain
from vection.geometry.plane import find_ground
from vection.geometry.rigid import transform_points
from vection.geometry.views import Views
from vection.losses.ground import ground_loss
from vection.losses.photometric import Target, mean_over, photometric_error
from vection.losses.scene_flow import flow_discrepancy, motion_consistency_loss, static_pixels

LIMITS = (0.5, 200.0)


@dataclass(frozen=True)
class Scene:
    """One target, its next frame, and the truth."""

    views: Views
    depth: Tensor
    T: Tensor
    complete: Tensor
    """F_C: from a point to where the next camera has it."""
    moving: Tensor

    def error(self, *, moving: Tensor, complete: Tensor | None = None, order: FlowOrder = "ego-first") -> float:
        """Photometric error of the moving pixels alone."""
        flow = self.complete if complete is None else complete
        warped = explain(self.views, self.depth, self.T[:, None], complete=flow, moving=moving, order=order).warped
        return float(mean_over(photometric_error(warped, Target.of(self.views.target)), self.moving > 0))


@pytest.fixture(scope="module")
def scene() -> Scene:
    now, following, _ = render_drive(street(width=192, height=64, frames=3), seed=4)
    images = [torch.from_numpy(frame.image).permute(2, 0, 1)[None] / 255 for frame in (now, following)]
    K = torch.from_numpy(now.intrinsics).float()[None]
    depth = torch.from_numpy(np.where(np.isfinite(now.depth), now.depth, 190)).float()[None, None]
    T = torch.from_numpy(np.linalg.inv(following.T_camera_to_world) @ now.T_camera_to_world).float()[None]
    points = backproject(depth, K)
    complete = transform_points(points + torch.from_numpy(now.object_flow)[None], T) - points
    views = Views(images[0], images[1][:, None], K, K[:, None])
    return Scene(views, depth, T, complete[:, None], torch.from_numpy(now.moving).float()[None, None])


@pytest.mark.parametrize("order", ["ego-first", "object-first"])
def test_true_flow_and_mask_explain_what_moves(scene: Scene, order: FlowOrder):
    assert float(scene.moving.mean()) > 0.02
    truth = scene.error(moving=scene.moving, order=order)
    assert truth < 0.5 * scene.error(moving=torch.zeros_like(scene.moving), order=order)
    assert truth < 0.8 * scene.error(moving=0.5 * scene.moving, order=order)
    assert truth < 0.8 * scene.error(moving=scene.moving, complete=1.5 * scene.complete, order=order)


def test_the_true_mask_is_consistent_and_all_that_moves_stands_out(scene: Scene):
    residual = scene.complete - ego_flow(backproject(scene.depth, scene.views.intrinsics), scene.T)[:, None]
    nothing_moves = motion_consistency_loss(residual, torch.zeros_like(scene.moving))
    assert float(motion_consistency_loss(residual, scene.moving)) < 0.02 * float(nothing_moves)
    static = static_pixels(flow_discrepancy(residual))
    assert torch.equal(static, scene.moving == 0)


def test_the_street_is_found_and_true_depth_lies_above_it(scene: Scene):
    torch.manual_seed(0)
    plane = find_ground(backproject(scene.depth, scene.views.intrinsics), tolerance=0.05)
    w1, w2, w3 = plane[0].tolist()
    assert abs(w1) < 0.03
    assert abs(w2) < 0.06
    assert 1 < w3 < 2.5  # metres from the camera down to the street

    def loss(depth_factor: float) -> float:
        own = (1 / (depth_factor * scene.depth) - 1 / LIMITS[1]) / (1 / LIMITS[0] - 1 / LIMITS[1])
        return float(
            ground_loss(
                own.clamp(0, 1),
                plane,
                scene.views.intrinsics,
                width=own.shape[-1],
                limits=LIMITS,
                form="disparity",
                tolerance=0.1,
            )
        )

    assert loss(1.0) < 0.1 * loss(1.5)

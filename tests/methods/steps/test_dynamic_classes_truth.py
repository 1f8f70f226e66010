"""On a made-up street, class maps warped by true depth and motion overlap where cars stand, less where they move."""

import numpy as np
import pytest
import torch

from vection.data.synthetic import render_drive, still_street, street
from vection.data.synthetic.settings import DriveSettings
from vection.geometry.views import Views
from vection.methods.steps.dynamic_classes import dynamic_overlap, is_dynamic

SIZE = {"width": 192, "height": 64, "frames": 3, "antialias": False}


def overlap_of(settings: DriveSettings, *, seed: int) -> float:
    past, now, future = render_drive(settings, seed=seed)
    K = torch.from_numpy(now.intrinsics).float()[None]
    blank = torch.zeros(1, 3, *now.depth.shape)
    views = Views(blank, blank[:, None].expand(-1, 2, -1, -1, -1), K, torch.stack([K, K], dim=1))
    depth = torch.from_numpy(np.where(np.isfinite(now.depth), now.depth, 1e4)).float()[None, None]
    T_now_to_sources = [np.linalg.inv(source.T_camera_to_world) @ now.T_camera_to_world for source in (past, future)]
    transforms = torch.from_numpy(np.stack(T_now_to_sources)).float()[None]
    sources = torch.from_numpy(np.stack([past.semantics, future.semantics]))[None]
    warped = views.synthesise_classes(sources, depth, transforms)
    target = torch.from_numpy(now.semantics)[None, None]
    return float(dynamic_overlap(is_dynamic(target), is_dynamic(warped)))


@pytest.mark.parametrize("seed", [2, 3, 5])  # drives with cars near the camera
def test_cars_overlap_with_themselves_while_they_stand(seed: int):
    standing = overlap_of(still_street(**SIZE), seed=seed)
    # Nothing is parked, and the cars have 0.2 s to move.
    traffic = street(**SIZE, parked_cars=0.0, oncoming_cars=3.0, crossing_cars=3.0, lead_car=0.0, frame_rate=5.0)
    assert standing > 0.85
    assert overlap_of(traffic, seed=seed) < standing - 0.2

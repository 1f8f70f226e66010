"""The truth that a frame carries agrees with its picture, with its neighbours and with hand-computed values."""

import itertools

import numpy as np
import pytest
from tests.data.synthetic.reprojection import bilinear, rays, reproject

from vection.data.synthetic import RenderedFrame, lead_car, render_drive, still_street, street, turning
from vection.data.synthetic.frames import MOVABLE, MOVING, NO_CATEGORY, STATIC
from vection.data.synthetic.world.classes import CAR, PERSON, ROAD, SIDEWALK, SKY, TERRAIN


def test_depth_of_the_ground_is_camera_height_over_slope() -> None:
    settings = still_street(width=96, height=64, frames=1, shake=0.0, camera_height=(1.5, 1.5), route="straight")
    frame = next(iter(render_drive(settings, seed=1)))
    fx, fy, cx, cy = settings.camera
    assert (fx, cx, cy) == (0.58 * 96, 47.5, 31.5)
    ground = np.isin(frame.semantics, [ROAD, SIDEWALK, TERRAIN])
    assert ground[60].any()
    for row in (40, 50, 60):
        # a level camera 1.5 m above the ground: y = 1.5 = z (row - cy) / fy
        np.testing.assert_allclose(frame.depth[row][ground[row]], 1.5 * fy / (row - cy), rtol=1e-5)
    assert not ground[:31].any()


@pytest.mark.parametrize("make", [street, turning], ids=["street", "turning"])
def test_warping_the_next_frame_by_the_truth_explains_the_picture(make) -> None:
    for seed in (21, 22):
        frames = list(render_drive(make(width=208, height=64, frames=8), seed=seed))
        for first, second in zip(frames[:-1:3], frames[1::3], strict=False):
            found = reproject(first, second)
            background = found.visible & (first.category < MOVING)
            assert background.mean() > 0.4
            assert found.error[background].mean() < 0.35 * found.identity_error[background].mean()
            assert np.median(found.error[background]) < 3


def test_object_flow_explains_moving_pixels(lead_frames: list[RenderedFrame]) -> None:
    with_flow, without_flow = [], []
    for first, second in itertools.pairwise(lead_frames):
        found = reproject(first, second)
        moving = found.visible & first.moving
        with_flow.append(found.error[moving])
        without_flow.append(reproject(first, second, with_flow=False).error[moving])
    assert np.concatenate(with_flow).size > 500
    assert np.concatenate(with_flow).mean() < 0.5 * np.concatenate(without_flow).mean()


def test_object_flow_is_zero_on_all_that_stands(street_frames: list[RenderedFrame]) -> None:
    for frame in street_frames:
        assert frame.moving.any()
        assert (frame.object_flow[:, ~frame.moving] == 0).all()
        assert (np.linalg.norm(frame.object_flow[:, frame.moving], axis=0) > 1e-3).all()
        # at 10 Hz nobody moves 2 m in a frame
        assert np.linalg.norm(frame.object_flow, axis=0).max() < 2


def test_a_lead_car_moves_like_the_camera(lead_frames: list[RenderedFrame]) -> None:
    for first, second in itertools.pairwise(lead_frames):
        step = second.T_camera_to_world[:3, 3] - first.T_camera_to_world[:3, 3]
        ego = first.T_camera_to_world[:3, :3].T @ step
        assert 0.3 < np.linalg.norm(ego) < 1.3
        ahead = first.moving & (first.semantics == CAR) & (first.depth < 23)
        apart = [
            np.abs(np.median(first.object_flow[:, first.instance == number], axis=1) - ego).max()
            for number in np.unique(first.instance[ahead])
        ]
        # 0.15 m/s at most, at 10 Hz, beside the camera's own sway
        assert min(apart) < 0.05


def test_lead_car_keeps_its_gap() -> None:
    for seed in range(4):
        frames = list(render_drive(lead_car(width=208, height=64, frames=9, crossing_cars=0.0), seed=seed))
        for frame in frames[::4]:
            middle = frame.moving[:, 80:128] & (frame.semantics[:, 80:128] == CAR)
            assert 7.5 < frame.depth[:, 80:128][middle].min() < 21


def test_stereo_pixel_disparity_is_focal_times_baseline_over_depth() -> None:
    settings = street(width=208, height=64, frames=1, stereo_baseline=0.54)
    frame = next(iter(render_drive(settings, seed=5)))
    assert frame.stereo_image is not None
    height, width = frame.depth.shape
    v, u = np.mgrid[:height, :width].astype(float)
    x = u - settings.camera[0] * 0.54 / np.where(np.isfinite(frame.depth), frame.depth, np.inf)
    inside = (x >= 0) & np.isfinite(frame.depth) & (frame.depth < 40)
    error = np.abs(bilinear(frame.stereo_image.astype(float), x=x, y=v) - frame.image).mean(axis=2)
    unmoved = np.abs(frame.stereo_image.astype(float) - frame.image).mean(axis=2)
    assert np.median(error[inside]) < 4
    assert error[inside].mean() < 0.35 * unmoved[inside].mean()


def test_categories_semantics_instances_and_depth_agree(street_frames: list[RenderedFrame]) -> None:
    for frame in street_frames:
        sky = frame.semantics == SKY
        assert (np.isinf(frame.depth) == sky).all()
        assert ((frame.category == NO_CATEGORY) == sky).all()
        movable = np.isin(frame.semantics, [CAR, PERSON])
        assert (np.isin(frame.category, [MOVABLE, MOVING]) == movable).all()
        assert ((frame.instance > 0) == movable).all()
        assert (frame.category[np.isin(frame.semantics, [ROAD, SIDEWALK])] == STATIC).all()
        for number in np.unique(frame.instance[movable]):
            assert len(np.unique(frame.category[frame.instance == number])) == 1
    assert {CAR, PERSON, ROAD, SIDEWALK} <= set(np.unique([frame.semantics for frame in street_frames]).tolist())


def test_a_moving_object_is_rigid(lead_frames: list[RenderedFrame]) -> None:
    """A car that does not turn has the same flow at all its pixels."""
    frame = lead_frames[0]
    number = frame.instance[frame.moving & (frame.depth < 21) & (frame.semantics == CAR)][0]
    flow = frame.object_flow[:, frame.instance == number]
    assert flow.shape[1] > 20
    assert np.abs(flow - flow.mean(axis=1, keepdims=True)).max() < 0.05


def test_row_mean_depth_is_a_poor_guess() -> None:
    """Scenes have structure: the mean depth of each row, of other scenes, is far from the truth."""
    settings = street(width=96, height=32, frames=9, antialias=False)
    depth = {seed: np.array([f.depth for f in list(render_drive(settings, seed=seed))[::4]]) for seed in range(6)}
    known = np.concatenate([depth[seed] for seed in range(3)])
    near = known < 80
    rows = np.where(near, known, 0).sum(axis=(0, 2)) / np.maximum(near.sum(axis=(0, 2)), 1)
    guess = np.broadcast_to(np.where(rows > 0, rows, 80)[:, None], known.shape[1:])
    errors = []
    for truth in np.concatenate([depth[seed] for seed in range(3, 6)]):
        valid = truth < 80
        scaled = guess[valid] * np.median(truth[valid]) / np.median(guess[valid])
        errors.append(np.abs(scaled - truth[valid]) / truth[valid])
    assert np.mean([error.mean() for error in errors]) > 0.2


def test_points_of_neighbouring_frames_lie_on_the_same_ground(street_frames: list[RenderedFrame]) -> None:
    for frame in street_frames[::5]:
        ground = np.isin(frame.semantics, [ROAD, SIDEWALK, TERRAIN]) & (frame.depth < 60)
        points = (rays(frame) * frame.depth)[:, ground]
        world = frame.T_camera_to_world[:3, :3] @ points + frame.T_camera_to_world[:3, 3:]
        assert np.abs(world[1]).max() < 1e-2

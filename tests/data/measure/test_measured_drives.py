"""Measured geometry against the exact truth of rendered drives."""

import numpy as np
import pytest
from tests.data.measure.conftest import MeasuredDrive


@pytest.fixture(params=["straight", "turn"])
def drive(request: pytest.FixtureRequest) -> MeasuredDrive:
    return request.getfixturevalue(request.param)


def angle(first: np.ndarray, second: np.ndarray) -> float:
    """Degrees between two directions."""
    cosine = first @ second / np.linalg.norm(first) / np.linalg.norm(second)
    return float(np.degrees(np.arccos(np.clip(cosine, -1, 1))))


def turned(R: np.ndarray) -> float:
    """Degrees of a rotation."""
    return float(np.degrees(np.arccos(np.clip((np.trace(R) - 1) / 2, -1, 1))))


def ratios(drive: MeasuredDrive) -> np.ndarray:
    """Measured by true depth of all static pixels that have both, with one scale for the clip."""
    found = []
    for index, truth in enumerate(drive.truth):
        depth = drive.measured.read_depth(index)
        both = depth.known & (truth.depth > 0) & (truth.category != 2)
        found.append(depth.depth[both] / truth.depth[both])
    joined = np.concatenate(found)
    return joined / np.median(joined)


def test_every_pair_is_measured(drive):
    assert [(pair.first, pair.second) for pair in drive.measured.pairs if pair.gap < 3] == [
        (first, first + gap) for first in range(7) for gap in (1, 2) if first + gap < 7
    ]
    assert all(pair.reason is None for pair in drive.measured.pairs)
    assert all(pair.inlier_share > 0.7 for pair in drive.measured.pairs)


def test_rotation_and_direction_are_those_of_the_camera(drive):
    true = [drive.true_motion(pair.first, pair.second) for pair in drive.measured.pairs]
    rotations = [
        turned(pair.R_first_to_second.T @ T[:3, :3]) for pair, T in zip(drive.measured.pairs, true, strict=True)
    ]
    directions = [angle(pair.t_first_to_second, T[:3, 3]) for pair, T in zip(drive.measured.pairs, true, strict=True)]
    assert np.median(rotations) < 0.03
    assert max(rotations) < 0.15
    assert np.median(directions) < 0.6
    assert max(directions) < 2.5


def test_depth_is_true_up_to_one_scale_for_the_clip(drive):
    error = np.abs(ratios(drive) - 1)
    assert np.median(error) < 0.03
    assert error.mean() < 0.1


def test_much_of_the_scene_has_depth(drive):
    shares = [frame.share for frame in drive.measured.frames]
    assert np.mean(shares) > 0.5
    for index, share in enumerate(shares):
        assert drive.measured.read_depth(index).known.mean() == pytest.approx(share, abs=1e-3)


def test_weights_tell_good_depth_from_bad(drive):
    errors, weights = [], []
    for index, truth in enumerate(drive.truth):
        measured = drive.measured.read_depth(index)
        both = measured.known & (truth.depth > 0)
        ratio = measured.depth[both] / truth.depth[both]
        errors.append(np.abs(ratio / np.median(ratio) - 1))
        weights.append(measured.weight[both])
        assert measured.weight[measured.known].min() > 0
        assert measured.weight.max() <= 1
        assert not measured.weight[~measured.known].any()
    error, weight = np.concatenate(errors), np.concatenate(weights)
    middle = np.median(weight)
    assert error[weight > middle].mean() < error[weight <= middle].mean()


def test_baselines_have_the_ratios_of_the_true_steps(drive):
    pairs = [pair for pair in drive.measured.pairs if pair.baseline is not None]
    assert len(pairs) == len(drive.measured.pairs)
    steps = [np.linalg.norm(drive.true_motion(pair.first, pair.second)[:3, 3]) for pair in pairs]
    ratio = np.array([pair.baseline for pair in pairs]) / steps
    assert ratio / np.median(ratio) == pytest.approx(1, abs=0.05)


def test_the_path_is_the_true_one_up_to_the_same_scale(drive):
    last = len(drive.truth) - 1
    assert {frame.segment for frame in drive.measured.frames} == {0}
    T = np.linalg.inv(drive.truth[0].T_camera_to_world) @ drive.truth[last].T_camera_to_world
    measured = drive.measured.T_camera_to_world(last)
    assert turned(measured[:3, :3].T @ T[:3, :3]) < 0.3
    assert angle(measured[:3, 3], T[:3, 3]) < 1.5
    index = last // 2
    depth, truth = drive.measured.read_depth(index), drive.truth[index]
    both = depth.known & (truth.depth > 0)
    scale = np.median(depth.depth[both] / truth.depth[both])
    assert np.linalg.norm(measured[:3, 3]) == pytest.approx(scale * np.linalg.norm(T[:3, 3]), rel=0.05)


def test_the_ground_is_as_far_below_as_the_camera_is_high(drive):
    ratio = []
    for index, (frame, truth) in enumerate(zip(drive.measured.frames, drive.truth, strict=True)):
        assert frame.ground is not None
        depth = drive.measured.read_depth(index)
        both = depth.known & (truth.depth > 0)
        scale = np.median(depth.depth[both] / truth.depth[both])
        ratio.append(1 / np.linalg.norm(frame.ground) / scale / -truth.T_camera_to_world[1, 3])
    assert np.median(ratio) == pytest.approx(1, abs=0.1)


def test_straight_driving_does_not_show_the_focal_length(straight):
    assert not any(pair.focal_observable for pair in straight.measured.pairs)

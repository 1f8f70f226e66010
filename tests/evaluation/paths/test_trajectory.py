from pathlib import Path

import numpy as np
import pytest

from vection.evaluation.paths.trajectory import (
    align,
    least_squares_scale,
    poses_from_steps,
    rotation_angle,
    scale_every_step,
    snippet_errors,
    steps_from_poses,
    trajectory_errors,
    umeyama,
)


def rotation(axis: tuple[float, float, float], angle: float) -> np.ndarray:
    x, y, z = np.array(axis) / np.linalg.norm(axis)
    K = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + np.sin(angle) * K + (1 - np.cos(angle)) * K @ K


def winding_path(count: int = 12) -> np.ndarray:
    poses = [np.eye(4)]
    for index in range(count - 1):
        step = np.eye(4)
        step[:3, :3] = rotation((0.2, 1, 0.1), 0.1 * np.sin(index))
        step[:3, 3] = [0.05 * index, 0.01, 1 + 0.1 * index]
        poses.append(poses[-1] @ step)
    return np.stack(poses)


def scaled(poses: np.ndarray, factor: float) -> np.ndarray:
    copy = poses.copy()
    copy[:, :3, 3] *= factor
    return copy


def test_steps_and_poses_are_inverse():
    poses = winding_path()
    np.testing.assert_allclose(poses_from_steps(steps_from_poses(poses)), poses, atol=1e-12)


def test_step_maps_points_of_the_camera_into_the_next():
    poses = winding_path(2)
    point = np.array([1.0, 2.0, 5.0, 1.0])
    world = poses[0] @ point
    np.testing.assert_allclose(poses[1] @ steps_from_poses(poses)[0] @ point, world)


@pytest.mark.parametrize("angle", [0.0, 1e-9, 0.3, 3.0, np.pi])
def test_rotation_angle(angle):
    assert rotation_angle(rotation((1, 2, -1), angle)) == pytest.approx(angle, rel=1e-6, abs=1e-12)


def test_scale_is_the_least_squares_one():
    true = winding_path()[:, :3, 3]
    assert least_squares_scale(true / 3, true) == pytest.approx(3)
    assert least_squares_scale(np.zeros((3, 3)), true[:3]) == 1


@pytest.mark.parametrize("as_released", [False, True])
def test_snippets_of_a_scaled_path_are_perfect_and_counted(as_released):
    poses = winding_path(12)
    fewest = 2 if as_released else None
    errors = snippet_errors(
        steps_from_poses(poses), steps_from_poses(scaled(poses, 0.2)), as_released=as_released, fewest_frames=fewest
    )
    np.testing.assert_allclose(errors.scale, 5)
    np.testing.assert_allclose(errors.rmse, 0, atol=1e-12)
    assert len(errors.translation) == (11 if as_released else 8)
    np.testing.assert_allclose(errors.translation, 0, atol=1e-12)
    np.testing.assert_allclose(errors.rotation, 0, atol=1e-7)


def test_snippet_error_by_hand():
    # Truth runs 1 m ahead each step, the prediction slips aside once; x, z: (0,0) (0,1) (0,2) and (0,0) (0,1) (1,1).
    true, predicted = np.tile(np.eye(4), (2, 1, 1)), np.tile(np.eye(4), (2, 1, 1))
    true[:, 2, 3] = -1
    predicted[0, 2, 3] = -1
    predicted[1, 0, 3] = -1
    scale = 3 / 3  # sum(p g) = 1*1 + 1*2, sum(p p) = 1 + 2
    error = snippet_errors(true, predicted, frames=3).translation
    np.testing.assert_allclose(error, [np.sqrt(scale**2 * 1 + (2 - scale) ** 2) / 3])


def test_umeyama_recovers_a_similarity():
    points = np.random.default_rng(0).normal(size=(20, 3))
    R, t = rotation((1, 2, 3), 1.0), np.array([3.0, -1.0, 2.0])
    s, found_R, found_t = umeyama(points, 2.5 * points @ R.T + t)
    assert s == pytest.approx(2.5)
    np.testing.assert_allclose(found_R, R, atol=1e-12)
    np.testing.assert_allclose(found_t, t, atol=1e-12)


def test_umeyama_never_mirrors():
    points = np.random.default_rng(0).normal(size=(20, 3))
    assert np.linalg.det(umeyama(points, points * [1, 1, -1])[1]) == pytest.approx(1)


def test_alignment_by_one_scale_makes_a_scaled_path_perfect():
    poses = winding_path()
    errors = trajectory_errors(scaled(poses, 0.1), poses, alignment="scale")
    assert errors.scale == pytest.approx(10)
    assert errors.ate == pytest.approx(0, abs=1e-9)
    assert errors.rpe_translation == pytest.approx(0, abs=1e-9)
    assert trajectory_errors(scaled(poses, 0.1), poses, alignment="none").ate > 1
    assert align(poses, poses, alignment="6dof")[1] == 1


def test_scaling_every_step_takes_all_drift_of_scale_away():
    true = winding_path()
    steps = steps_from_poses(true)
    steps[:, :3, 3] *= np.linspace(0.5, 3, len(steps))[:, None]
    drifting = true[0] @ poses_from_steps(steps)
    assert trajectory_errors(drifting, true, alignment="scale").ate > 0.1
    np.testing.assert_allclose(scale_every_step(drifting, true), true, atol=1e-9)
    # A step of the wrong direction keeps its direction; a camera at rest stays finite.
    assert np.isfinite(scale_every_step(np.tile(np.eye(4), (3, 1, 1)), true[:3])).all()


def read_poses(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Frame numbers (the optional first of 13 columns) and poses."""
    rows = np.loadtxt(path)
    frames = rows[:, 0].astype(int) if rows.shape[1] == 13 else np.arange(len(rows))
    poses = np.tile(np.eye(4), (len(rows), 1, 1))
    poses[:, :3] = rows[:, -12:].reshape(-1, 3, 4)
    return frames, poses

import json

import numpy as np
import pytest
from tests.evaluation.paths.test_trajectory import read_poses, rotation, scaled, winding_path

from vection.evaluation.paths.odometry import odometry_errors, rebase, segment_errors


def straight_path(count: int, *, step: float = 1.0) -> np.ndarray:
    poses = np.tile(np.eye(4), (count, 1, 1))
    poses[:, 2, 3] = step * np.arange(count)
    return poses


def test_a_path_too_long_by_a_tenth_drifts_by_ten_percent():
    true = straight_path(251)
    errors = segment_errors(straight_path(251, step=1.1), true)
    # A segment ends beyond its length: after 101 steps of 1 m, so the error is 10.1 m over 100 m.
    assert errors.mean(length=100.0)[0] == pytest.approx(10.1)
    assert errors.mean(length=100.0)[1] == pytest.approx(0, abs=1e-9)
    assert np.isnan(errors.mean(length=300.0)[0])
    assert errors.first[errors.length == 100].tolist() == list(range(0, 150, 10))
    assert errors.first[errors.length == 200].tolist() == list(range(0, 50, 10))


def test_a_wrong_turn_is_a_rotation_error():
    true = straight_path(111)
    predicted = true.copy()
    predicted[50:, :3, :3] = rotation((0, 1, 0), 0.02)
    errors = segment_errors(predicted, true)
    assert errors.first.tolist() == [0]
    assert errors.rotation[0] == pytest.approx(0.02 / 100)
    assert errors.mean()[1] == pytest.approx(np.degrees(0.02))


def test_the_first_frame_does_not_matter():
    path = winding_path(40)
    moved = np.eye(4)
    moved[:3, :3], moved[:3, 3] = rotation((1, 2, 3), 1.0), [5, 6, 7]
    np.testing.assert_allclose(rebase(moved @ path), path, atol=1e-9)
    errors = odometry_errors(moved @ scaled(path, 0.2), path, alignment="scale")
    assert errors.path.ate == pytest.approx(0, abs=1e-9)


def test_a_short_path_has_no_drift_but_an_error():
    errors = odometry_errors(winding_path(5), winding_path(5), alignment="none")
    assert np.isnan(errors.t_err)
    assert np.isnan(errors.r_err)
    assert errors.path.ate == 0


def test_missing_frames_change_neither_lengths_nor_starts():
    true = straight_path(251)
    frames = np.arange(5, 251)
    errors = segment_errors(straight_path(251, step=1.1)[frames], true, frames=frames)
    # Frame 0 is not predicted; 10, 20 ... are.
    assert errors.first[errors.length == 100].tolist() == list(range(10, 150, 10))
    assert errors.mean(length=100.0)[0] == pytest.approx(10.1)


@pytest.mark.parametrize("example", ["example_0", "example_1"])
@pytest.mark.parametrize("sequence", ["09", "10"])
@pytest.mark.parametrize("alignment", ["None", "scale", "scale_7dof", "6dof", "7dof"])
def test_agrees_with_the_public_odometry_tool(shared_data, example, sequence, alignment):
    folder = shared_data / "kitti_odometry"
    if not folder.is_dir():
        pytest.skip(f"no kitti_odometry in {shared_data}")
    expected = json.loads((folder / "reference_metrics.json").read_text())[example][alignment][sequence]
    # The first frames of example_0 are missing; its lines begin with frame numbers.
    frames, predicted = read_poses(folder / "predicted" / example / f"{sequence}.txt")
    _, true = read_poses(folder / "poses" / f"{sequence}.txt")
    errors = odometry_errors(predicted, true, alignment=alignment.lower(), frames=frames)
    assert errors.t_err == pytest.approx(expected["t_err_percent"], rel=1e-6)
    assert errors.r_err == pytest.approx(expected["r_err_deg_per_100m"], rel=1e-6)
    assert errors.path.ate == pytest.approx(expected["ate_m"], rel=1e-6)
    assert errors.path.rpe_translation == pytest.approx(expected["rpe_m"], rel=1e-6)
    assert np.degrees(errors.path.rpe_rotation) == pytest.approx(expected["rpe_deg"], rel=1e-6)

import numpy as np
import pytest

from vection.formats.camera_path import kitti_text, quaternion, tum_text


def rotation(axis, angle):
    x, y, z = np.array(axis) / np.linalg.norm(axis)
    K = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + np.sin(angle) * K + (1 - np.cos(angle)) * K @ K


@pytest.mark.parametrize("axis", [(1, 0, 0), (0, 1, 0), (0, 0, 1), (1, -2, 3), (-3, 1, 0.1)])
@pytest.mark.parametrize("angle", [0.0, 1e-7, 0.5, 2.0, 3.1, np.pi - 1e-7])
def test_quaternion_by_hand(axis, angle):
    expected = [*(np.sin(angle / 2) * np.array(axis) / np.linalg.norm(axis)), np.cos(angle / 2)]
    np.testing.assert_allclose(quaternion(rotation(axis, angle)), expected, atol=1e-12)


def test_files_by_hand():
    pose = np.eye(4)
    pose[:3, :3] = rotation((0, 0, 1), np.pi / 2)
    pose[:3, 3] = [1, 2.5, -3]
    first, second = tum_text([np.eye(4), pose], [0.0, 0.1]).splitlines()
    assert first == "0.000000 0 0 0 0 0 0 1"
    numbers = [float(word) for word in second.split()]
    np.testing.assert_allclose(numbers, [0.1, 1, 2.5, -3, 0, 0, np.sqrt(0.5), np.sqrt(0.5)], atol=1e-8)
    rows = np.array([line.split() for line in kitti_text([np.eye(4), pose]).splitlines()], float)
    np.testing.assert_allclose(rows.reshape(2, 3, 4)[1], pose[:3], atol=1e-8)

import numpy as np

from vection.data.readers.waymo.camera import (
    CAMERA_TO_VEHICLE_AXES,
    camera_motions,
    camera_poses,
    change_axes,
    project_lidar,
    vehicle_to_camera,
)

CAMERA = (100.0, 100.0, 50.0, 30.0)


def mounted() -> np.ndarray:
    """A camera 1.5 m ahead of the vehicle's origin and 2 m above it, looking forward."""
    extrinsic = np.eye(4)
    extrinsic[:3, 3] = [1.5, 0, 2]
    return extrinsic


def test_axes_are_a_rotation():
    assert np.linalg.det(CAMERA_TO_VEHICLE_AXES) == 1
    forward_in_vehicle = CAMERA_TO_VEHICLE_AXES @ [0, 0, 1, 0]
    assert forward_in_vehicle.tolist() == [1, 0, 0, 0]


def test_points_ahead_are_seen_where_they_are():
    # 10 m ahead of the camera, 1 m to its left, 0.5 m above it; one behind, one outside the image.
    points = np.array([[11.5, 1.0, 2.5], [-5.0, 0.0, 2.0], [2.5, 20.0, 2.0]])
    T = vehicle_to_camera(mounted())
    seen, kept = project_lidar(points, T, intrinsics=CAMERA, height=60, width=100)
    assert kept.tolist() == [True, False, False]
    np.testing.assert_allclose(seen, [[40, 25, 10]])


def test_poses_and_motions():
    vehicle = np.tile(np.eye(4), (2, 1, 1))
    vehicle[1, 0, 3] = 3.0
    poses = camera_poses(vehicle, mounted())
    np.testing.assert_allclose(poses[0, :3, 3], [1.5, 0, 2])
    np.testing.assert_allclose(camera_motions(poses)[0, :3, 3], [0, 0, 3], atol=1e-12)
    np.testing.assert_allclose(change_axes(camera_motions(poses), CAMERA_TO_VEHICLE_AXES)[0, :3, 3], [3, 0, 0])

"""Waymo's axes: its vehicle and camera frames have x forward, y left, z up; ours x right, y down, z forward."""

import numpy as np
from jaxtyping import Bool, Float

Transform = Float[np.ndarray, "4 4"]
Poses = Float[np.ndarray, "frame 4 4"]

CAMERA_TO_VEHICLE_AXES: Transform = np.array(
    [[0.0, 0.0, 1.0, 0.0], [-1.0, 0.0, 0.0, 0.0], [0.0, -1.0, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0]]
)
"""Our camera coordinates to Waymo's camera coordinates: (x, y, z) becomes (z, -x, -y)."""

UNSIGNED_AXES: Transform = np.abs(CAMERA_TO_VEHICLE_AXES)
"""(z, x, y), without the signs: what Dynamo-Depth's release does to predicted positions before it compares them."""


def vehicle_to_camera(extrinsic: Transform) -> Transform:
    """T_vehicle_to_camera, in our axes, of Waymo's camera extrinsic (Waymo camera to vehicle)."""
    return np.asarray(np.linalg.inv(extrinsic @ CAMERA_TO_VEHICLE_AXES))


def camera_poses(vehicle_poses: Poses, extrinsic: Transform) -> Poses:
    """T_camera_to_world, in our axes, of T_vehicle_to_world."""
    return np.asarray(vehicle_poses @ extrinsic @ CAMERA_TO_VEHICLE_AXES)


def camera_motions(poses: Poses) -> Float[np.ndarray, "step 4 4"]:
    """T_next_to_current of consecutive T_camera_to_world: the pose of each next camera in the one before."""
    return np.asarray(np.linalg.inv(poses[:-1]) @ poses[1:])


def change_axes(motions: Poses, axes: Transform) -> Poses:
    """The same motions in other axes: A T A^-1, where `axes` (A) maps the old coordinates to the new."""
    return np.asarray(axes @ motions @ np.linalg.inv(axes))


def project_lidar(
    points: Float[np.ndarray, "point 3"],
    T_vehicle_to_camera: Transform,
    *,
    intrinsics: tuple[float, float, float, float],
    height: int,
    width: int,
) -> tuple[Float[np.ndarray, "kept 3"], Bool[np.ndarray, " point"]]:
    """Project points of the vehicle frame (metres); return u, v, z of those in the image, and which points these are.

    `intrinsics` are fx, fy, cx, cy of the undistorted image. z is the camera's depth, not the distance from the
    vehicle, which Dynamo-Depth's paper used. Points hidden by nearer things are kept.
    """
    fx, fy, cx, cy = intrinsics
    x, y, z = (points @ T_vehicle_to_camera[:3, :3].T + T_vehicle_to_camera[:3, 3]).T
    front = z > 0
    safe = np.where(front, z, 1.0)
    u, v = fx * x / safe + cx, fy * y / safe + cy
    kept = front & (u >= 0) & (u < width) & (v >= 0) & (v < height)
    return np.stack([u, v, z], axis=1)[kept], kept

"""Waymo's axes and lenses: vehicle and camera have x forward, y left, z up; ours has x right, y down, z forward."""

from functools import lru_cache

import cv2
import numpy as np
from jaxtyping import Bool, Float

from vection.arrays import CameraNumbers, Distortion, PointList, Pose, Poses, Remap
from vection.data.clips.intrinsics import camera_matrix
from vection.data.readers.sparse_depth import move, project

CAMERA_TO_VEHICLE_AXES: Pose = np.array(
    [[0.0, 0.0, 1.0, 0.0], [-1.0, 0.0, 0.0, 0.0], [0.0, -1.0, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0]]
)
"""Our camera coordinates to Waymo's camera coordinates: (x, y, z) becomes (z, -x, -y)."""

UNSIGNED_AXES: Pose = np.abs(CAMERA_TO_VEHICLE_AXES)
"""(z, x, y), without the signs: what Dynamo-Depth's release does to predicted positions before it compares them."""


def vehicle_to_camera(extrinsic: Pose) -> Pose:
    """T_vehicle_to_camera, in our axes, of Waymo's camera extrinsic (Waymo camera to vehicle)."""
    return np.asarray(np.linalg.inv(extrinsic @ CAMERA_TO_VEHICLE_AXES))


def camera_poses(vehicle_poses: Poses, extrinsic: Pose) -> Poses:
    """T_camera_to_world, in our axes, of T_vehicle_to_world."""
    return np.asarray(vehicle_poses @ extrinsic @ CAMERA_TO_VEHICLE_AXES)


def camera_motions(poses: Poses) -> Float[np.ndarray, "step 4 4"]:
    """T_next_to_current of consecutive T_camera_to_world: the pose of each next camera in the one before."""
    return np.asarray(np.linalg.inv(poses[:-1]) @ poses[1:])


def change_axes(motions: Poses, axes: Pose) -> Poses:
    """The same motions in other axes: A T A^-1, where `axes` (A) maps the old coordinates to the new."""
    return np.asarray(axes @ motions @ np.linalg.inv(axes))


def project_lidar(
    points: PointList,
    T_vehicle_to_camera: Pose,
    *,
    intrinsics: CameraNumbers,
    height: int,
    width: int,
) -> tuple[Float[np.ndarray, "kept 3"], Bool[np.ndarray, " point"]]:
    """Project points of the vehicle frame (metres); return u, v, z of those in the image, and which points these are.

    `intrinsics` are fx, fy, cx, cy of the undistorted image. z is the camera's depth, not the distance from the
    vehicle, which Dynamo-Depth's paper used. Points hidden by nearer things are kept.
    """
    projected = project(move(points, T_vehicle_to_camera), intrinsics)
    u, v, z = projected.T
    kept = (z > 0) & (u >= 0) & (u < width) & (v >= 0) & (v < height)
    return projected[kept], kept


@lru_cache(maxsize=8)
def undistortion_maps(numbers: CameraNumbers, distortion: Distortion, *, width: int, height: int) -> Remap:
    """Maps to the image without distortion of the same matrix K and size; its corners may lie outside the source."""
    K = camera_matrix(numbers)
    first, second = cv2.initUndistortRectifyMap(K, np.array(distortion), None, K, (width, height), cv2.CV_32FC1)
    return np.asarray(first, np.float32), np.asarray(second, np.float32)


def undistort_points(
    pixels: Float[np.ndarray, "point 2"], numbers: CameraNumbers, distortion: Distortion
) -> Float[np.ndarray, "point 2"]:
    """Where pixels of the distorted image lie in the undistorted one of the same K."""
    if not len(pixels):
        return pixels
    K = camera_matrix(numbers)
    straight = cv2.undistortPoints(pixels[:, None], K, np.array(distortion), None, None, K)
    return np.asarray(straight[:, 0], np.float64)

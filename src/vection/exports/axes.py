"""Axes and pixel centres of other programs; ours are OpenCV's, with pixel centres at integers."""

from typing import NamedTuple

import numpy as np

from vection.arrays import CameraNumbers, Pose, Rotation

GRAPHICS: Rotation = np.diag([1.0, -1.0, -1.0])
"""From OpenCV's axes (x right, y down, z forward) to those of OpenGL and glTF (y up, z back)."""

ROS: Rotation = np.array([[0.0, 0, 1], [-1, 0, 0], [0, -1, 0]])
"""From OpenCV's axes to those of ROS (REP 103: x forward, y left, z up)."""


class CornerCamera(NamedTuple):
    """fx, fy, cx, cy where the centre of the first pixel is at 1/2, as COLMAP, nerfstudio and rerun count."""

    fx: float
    fy: float
    cx: float
    cy: float


def corner_camera(camera: CameraNumbers) -> CornerCamera:
    """Return the camera with its principal point counted from the corner of the image.

    >>> corner_camera((100.0, 100.0, 63.5, 31.5))
    CornerCamera(fx=100.0, fy=100.0, cx=64.0, cy=32.0)
    """
    fx, fy, cx, cy = camera
    return CornerCamera(fx, fy, cx + 0.5, cy + 0.5)


def graphics_pose(T_camera_to_world: Pose) -> Pose:
    """Return the pose of a camera whose own axes are OpenGL's, in the same world."""
    turned = T_camera_to_world.copy()
    turned[:3, :3] = turned[:3, :3] @ GRAPHICS
    return turned

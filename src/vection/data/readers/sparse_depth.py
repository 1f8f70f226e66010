"""Laser points in an image, and as maps in which the nearest point of a pixel counts."""

import numpy as np
from jaxtyping import Bool, Shaped, UInt8

from vection.arrays import CameraNumbers, CategoryMap, DepthMap, PointList, Pose, Rotation, Vector3

NO_CATEGORY = 255
"""In a map of categories: nothing known."""
BACKGROUND = 0
"""Category of what cannot move."""
STATIC_OBJECT = 1
"""Category of what could move, but stands."""
MOVING_OBJECT = 2
"""Category of what moves."""


def move(points: PointList, transform: Pose) -> PointList:
    """Apply a rigid transform."""
    return np.asarray(points @ transform[:3, :3].T + transform[:3, 3])


def project(points: PointList, numbers: CameraNumbers) -> PointList:
    """Return u, v in pixels and z of points in a camera's coordinates; u and v mean nothing where z is not positive."""
    fx, fy, cx, cy = numbers
    x, y, z = points.T
    safe = np.where(z > 0, z, 1.0)
    return np.stack([fx * x / safe + cx, fy * y / safe + cy, z], axis=1)


def depth_map(seen: PointList, *, height: int, width: int) -> DepthMap:
    """Depth of u, v, depth at the pixel that holds each point (truncated), 0 where there is none."""
    return point_map(seen, seen[:, 2].astype(np.float32), height=height, width=width, empty=0)


def category_map(seen: PointList, categories: UInt8[np.ndarray, " point"], *, height: int, width: int) -> CategoryMap:
    """Category of the same points, `NO_CATEGORY` where there is none."""
    return point_map(seen, categories, height=height, width=width, empty=NO_CATEGORY)


def point_map(
    seen: PointList, values: Shaped[np.ndarray, " point"], *, height: int, width: int, empty: int
) -> Shaped[np.ndarray, "height width"]:
    """Map of the values of the nearest points."""
    values_map = np.full((height, width), empty, values.dtype)
    order = np.argsort(-seen[:, 2], kind="stable")
    column, row = seen[order, 0].astype(np.int64), seen[order, 1].astype(np.int64)
    values_map[row, column] = values[order]
    return values_map


def inside_box(
    points: PointList,
    *,
    centre: Vector3,
    rotation: Rotation,
    size: Vector3,
) -> Bool[np.ndarray, " point"]:
    """Which points lie in a box; `rotation` maps the box's axes to the points', `size` is along the box's axes."""
    return np.asarray((np.abs((points - centre) @ rotation) <= size / 2).all(axis=1))

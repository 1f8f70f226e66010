"""Depth of every pixel of a frame from its flow to another one and the motion between the two."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32

from vection.arrays import CameraMatrix, Rotation, Vector3
from vection.data.measure.depth.flow import Correspondence
from vection.data.measure.pairs.relative_pose import fundamental_matrix
from vection.data.measure.settings import MeasureSettings

Numbers = Float32[np.ndarray, "height width"]


@dataclass(frozen=True)
class Triangulation:
    """Depth in units of the pair's baseline."""

    depth: Numbers
    """0 where it is not believed."""
    parallax: Numbers
    """Pixels by which the translation moves the pixel."""
    distance: Numbers
    """Pixels between where the point went and the line on which a static one must be."""

    @property
    def pixels(self) -> int:
        """Return how many are believed."""
        return int(np.count_nonzero(self.depth))


def triangulate(
    seen: Correspondence,
    *,
    K: CameraMatrix,
    K_other: CameraMatrix,
    R: Rotation,
    direction: Vector3,
    settings: MeasureSettings,
) -> Triangulation:
    """Return the least-squares depth along each pixel's ray, where the pair agrees with a static world.

    R and direction lead from this view to the other one; `direction` has length 1, the baseline.
    """
    height, width = seen.flow.shape[:2]
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    u, v = x + seen.flow[..., 0], y + seen.flow[..., 1]
    # the other view's pixel of depth z is that of z (a, b, c) + (p, q, r), in its homogeneous pixels
    a, b, c = linear(K_other @ R @ np.linalg.inv(K), x, y)
    p, q, r = (np.float32(number) for number in K_other @ direction)
    slope_x, slope_y = a - u * c, b - v * c
    offset_x, offset_y = u * r - p, v * r - q
    depth = (slope_x * offset_x + slope_y * offset_y) / np.maximum(slope_x**2 + slope_y**2, np.float32(1e-12))
    parallax = np.hypot(u - a / c, v - b / c)
    line_x, line_y, line_z = linear(fundamental_matrix(R, direction, K, K_other), x, y)
    distance = np.abs(line_x * u + line_y * v + line_z) / np.maximum(np.hypot(line_x, line_y), np.float32(1e-12))
    kept = (
        (seen.round_trip_error < settings.round_trip_error)
        & (distance < settings.epipolar_distance)
        & (parallax > settings.parallax)
        & (depth > 0)
        & (depth * c + np.float32(direction[2]) > 0)
    )
    return Triangulation(np.where(kept, depth, np.float32(0)), parallax.astype(np.float32), distance.astype(np.float32))


def linear(M: CameraMatrix, x: Numbers, y: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    """Return the three components of M (x, y, 1)."""
    first, second, third = (row[0] * x + row[1] * y + row[2] for row in M.astype(np.float32))
    return first, second, third

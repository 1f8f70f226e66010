"""What was seen to move by itself: flow that returns to its start, but goes where no point of a static world goes."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float32

from vection.arrays import CameraMatrix, PixelMask, Rotation, Vector3
from vection.data.clips.resizing import Size
from vection.data.measure.depth.ground import LOWEST_SLOPE
from vection.data.measure.depth.triangulation import Triangulation, linear
from vection.data.measure.settings import MeasureSettings

MOVING_DISTANCE = 3.0
"""Epipolar distance, in multiples of the largest that a static point may have, from which on a point moves."""
LEAST_GROUND_PARALLAX = 2.0
"""Pixels that the ground must move by, for what moves less to be told from it."""
SLOWER = 0.6
"""Of the parallax of the ground seen at a pixel: nothing static there moves by less, for it would lie below."""
MOVING_COVER = 0.5
"""Of the measured pixels below a stored one, those that must move."""


@dataclass(frozen=True)
class Step:
    """The motion from a frame to the other one of a pair, and what was triangulated with it."""

    triangulation: Triangulation
    round_trip_error: Float32[np.ndarray, "height width"]
    K_other: CameraMatrix
    R: Rotation
    translation: Vector3 | None
    """In the unit of the frame's depth; None where its length is not known."""


def find_moving(
    steps: Sequence[Step], *, K: CameraMatrix, ground: Vector3 | None, size: Size, settings: MeasureSettings
) -> PixelMask:
    """Return, at the stored height and width, where more pairs see motion than a point of a static world.

    A pair sees motion where flow returns, but ends far beside the epipolar line, or moves less than the ground seen
    there would. `ground` is m with 1 / depth = m . K^-1 (x, y, 1).
    """
    balance = np.zeros(steps[0].round_trip_error.shape, np.float32)
    for step in steps:
        beside_line = step.triangulation.distance > MOVING_DISTANCE * settings.epipolar_distance
        moves = beside_line if ground is None else beside_line | _slower_than_ground(step, K, ground)
        moves &= step.round_trip_error < settings.round_trip_error
        balance += np.where(moves, np.float32(1), -(step.triangulation.depth > 0).astype(np.float32))
    moving = (balance > 0).astype(np.float32)
    if moving.shape != tuple(size):
        method = cv2.INTER_AREA if moving.shape[0] >= size[0] else cv2.INTER_NEAREST_EXACT
        moving = np.asarray(cv2.resize(moving, (size[1], size[0]), interpolation=method), np.float32)
    return np.asarray(moving >= MOVING_COVER)


def without_specks(moving: PixelMask, *, unknown: PixelMask) -> PixelMask:
    """Return what moves without specks smaller than 3x3 pixels, grown by a pixel where depth is `unknown`."""
    kernel = np.ones((3, 3), np.uint8)
    opened = cv2.morphologyEx(moving.astype(np.uint8), cv2.MORPH_OPEN, kernel)
    return np.asarray((cv2.dilate(opened, kernel) > 0) & unknown)


def _slower_than_ground(step: Step, K: CameraMatrix, ground: Vector3) -> PixelMask:
    height, width = step.round_trip_error.shape
    if step.translation is None:
        return np.zeros((height, width), bool)
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    inverse = np.linalg.inv(K)
    a, b, c = linear(step.K_other @ step.R @ inverse, x, y)
    p, q, r = (np.float32(number) for number in step.K_other @ step.translation)
    slope = linear(np.stack([ground @ inverse] * 3), x, y)[0]
    below = slope > LOWEST_SLOPE * np.linalg.norm(ground)
    depth = 1 / np.where(below, slope, np.float32(1))
    there = np.maximum(depth * c + r, np.float32(1e-6))
    of_ground = np.hypot((depth * a + p) / there - a / c, (depth * b + q) / there - b / c)
    seen = (of_ground > LEAST_GROUND_PARALLAX) & (depth * c + r > 0)
    return np.asarray(below & seen & (step.triangulation.parallax < SLOWER * of_ground))

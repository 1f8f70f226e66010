"""Whether a pair of frames that lie apart moved as the steps between them say."""

from collections.abc import Sequence

import numpy as np

from vection.arrays import Rotation, Vector3
from vection.formats.measured_geometry import MeasuredPair

LARGEST_TURN = 0.7
"""Degrees between the rotation of a pair and that of its steps."""
LARGEST_ANGLE = 6.0
"""Degrees that the direction of a pair may lie outside those of its steps."""


def contradicts_steps(pair: MeasuredPair, steps: Sequence[MeasuredPair]) -> bool:
    """Return whether the motion of `pair` cannot be that of its `steps`; False if there are none or one is unknown.

    Where frames lie far apart, often only far corners are found again, which tell any direction.
    """
    if pair.reason is not None or not steps or any(step.rotation is None for step in steps):
        return False
    turn: Rotation = np.eye(3)
    ways: list[Vector3] = []
    for step in steps:
        R = np.array(step.rotation)
        turn = R @ turn
        ways = [R @ way for way in ways]
        if step.direction is not None:
            ways.append(np.array(step.direction))
    between = np.array(pair.rotation) @ turn.T
    if np.degrees(np.arccos(np.clip((np.trace(between) - 1) / 2, -1, 1))) > LARGEST_TURN:
        return True
    if not ways:
        return False
    middle = np.sum(ways, axis=0)
    spread = max(_angle(way, middle) for way in ways)
    return _angle(np.array(pair.direction), middle) > spread + LARGEST_ANGLE


def _angle(first: Vector3, second: Vector3) -> float:
    """Degrees between two directions."""
    lengths = max(1e-12, float(np.linalg.norm(first) * np.linalg.norm(second)))
    return float(np.degrees(np.arccos(np.clip(float(first @ second) / lengths, -1, 1))))

"""The camera's path through a measured clip, in the clip's unit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from vection.arrays import Pose, Rotation
from vection.formats.measured_geometry import MeasuredPair

Numbers = tuple[int, int]

TOO_SLOW = ("standing", "rotation")
"""Reasons of pairs that show no translation."""


@dataclass(frozen=True)
class PlacedFrame:
    """Where a frame's camera is in its part of the clip."""

    segment: int
    T_camera_to_world: Pose
    """The world is the camera of the segment's first frame."""


def camera_path(
    count: int, pairs: Sequence[MeasuredPair], *, baselines: Mapping[Numbers, float], parts: Mapping[int, int]
) -> list[PlacedFrame]:
    """Chain the steps of `count` frames; an unknown step, or one to frames of another scale, begins a new segment.

    `parts` are the numbers of those frames whose scales are comparable.
    """
    known = {
        (pair.first, pair.second): pair
        for pair in pairs
        if pair.gap == 1 or len({parts[n] for n in range(pair.first, pair.second + 1) if n in parts}) < 2
    }
    wider: dict[int, list[MeasuredPair]] = {}
    for pair in sorted(known.values(), key=lambda one: one.gap):
        for number in range(pair.first, pair.second):
            wider.setdefault(number, []).append(pair)
    placed = [PlacedFrame(0, np.eye(4))]
    part = parts.get(0)
    for number in range(1, count):
        step = _step(number - 1, known, baselines, wider=wider.get(number - 1, ()))
        other = parts.get(number)
        if step is None or (part is not None and other is not None and part != other):
            placed.append(PlacedFrame(placed[-1].segment + 1, np.eye(4)))
            part = other
        else:
            pose = placed[-1].T_camera_to_world @ np.linalg.inv(step)
            placed.append(PlacedFrame(placed[-1].segment, pose))
            part = other if other is not None else part
    return placed


def _step(
    first: int,
    known: Mapping[Numbers, MeasuredPair],
    baselines: Mapping[Numbers, float],
    *,
    wider: Sequence[MeasuredPair],
) -> Pose | None:
    """Return T_first_to_next as measured, or its share of a wider pair's motion; None if nothing tells it.

    `wider` are the pairs in which the step lies, the narrowest first. Of a camera that moves too slowly to be seen in
    one step such a pair tells the motion, if all its steps are too slow.
    """
    pair = known.get((first, first + 1))
    if pair is not None and pair.reason is None and (first, first + 1) in baselines:
        return _transform(pair, length=baselines[first, first + 1])
    turned = None if pair is None else pair.R_first_to_second
    stands = pair is not None and pair.reason == "standing"
    for wide in wider:
        steps = [known.get((number, number + 1)) for number in range(wide.first, wide.second)]
        creeps = all(step is not None and step.reason in TOO_SLOW for step in steps)
        if wide.reason is None and (wide.first, wide.second) in baselines and (creeps or not stands):
            share = _share(_transform(wide, length=baselines[wide.first, wide.second]), wide.gap)
            if turned is not None:
                share[:3, 3] = turned @ share[:3, :3].T @ share[:3, 3]
                share[:3, :3] = turned
            return share
    return _turn(turned) if pair is not None and pair.reason in TOO_SLOW and turned is not None else None


def _turn(R: Rotation) -> Pose:
    transform = np.eye(4)
    transform[:3, :3] = R
    return transform


def _transform(pair: MeasuredPair, *, length: float) -> Pose:
    transform = np.eye(4)
    transform[:3, :3] = np.array(pair.rotation)
    transform[:3, 3] = np.array(pair.direction) * length
    return transform


def _share(transform: Pose, steps: int) -> Pose:
    """Return one of `steps` equal steps whose rotation and way add up to the transform, nearly."""
    turn = np.asarray(cv2.Rodrigues(transform[:3, :3])[0], np.float64).ravel() / steps
    R = np.asarray(cv2.Rodrigues(turn)[0], np.float64)
    middle = np.asarray(cv2.Rodrigues(-turn * (steps - 1) / 2)[0], np.float64)
    share = np.eye(4)
    share[:3, :3] = R
    share[:3, 3] = middle @ transform[:3, 3] / steps
    return share

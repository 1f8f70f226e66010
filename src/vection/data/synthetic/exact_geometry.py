"""The exact geometry of a synthetic drive, stored as if it had been measured: what networks learn depth from."""

import numpy as np

from vection.arrays import ClassIds, DepthMap, Pose
from vection.data.clips.folder import ClipInfo
from vection.data.synthetic.frames import MOVING
from vection.data.synthetic.world.classes import SKY
from vection.errors import DataError
from vection.formats.measured_geometry import (
    FOLDER,
    MeasuredFrame,
    MeasuredList,
    MeasuredPair,
    rows4_of,
    rows_of,
    write_map,
    write_measured_list,
)

SKY_DEPTH = 300.0
"""Metres: the sky is taught to be far, which measuring cannot see."""
SKY_WEIGHT = 0.25


def write_exact_geometry(clip: ClipInfo) -> None:
    """Write `measured/` of a synthetic clip from its truth, in metres: depth, motion of neighbours, what moves.

    Things that move have their true depth. DataError if the clip has no truth.
    """
    folder = clip.folder / FOLDER
    folder.mkdir(exist_ok=True)
    poses = []
    frames = []
    for index, frame in enumerate(clip.frames):
        truth = clip.read_truth(index)
        if truth.T_camera_to_world is None or truth.semantics is None:
            raise DataError(f"The truth of {clip.folder} has no poses or classes; write the drive anew.")
        depth, weight = _depth(truth.depth, truth.semantics)
        moving = None if truth.category is None else truth.category == MOVING
        write_map(folder, frame.stem, depth=depth, weight=weight, moving=moving)
        poses.append(truth.T_camera_to_world)
        world = rows4_of(np.linalg.inv(poses[0]) @ poses[-1])
        frames.append(MeasuredFrame(frame.stem, share=float((depth > 0).mean()), scale=1.0, T_camera_to_world=world))
    pairs = tuple(_pair(first, poses[first], poses[first + 1]) for first in range(len(poses) - 1))
    listed = MeasuredList(
        width=clip.width,
        height=clip.height,
        measured_width=clip.width,
        measured_height=clip.height,
        source="truth of the synthetic world",
        settings={},
        pairs=pairs,
        frames=tuple(frames),
        exact=True,
    )
    write_measured_list(folder, listed)


def _depth(depth: DepthMap, semantics: ClassIds) -> tuple[DepthMap, DepthMap]:
    """Depth and weight; the sky has a depth, too."""
    sky = semantics == SKY
    weight = np.where(sky, np.float32(SKY_WEIGHT), (depth > 0).astype(np.float32))
    return np.where(sky, np.float32(SKY_DEPTH), depth), weight


def _pair(first: int, T_first_to_world: Pose, T_second_to_world: Pose) -> MeasuredPair:
    motion = np.linalg.inv(T_second_to_world) @ T_first_to_world
    baseline = float(np.linalg.norm(motion[:3, 3]))
    if baseline < 1e-6:
        return MeasuredPair(first, first + 1, reason="standing", rotation=rows_of(motion[:3, :3]))
    x, y, z = (float(value) for value in motion[:3, 3] / baseline)
    return MeasuredPair(first, first + 1, rotation=rows_of(motion[:3, :3]), direction=(x, y, z), baseline=baseline)

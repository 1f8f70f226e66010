"""A sample's part of the geometry measured in its clip."""

from collections.abc import Sequence

import numpy as np
import torch

from vection.formats.measured_geometry import MeasuredClip
from vection.samples import Measured


def read_sample(measured: MeasuredClip, target: int, sources: Sequence[int]) -> Measured:
    """Read depth, ground and motion of a target and its sources, in the clip's unit; DataError if a file is broken."""
    frame = measured.frames[target]
    depth = measured.read_depth(target)
    motions = [measured.T_first_to_second(target, source) for source in sources]
    known = [motion is not None for motion in motions]
    moving = np.zeros_like(depth.depth) if depth.moving is None else depth.moving.astype(np.float32)
    transforms = np.array([np.eye(4) if motion is None else motion for motion in motions], np.float32)
    return Measured(
        depth=torch.from_numpy(depth.depth)[None, None],
        weight=torch.from_numpy(depth.weight)[None, None],
        ground=torch.tensor([frame.ground or (0.0, 0.0, 0.0)], dtype=torch.float32),
        T_target_to_source=torch.from_numpy(transforms.reshape(1, len(known), 4, 4)),
        motion_known=torch.tensor([known], dtype=torch.bool),
        exact=torch.tensor([measured.listed.exact]),
        moving=torch.from_numpy(moving)[None, None],
    )

"""KITTI's odometry errors: drift over segments of 100 to 800 m, and the errors of the whole path."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int64

from vection.arrays import Poses
from vection.evaluation.paths.trajectory import (
    Alignment,
    Gaps,
    TrajectoryErrors,
    align,
    angle_of_trace,
    find_gaps,
    trajectory_errors,
)

Frames = Int64[np.ndarray, " frame"]
TruePoses = Float[np.ndarray, "true_frame 4 4"]

LENGTHS = (100.0, 200.0, 300.0, 400.0, 500.0, 600.0, 700.0, 800.0)
"""Metres."""


@dataclass(frozen=True)
class SegmentErrors:
    """Errors of the path's segments, in the order of their first frames."""

    first: Float[np.ndarray, " segment"]
    """Row of the first frame in the true path."""
    length: Float[np.ndarray, " segment"]
    """The length asked for, metres."""
    translation: Float[np.ndarray, " segment"]
    """Error per metre of the segment's length."""
    rotation: Float[np.ndarray, " segment"]
    """Radians per metre."""

    def mean(self, *, length: float | None = None) -> tuple[float, float]:
        """Return t_err in percent and r_err in degrees per 100 m, of all segments or those of one length; or NaN."""
        counted = np.ones(len(self.length), np.bool_) if length is None else self.length == length
        if not counted.any():
            return float("nan"), float("nan")
        return 100 * float(self.translation[counted].mean()), 100 * float(np.degrees(self.rotation[counted].mean()))


@dataclass(frozen=True)
class OdometryErrors:
    """Errors of a path after alignment."""

    segments: SegmentErrors
    path: TrajectoryErrors

    @property
    def t_err(self) -> float:
        """Percent, the mean over all segments of all lengths."""
        return self.segments.mean()[0]

    @property
    def r_err(self) -> float:
        """Degrees per 100 m, the mean over all segments of all lengths."""
        return self.segments.mean()[1]


def odometry_errors(
    predicted: Poses,
    true: TruePoses,
    *,
    alignment: Alignment = "scale",
    frames: Frames | None = None,
    gaps: Gaps | None = None,
) -> OdometryErrors:
    """Compare T_camera_to_world of the same frames, each path first re-based to its own first frame.

    `frames`: rows of the predicted frames in the whole true path, if some are missing. `gaps`: in which steps frames
    are missing; as `frames` tell if not given.
    """
    seen = true if frames is None else true[frames]
    based, true_based = rebase(predicted), rebase(seen)
    aligned, _ = align(based, true_based, alignment=alignment)
    segments = segment_errors(aligned, np.linalg.inv(seen[0]) @ true, frames=frames)
    gaps = find_gaps(frames) if gaps is None and frames is not None else gaps
    return OdometryErrors(segments, trajectory_errors(predicted, seen, alignment=alignment, gaps=gaps))


def rebase(poses: Poses) -> Poses:
    """Return the poses in the coordinates of the first camera."""
    return np.asarray(np.linalg.inv(poses[0]) @ poses)


def segment_errors(
    predicted: Poses,
    true: TruePoses,
    *,
    lengths: Sequence[float] = LENGTHS,
    stride: int = 10,
    frames: Frames | None = None,
) -> SegmentErrors:
    """Compare the motion over segments that begin at every `stride`-th frame of the sequence.

    Length is measured along the whole true path; a segment ends at the first frame beyond it. It is left out if there
    is none, or if one of its ends is not among the predicted `frames` (rows of `true`; all if None). Errors are divided
    by the length asked for, as KITTI does.
    """
    row_of = np.full(len(true), -1)
    row_of[np.arange(len(true)) if frames is None else frames] = np.arange(len(predicted))
    steps = np.linalg.norm(np.diff(true[:, :3, 3], axis=0), axis=1)
    travelled = np.concatenate([[0.0], np.cumsum(steps)])
    starts = np.arange(0, len(true), stride)
    ends = np.searchsorted(travelled, travelled[starts][:, None] + np.array(lengths), side="right")
    inside = ends < len(true)
    inside &= (row_of[starts] >= 0)[:, None] & (row_of[np.minimum(ends, len(true) - 1)] >= 0)
    row, column = np.nonzero(inside)
    first, last, length = starts[row], ends[row, column], np.array(lengths)[column]
    difference = np.linalg.inv(_motion(predicted, row_of[first], row_of[last])) @ _motion(true, first, last)
    return SegmentErrors(
        first.astype(np.float64),
        length,
        np.linalg.norm(difference[:, :3, 3], axis=1) / length,
        angle_of_trace(difference[:, :3, :3]) / length,
    )


def _motion(
    poses: TruePoses, first: Int64[np.ndarray, " segment"], last: Int64[np.ndarray, " segment"]
) -> Float[np.ndarray, "segment 4 4"]:
    """T_last_to_first."""
    return np.asarray(np.linalg.inv(poses[first]) @ poses[last])

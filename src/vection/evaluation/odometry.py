"""KITTI's odometry errors: drift over segments of 100 to 800 m, and the errors of the whole path."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int64

from vection.evaluation.trajectory import Alignment, Poses, TrajectoryErrors, align, angle_of_trace, trajectory_errors

Frames = Int64[np.ndarray, " segment"]

LENGTHS = (100.0, 200.0, 300.0, 400.0, 500.0, 600.0, 700.0, 800.0)
"""Metres."""


@dataclass(frozen=True)
class SegmentErrors:
    """Errors of the path's segments, in the order of their first frames."""

    first: Float[np.ndarray, " segment"]
    """Number of the first frame."""
    length: Float[np.ndarray, " segment"]
    """The length asked for, metres."""
    translation: Float[np.ndarray, " segment"]
    """Error per metre of the segment's length."""
    rotation: Float[np.ndarray, " segment"]
    """Radians per metre."""

    def mean(self, *, length: float | None = None) -> tuple[float, float]:
        """Return t_err in percent and r_err in degrees per 100 m, of all segments or those of one length; or NaN."""
        chosen = np.ones(len(self.length), np.bool_) if length is None else self.length == length
        if not chosen.any():
            return float("nan"), float("nan")
        return 100 * float(self.translation[chosen].mean()), 100 * float(np.degrees(self.rotation[chosen].mean()))


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
        """Degrees per 100 m, likewise."""
        return self.segments.mean()[1]


def odometry_errors(predicted: Poses, true: Poses, *, alignment: Alignment = "scale") -> OdometryErrors:
    """Compare T_camera_to_world of the same frames, each path first re-based to its own first frame."""
    based, true_based = rebase(predicted), rebase(true)
    aligned, _ = align(based, true_based, alignment=alignment)
    return OdometryErrors(segment_errors(aligned, true_based), trajectory_errors(predicted, true, alignment=alignment))


def rebase(poses: Poses) -> Poses:
    """Return the poses in the coordinates of the first camera."""
    return np.asarray(np.linalg.inv(poses[0]) @ poses)


def segment_errors(
    predicted: Poses, true: Poses, *, lengths: Sequence[float] = LENGTHS, stride: int = 10
) -> SegmentErrors:
    """Compare the motion over segments that begin at every `stride`-th frame.

    Length is measured along the true path; a segment ends at the first frame beyond it, and is left out if there is
    none. Errors are divided by the length asked for, as KITTI does.
    """
    steps = np.linalg.norm(np.diff(true[:, :3, 3], axis=0), axis=1)
    travelled = np.concatenate([[0.0], np.cumsum(steps)])
    starts = np.arange(0, len(true), stride)
    ends = np.searchsorted(travelled, travelled[starts][:, None] + np.array(lengths), side="right")
    row, column = np.nonzero(ends < len(true))
    first, last, length = starts[row], ends[row, column], np.array(lengths)[column]
    difference = np.linalg.inv(_motion(predicted, first, last)) @ _motion(true, first, last)
    return SegmentErrors(
        first.astype(np.float64),
        length,
        np.linalg.norm(difference[:, :3, 3], axis=1) / length,
        angle_of_trace(difference[:, :3, :3]) / length,
    )


def _motion(poses: Poses, first: Frames, last: Frames) -> Float[np.ndarray, "segment 4 4"]:
    """T_last_to_first."""
    return np.asarray(np.linalg.inv(poses[first]) @ poses[last])

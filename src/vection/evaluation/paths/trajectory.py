"""Errors of camera paths: short snippets (Zhou et al. 2017) and whole trajectories (Sturm et al. 2012).

Poses are T_camera_to_world, frame x 4 x 4; single steps are T_current_to_next.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float, Int64

from vection.arrays import Poses, Positions, Rotation, Vector3

Steps = Float[np.ndarray, "step 4 4"]
Gaps = Bool[np.ndarray, " step"]
"""Of the step behind each frame but the last, whether frames are missing in it."""
Alignment = Literal["none", "scale", "scale_7dof", "7dof", "6dof"]


@dataclass(frozen=True)
class SnippetErrors:
    """Errors by the first frame of each snippet."""

    translation: Float[np.ndarray, " snippet"]
    """Norm of all position differences, divided by the number of positions; unit of the true poses."""
    rotation: Float[np.ndarray, " snippet"]
    """Mean angle between true and predicted rotation over the snippet's frames, radians; the first contributes 0."""
    rmse: Float[np.ndarray, " snippet"]
    """Root of the mean squared position difference, which `translation` is not."""
    scale: Float[np.ndarray, " snippet"]
    """What the predicted positions were multiplied by."""
    speed: Float[np.ndarray, " snippet"]
    """Mean length of the true steps."""


@dataclass(frozen=True)
class TrajectoryErrors:
    """Errors of a whole path after alignment."""

    ate: float
    """Root mean square position difference."""
    rpe_translation: float
    """Mean over frames that follow each other of the norm of the difference of motion."""
    rpe_rotation: float
    """Mean angle of the difference of motion, radians, from the trace alone as the public KITTI tools have it."""
    scale: float
    """What the predicted positions were multiplied by."""


def steps_from_poses(poses: Poses) -> Steps:
    """T_current_to_next = inv(T_next_to_world) T_current_to_world."""
    return np.asarray(np.linalg.inv(poses[1:]) @ poses[:-1])


def poses_from_steps(steps: Steps) -> Poses:
    """Chain steps to T_camera_to_world with the first camera as the world: M <- M inv(T)."""
    return chain(np.linalg.inv(steps))


def chain(steps: Steps) -> Poses:
    """Products of the steps from the left, beginning with the identity: M <- M T."""
    poses = [np.eye(4)]
    for step in steps:
        poses.append(poses[-1] @ step)
    return np.stack(poses)


def snippet_errors(
    true_steps: Steps,
    predicted_steps: Steps,
    *,
    frames: int = 5,
    as_released: bool = False,
    fewest_frames: int | None = None,
) -> SnippetErrors:
    """Snippets of `frames` frames, one beginning at every frame; each is scaled by least squares, then compared.

    `as_released`: Monodepth2 and SGDepth multiply the steps T_current_to_next without inverting them, for truth and
    prediction alike (Dynamo-Depth for the truth alone: its prediction is T_next_to_current); otherwise the true path
    is used (SC-SfMLearner). `fewest_frames`: also the shorter snippets at the end that have at least so many: 2 in
    Monodepth2, frames - 1 in Dynamo-Depth. All of them divide the norm by the number of positions N, not by its root.
    """
    follow = chain if as_released else poses_from_steps
    starts = max(len(true_steps) - (fewest_frames or frames) + 2, 0)
    translation, rotation, rmse, scale, speed = np.zeros((5, starts))
    for start in range(starts):
        true = follow(true_steps[start : start + frames - 1])
        predicted = follow(predicted_steps[start : start + frames - 1])
        scale[start] = least_squares_scale(predicted[:, :3, 3], true[:, :3, 3])
        offsets = true[:, :3, 3] - scale[start] * predicted[:, :3, 3]
        translation[start] = np.linalg.norm(offsets) / len(true)
        rmse[start] = np.linalg.norm(offsets) / np.sqrt(len(true))
        speed[start] = np.linalg.norm(np.diff(true[:, :3, 3], axis=0), axis=1).mean()
        rotation[start] = rotation_angle(true[:, :3, :3] @ np.linalg.inv(predicted[:, :3, :3])).mean()
    return SnippetErrors(translation, rotation, rmse, scale, speed)


def find_gaps(frames: Int64[np.ndarray, " frame"]) -> Gaps:
    """Return in which steps frames are missing: those more than half as long again as the usual one (the median).

    So a path of every second or tenth frame of the truth has no gaps.

    >>> find_gaps(np.array([0, 1, 2, 7, 8])).tolist(), find_gaps(np.array([0, 3, 6, 10])).tolist()
    ([False, False, True, False], [False, False, False])
    """
    steps = np.diff(frames)
    return np.asarray(steps > 1.5 * np.median(steps))


def rotation_angle(rotation: Float[np.ndarray, "*batch 3 3"]) -> Float[np.ndarray, "*batch"]:
    """Angle in radians: atan2(|v|, trace - 1), v the antisymmetric part, 2 sin(angle) long; exact near 0."""
    v = np.stack(
        [
            rotation[..., 2, 1] - rotation[..., 1, 2],
            rotation[..., 0, 2] - rotation[..., 2, 0],
            rotation[..., 1, 0] - rotation[..., 0, 1],
        ],
        axis=-1,
    )
    return np.asarray(np.arctan2(np.linalg.norm(v, axis=-1), np.trace(rotation, axis1=-2, axis2=-1) - 1))


def angle_of_trace(rotation: Float[np.ndarray, "*batch 3 3"]) -> Float[np.ndarray, "*batch"]:
    """Angle in radians, arccos((trace - 1) / 2), clipped: published odometry numbers are made with it.

    It loses angles below the rounding of the poses (6 digits in KITTI's files), where `rotation_angle` does not.
    """
    cosine = (np.trace(rotation, axis1=-2, axis2=-1) - 1) / 2
    return np.asarray(np.arccos(np.clip(cosine, -1, 1)))


def least_squares_scale(predicted: Positions, true: Positions) -> float:
    """Return s that minimises |true - s predicted|^2: sum(p g) / sum(p p); 1 for a path at rest."""
    length = float(np.sum(predicted * predicted))
    return float(np.sum(predicted * true)) / length if length > 0 else 1.0


def umeyama(predicted: Positions, true: Positions, *, with_scale: bool = True) -> tuple[float, Rotation, Vector3]:
    """Return s, R, t that minimise the sum of |true - (s R predicted + t)|^2 (Umeyama 1991, eq. 34 to 43)."""
    mean_p, mean_g = predicted.mean(axis=0), true.mean(axis=0)
    centred_p, centred_g = predicted - mean_p, true - mean_g
    covariance = centred_g.T @ centred_p / len(predicted)  # eq. 38
    U, singular, Vt = np.linalg.svd(covariance)
    S = np.diag([1.0, 1.0, np.sign(np.linalg.det(U) * np.linalg.det(Vt))])  # eq. 39, 43
    R = U @ S @ Vt  # eq. 40
    variance = np.mean(np.sum(centred_p**2, axis=1))  # eq. 36
    s = float(singular @ np.diag(S) / variance) if with_scale and variance > 0 else 1.0  # eq. 42
    return s, R, mean_g - s * R @ mean_p  # eq. 41


def align(predicted: Poses, true: Poses, *, alignment: Alignment) -> tuple[Poses, float]:
    """Return predicted poses aligned to the true ones, and the factor on their positions; both begin at the identity.

    'scale': least squares with the origin fixed; 'scale_7dof': only the scale of the similarity; '7dof': scale and
    rigid motion; '6dof': rigid motion only. The scale acts first, then the rigid motion from the left.
    """
    aligned = predicted.copy()
    positions = predicted[:, :3, 3]
    if alignment == "none":
        return aligned, 1.0
    if alignment == "scale":
        scale = least_squares_scale(positions, true[:, :3, 3])
    else:
        scale, R, t = umeyama(positions, true[:, :3, 3], with_scale=alignment != "6dof")
    aligned[:, :3, 3] *= scale
    if alignment in ("7dof", "6dof"):
        rigid = np.eye(4)
        rigid[:3, :3], rigid[:3, 3] = R, t
        aligned = rigid @ aligned
    return aligned, scale


def scale_every_step(predicted: Poses, true: Poses) -> Poses:
    """Give every step of a path the length of the true one, and chain the steps again.

    It takes all drift of scale away; SC-SfMLearner's table does it to methods whose scale changes from frame to frame.
    """
    steps, true_steps = steps_from_poses(predicted), steps_from_poses(true)
    lengths, true_lengths = (np.linalg.norm(path[:, :3, 3], axis=1) for path in (steps, true_steps))
    steps[:, :3, 3] *= (true_lengths / np.maximum(lengths, 1e-12))[:, None]
    return np.asarray(predicted[0] @ poses_from_steps(steps))


def trajectory_errors(
    predicted: Poses, true: Poses, *, alignment: Alignment = "scale", gaps: Gaps | None = None
) -> TrajectoryErrors:
    """Compare whole paths frame by frame, each first re-based to its own first frame.

    Of steps in which frames are missing (`gaps`) there is no RPE.
    """
    predicted, true = np.linalg.inv(predicted[0]) @ predicted, np.linalg.inv(true[0]) @ true
    aligned, scale = align(predicted, true, alignment=alignment)
    offsets = aligned[:, :3, 3] - true[:, :3, 3]
    # inv(true motion) * predicted motion, a motion being inv(T_i) T_(i+1)
    true_motion = np.linalg.inv(true[:-1]) @ true[1:]
    difference = np.linalg.inv(true_motion) @ (np.linalg.inv(aligned[:-1]) @ aligned[1:])
    if gaps is not None:
        difference = difference[~gaps]
    return TrajectoryErrors(
        ate=float(np.sqrt(np.mean(np.sum(offsets**2, axis=1)))),
        rpe_translation=float(np.mean(np.linalg.norm(difference[:, :3, 3], axis=1))),
        rpe_rotation=float(np.mean(angle_of_trace(difference[:, :3, :3]))),
        scale=scale,
    )

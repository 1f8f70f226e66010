"""The camera's path as text: TUM (time, position, quaternion), KITTI (3x4 matrices), CSV; all T_camera_to_world."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from vection.arrays import Pose, Rotation

CSV_HEADER = "frame,seconds,x,y,z,qx,qy,qz,qw"


def quaternion(rotation: Rotation) -> tuple[float, float, float, float]:
    """Return x, y, z, w of a rotation, w >= 0.

    Of the four ways to divide, the one by the largest component (Shepperd 1978), so that no angle loses digits.
    """
    R = rotation
    trace = R.trace()
    largest = int(np.argmax([R[0, 0], R[1, 1], R[2, 2], trace]))
    if largest == 3:
        q = np.array([R[2, 1] - R[1, 2], R[0, 2] - R[2, 0], R[1, 0] - R[0, 1], 1 + trace])
    else:
        i, j, k = largest, (largest + 1) % 3, (largest + 2) % 3
        q = np.zeros(4)
        q[i] = 1 + R[i, i] - R[j, j] - R[k, k]
        q[j] = R[j, i] + R[i, j]
        q[k] = R[k, i] + R[i, k]
        q[3] = R[k, j] - R[j, k]
    q = q / np.linalg.norm(q) * (1 if q[3] >= 0 else -1)
    x, y, z, w = q.tolist()
    return x, y, z, w


def rotation_matrix(quaternions: Float[np.ndarray, "frame 4"]) -> Float[np.ndarray, "frame 3 3"]:
    """Return the rotations of quaternions x, y, z, w, which are normalised first."""
    x, y, z, w = (quaternions / np.linalg.norm(quaternions, axis=1, keepdims=True)).T
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
    ]
    return np.array(rows).transpose(2, 0, 1)


def tum_text(poses: Sequence[Pose], seconds: Sequence[float]) -> str:
    """One line a frame: `seconds tx ty tz qx qy qz qw`."""
    lines = [f"{time:.6f} {' '.join(_numbers(pose))}" for pose, time in zip(poses, seconds, strict=True)]
    return "".join(f"{line}\n" for line in lines)


def csv_text(poses: Sequence[Pose], seconds: Sequence[float]) -> str:
    """A header, then one line a frame: its number, seconds, position, quaternion."""
    rows = enumerate(zip(poses, seconds, strict=True))
    lines = [f"{index},{time:.6f},{','.join(_numbers(pose))}" for index, (pose, time) in rows]
    return "".join(f"{line}\n" for line in [CSV_HEADER, *lines])


def kitti_text(poses: Sequence[Pose]) -> str:
    """One line a frame: the upper 3x4 of the pose, row by row."""
    return "".join(" ".join(f"{number:.9g}" for number in pose[:3].ravel()) + "\n" for pose in poses)


def _numbers(pose: Pose) -> list[str]:
    return [f"{number:.9g}" for number in (*pose[:3, 3].tolist(), *quaternion(pose[:3, :3]))]

"""The camera's path as text: T_camera_to_world of every frame in the format of TUM, of KITTI, or as CSV.

TUM: `seconds tx ty tz qx qy qz qw` a line. KITTI: the 12 numbers of the upper three rows a line. CSV: below a header
the frame's number (or, where that is not known, the row's) and TUM's eight, "nan" for unknown seconds. Paths of other
programs are read in the same formats, so these have no number of their own.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int64

from vection.arrays import Pose, Poses
from vection.errors import DataError
from vection.files import read_text

FrameNumbers = Int64[np.ndarray, " frame"]
Rows = Float[np.ndarray, "line number"]
Quaternions = Float[np.ndarray, "frame 4"]

TUM_FILE = "path_tum.txt"
KITTI_FILE = "path_kitti.txt"
CSV_FILE = "path.csv"
TRUE_FILE = "path_truth_kitti.txt"
"""The true path in KITTI's format, beside a predicted one or in a clip folder."""
PICTURE_FILE = "path.png"
SCORES_FILE = "odometry.json"
"""Scores of paths against the true ones, in the folder of the paths."""

CSV_HEADER = "frame,seconds,x,y,z,qx,qy,qz,qw"
TIMELESS = "# times are not known: frames are a second apart"
"""Comment of a file in TUM's format."""
UNNUMBERED_HEADER = CSV_HEADER.replace("frame", "row")
"""Where frames have no numbers."""
COLUMNS = (8, 9, 12, 13, 16)
"""How many numbers a line may have: TUM, CSV, KITTI, KITTI after a frame number, 4 x 4."""

LATEST = 1e11
"""Seconds since 1970 in the year 5138; what begins later is in another unit."""
LONGEST_STEP = 1000.0
"""Seconds between two poses."""
STEADY, UNSTEADY = 0.97, 0.8
"""Bounds of `_steadiness` of a vehicle's path, and of one whose rotations are wrong."""


@dataclass(frozen=True)
class CameraPath:
    """Where a camera was."""

    description: str
    poses: Poses
    seconds: Float[np.ndarray, " frame"] | None = None
    numbers: FrameNumbers | None = None
    """Numbers of the frames in their sequence, where the file states them; increasing."""
    motion: str = ""
    """Where the motion of a predicted path comes from, in words."""
    seen: str = ""
    """Which part of the frames it was predicted from, in words; empty if it is all of them."""

    def __len__(self) -> int:
        """Return the number of poses."""
        return len(self.poses)


def tum_text(poses: Sequence[Pose], seconds: Sequence[float] | None, *, motion: str = "") -> str:
    """Return the path in TUM's format, with `seconds` of every frame.

    Where these are unknown, or do not increase as readers expect it, frames are a second apart. Comments say so, and
    where the `motion` comes from.
    """
    about = f"# motion: {motion}\n" if motion else ""
    if seconds is None or (np.diff(np.round(seconds, 6)) <= 0).any():
        about += f"{TIMELESS}\n"
        seconds = range(len(poses))
    lines = [f"{time:.6f} {' '.join(_numbers(pose))}" for pose, time in zip(poses, seconds, strict=True)]
    return about + "".join(f"{line}\n" for line in lines)


def csv_text(path: CameraPath) -> str:
    """Return the path as CSV: with numbers and times of the frames, as far as these are known."""
    header = UNNUMBERED_HEADER if path.numbers is None else CSV_HEADER
    numbers = range(len(path)) if path.numbers is None else path.numbers.tolist()
    seconds = [float("nan")] * len(path) if path.seconds is None else path.seconds.tolist()
    rows = zip(numbers, seconds, path.poses, strict=True)
    lines = [f"{number},{time:.6f},{','.join(_numbers(pose))}" for number, time, pose in rows]
    return "".join(f"{line}\n" for line in [header, *lines])


def kitti_text(poses: Sequence[Pose]) -> str:
    """Return the path in KITTI's format."""
    return "".join(" ".join(f"{number:.12g}" for number in pose[:3].ravel()) + "\n" for pose in poses)


def read_path(file: Path) -> CameraPath:
    """Read T_camera_to_world of every frame; the number of columns tells the format.

    8: TUM (seconds, position, quaternion x y z w); 9 below our header: CSV (the same after a frame number); 12: KITTI
    (upper three rows); 13: the same after a frame number; 16: 4 x 4.
    UsageError if it cannot be opened, DataError for anything else.
    """
    text = read_text(file, remedy="a camera path in the format of TUM, of KITTI or as CSV is expected.")
    lines = [line.replace(",", " ").split() for line in text.splitlines() if line.strip() and line.strip()[0] != "#"]
    header = ",".join(lines.pop(0)) if lines and ",".join(lines[0]) in (CSV_HEADER, UNNUMBERED_HEADER) else ""
    columns = {len(line) for line in lines}
    if len(columns) != 1 or not columns <= {*COLUMNS}:
        raise DataError(
            f"{file} is no camera path: its lines have {', '.join(map(str, sorted(columns))) or 'no'} columns; TUM has"
            " 8, our CSV 9, KITTI 12 (13 with a frame number)."
        )
    try:
        rows = np.array(lines, np.float64)
    except ValueError as error:
        raise DataError(f"{file} is no camera path: {error}.") from error
    timeless = TIMELESS in text.splitlines()
    if header and np.isnan(rows[:, 1]).all():
        rows[:, 1], timeless = np.arange(len(rows)), True
    if not np.isfinite(rows).all():
        raise DataError(f"{file} holds a number that is not finite in line {_first_bad(rows)}.")
    path = _path_of_rows(rows, file)
    return replace(
        path,
        seconds=None if timeless else path.seconds,
        numbers=None if header == UNNUMBERED_HEADER else path.numbers,
    )


def _path_of_rows(rows: Rows, file: Path) -> CameraPath:
    columns = rows.shape[1]
    numbers = rows[:, 0].astype(np.int64) if columns in (9, 13) else None
    if numbers is not None and ((numbers != rows[:, 0]).any() or (np.diff(numbers) <= 0).any()):
        raise DataError(f"The first column of {file} does not hold increasing frame numbers.")
    poses = np.tile(np.eye(4), (len(rows), 1, 1))
    if columns in (8, 9):
        seconds, rest = rows[:, -8], rows[:, -7:]
        _check_seconds(seconds, file)
        if (np.abs(np.linalg.norm(rest[:, 3:], axis=1) - 1) > 0.01).any():
            raise DataError(f"{file} holds a quaternion that is not of length 1; the order is x y z w, last columns.")
        poses[:, :3, :3] = rotation_matrix(rest[:, 3:])
        poses[:, :3, 3] = rest[:, :3]
        _check_order(poses, rest[:, 3:], file)
        return CameraPath(str(file), poses, seconds=seconds, numbers=numbers)
    poses[:, :3] = (rows[:, :12] if columns == 16 else rows[:, -12:]).reshape(-1, 3, 4)
    R = poses[:, :3, :3]
    if (np.abs(R @ R.transpose(0, 2, 1) - np.eye(3)) > 0.01).any() or (np.linalg.det(R) < 0).any():
        raise DataError(f"{file} holds a matrix that is no rotation; KITTI's lines are the rows of [R | t].")
    return CameraPath(str(file), poses, numbers=numbers)


def _check_seconds(seconds: Float[np.ndarray, " frame"], file: Path) -> None:
    """Raise DataError for times that do not increase, or that no camera has in seconds."""
    steps = np.diff(seconds)
    if (steps <= 0).any():
        raise DataError(f"The times of {file} do not increase; sort its lines.")
    if abs(seconds[0]) > LATEST or (len(steps) and np.median(steps) > LONGEST_STEP):
        step = float(np.median(steps)) if len(steps) else 0.0
        raise DataError(
            f"The times of {file} begin at {seconds[0]:g} and are {step:g} apart, so they are in milli-, micro- or "
            "nanoseconds; TUM's are in seconds, write them so."
        )


def _check_order(poses: Poses, stated: Quaternions, file: Path) -> None:
    """Raise DataError if the camera travels along one of its axes only with the real part of quaternions first."""
    as_read, real_first = (_steadiness(poses, q) for q in (stated, stated[:, [1, 2, 3, 0]]))
    if real_first > STEADY and as_read < UNSTEADY:
        raise DataError(
            f"{file} seems to hold quaternions in the order w x y z: read as x y z w, TUM's, the camera would travel "
            "in all directions, else along its axis; put the real part last."
        )


def _steadiness(poses: Poses, quaternions: Quaternions) -> float:
    """Length of the mean direction, in the camera's coordinates, of its steps: 1 if it is the same everywhere."""
    steps = np.diff(poses[:, :3, 3], axis=0)
    length = np.linalg.norm(steps, axis=1)
    moved = length > 0.1 * length.max(initial=0.0)
    if not moved.any():
        return 0.0
    R = rotation_matrix(quaternions[:-1][moved])
    local = (steps[moved] / length[moved, None])[:, None] @ R
    return float(np.linalg.norm(local.mean(axis=0)))


def quaternion(rotation: Float[np.ndarray, "3 3"]) -> tuple[float, float, float, float]:
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


def _numbers(pose: Pose) -> list[str]:
    return [f"{number:.12g}" for number in (*pose[:3, 3].tolist(), *quaternion(pose[:3, :3]))]


def _first_bad(rows: Rows) -> int:
    return int(np.flatnonzero(~np.isfinite(rows).all(axis=1))[0]) + 1

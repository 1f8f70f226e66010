"""KITTI's rectified cameras, and the times of their frames."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import numpy as np

from vection.arrays import Pose, Projection, Vector3
from vection.data.calibration.kitti_rows import Calibration, calibration_matrix, read_kitti_calibration
from vection.data.clips.intrinsics import CameraIntrinsics, camera_numbers
from vection.errors import DataError
from vection.files import read_text

STEREO_PAIRS = {"00": "01", "01": "00", "02": "03", "03": "02"}
"""Grey and colour cameras, left and right."""
RESTORE_TIMES = "restore it, or remove it, and the usual interval is assumed."


@dataclass(frozen=True)
class RectifiedCamera:
    """A camera that looks along the same axes as camera 0, elsewhere."""

    P: Projection
    """Projection from camera 0's rectified coordinates, K [I | t], metres."""
    size: tuple[int, int] | None
    """Width and height that the calibration states."""

    @property
    def centre(self) -> Vector3:
        """Return the camera's place in camera 0's rectified coordinates, metres: x with P [x; 1] = 0."""
        return np.asarray(-np.linalg.solve(self.P[:, :3], self.P[:, 3]), dtype=np.float64)

    def intrinsics(self, *, width: int, height: int) -> CameraIntrinsics:
        """Return the camera of stored images of this size, which may be smaller than the calibration says."""
        wide, high = self.size or (width, height)
        camera = CameraIntrinsics(wide, high, *camera_numbers(self.P), "KITTI")
        return camera if (wide, high) == (width, height) else camera.resized(width=width, height=height)

    def transform_to(self, other: "RectifiedCamera") -> Pose:
        """Return T_this_to_other; the axes are the same."""
        T = np.eye(4)
        T[:3, 3] = self.centre - other.centre
        return T


def read_raw_cameras(date_folder: Path, *, names: tuple[str, ...] = ("02", "03")) -> dict[str, RectifiedCamera]:
    """Read `calib_cam_to_cam.txt` of a day of KITTI raw."""
    content = read_kitti_calibration(date_folder / "calib_cam_to_cam.txt")
    cameras = {}
    for name in names:
        size = content.get(f"S_rect_{name}")
        P = calibration_matrix(content, f"P_rect_{name}", shape=(3, 4))
        cameras[name] = RectifiedCamera(_check(P, name), None if size is None else (int(size[0]), int(size[1])))
    return cameras


def read_odometry_cameras(file: Path) -> dict[str, RectifiedCamera]:
    """Read `calib.txt` of an odometry sequence: lines `P0: 12 numbers` .. `P3:`, without names in the oldest files."""
    content = _unnamed_rows(file) or read_kitti_calibration(file)
    numbers = [number for number in range(4) if f"P{number}" in content]
    matrices = {f"0{number}": calibration_matrix(content, f"P{number}", shape=(3, 4)) for number in numbers}
    if not matrices:
        raise DataError(f"{file} has no line 'P2: 12 numbers', so it is not the calibration of a KITTI sequence.")
    return {name: RectifiedCamera(_check(P, name), None) for name, P in matrices.items()}


def read_timestamps(file: Path) -> list[float] | None:
    """Return seconds from the first line of a `timestamps.txt` of KITTI raw, None if it is missing.

    DataError if it is broken.
    """
    if not file.is_file():
        return None
    lines = read_text(file, remedy=RESTORE_TIMES, missing=DataError).split("\n")
    try:
        # nanoseconds are written, Python reads microseconds
        times = [datetime.fromisoformat(line.strip()[:26]) for line in lines if line.strip()]
        seconds = [(time - times[0]).total_seconds() for time in times]
    except (ValueError, TypeError) as error:
        raise DataError(f"{file} holds something else than a time a line ({error}); {RESTORE_TIMES}") from error
    return check_times(seconds, file)


def check_times(seconds: list[float], file: Path) -> list[float]:
    """Return the times of a drive; DataError unless there are some, and they increase."""
    if not seconds or not all(before < after for before, after in pairwise(seconds)):
        raise DataError(f"The times in {file} are missing or do not increase; {RESTORE_TIMES}")
    return seconds


def timing(
    seconds: list[float] | None, *, interval: float, present: Sequence[int], file: Path
) -> Callable[[int], float]:
    """Return the function that tells a frame's time: by `seconds`, or at a usual `interval` where they are not known.

    Of frames that are listed but not there it is of no interest. DataError if `file` lacks the time of a `present` one.
    """
    if seconds is None:
        return lambda frame: frame * interval
    if max(present, default=0) >= len(seconds):
        raise DataError(f"{file} ends before frame {max(present)}; {RESTORE_TIMES}")
    return lambda frame: seconds[frame] if frame < len(seconds) else frame * interval


def _unnamed_rows(file: Path) -> Calibration:
    """The rows of 12 numbers of a file in which no row has a name."""
    try:
        rows = [[float(word) for word in line.split()] for line in file.read_text(encoding="utf-8").splitlines()]
    except (OSError, ValueError):
        return {}
    return {f"P{number}": np.array(row) for number, row in enumerate(rows) if len(row) == 12}


def _check(P: Projection, name: str) -> Projection:
    if not np.isfinite(P).all() or P[0, 0] <= 0 or P[1, 1] <= 0 or abs(np.linalg.det(P[:, :3])) < 1e-9:
        raise DataError(f"The projection of camera {name} is no camera matrix; take KITTI's own calibration file.")
    return np.asarray(P, dtype=np.float64)

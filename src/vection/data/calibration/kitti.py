"""KITTI's calib_cam_to_cam.txt (raw, rectified images) and calib.txt (odometry), as the calibration of a camera."""

import re
from pathlib import Path

from vection.data.calibration.calibration import Calibration, chosen, pixels
from vection.data.calibration.kitti_rows import calibration_matrix, read_kitti_calibration

PROJECTION = r"P(_rect_0)?\d"
LEFT_COLOUR = ("P_rect_02", "P2")


def read_kitti(file: Path, *, camera: str | None) -> Calibration:
    """Read one rectified camera; the left colour camera, P_rect_02 or P2, if none is named."""
    rows = read_kitti_calibration(file)
    projections = [name for name in rows if re.fullmatch(PROJECTION, name)]
    left = next((name for name in LEFT_COLOUR if name in projections), None)
    name = chosen(projections, camera or left, where=str(file))
    P, stated = calibration_matrix(rows, name, shape=(3, 4)), f"S{name[1:]}"
    size = calibration_matrix(rows, stated, shape=(1, 2))[0] if stated in rows else None
    return Calibration(
        numbers=(float(P[0, 0]), float(P[1, 1]), float(P[0, 2]), float(P[1, 2])),
        size=None if size is None else (pixels(size[0], where=str(file)), pixels(size[1], where=str(file))),
        source=f"KITTI's {file.name}, {name}",
    )

"""KITTI's calib_cam_to_cam.txt (raw, rectified images) and calib.txt (odometry)."""

import re
from pathlib import Path

from vection.data.calibration.calibration import Calibration, chosen
from vection.errors import DataError

LEFT_COLOUR = ("P_rect_02", "P2")


def read_kitti(file: Path, text: str, *, camera: str | None) -> Calibration:
    """Read one rectified camera; the left colour camera, P_rect_02 or P2, if none is named."""
    rows = {key.strip(): value for key, _, value in (line.partition(":") for line in text.splitlines())}
    projections = {key: value for key, value in rows.items() if re.fullmatch(r"P(_rect_0)?\d", key)}
    left = next((name for name in LEFT_COLOUR if name in projections), None)
    name = chosen(projections, camera or left, where=str(file))
    try:
        numbers = [float(value) for value in projections[name].split()]
        size = [float(value) for value in rows.get(f"S{name[1:]}", "").split()]
    except ValueError as error:
        raise DataError(f"{name} in {file} is not a row of numbers.") from error
    if len(numbers) != 12 or len(size) not in (0, 2):
        raise DataError(f"{name} in {file} has {len(numbers)} numbers; a projection has 12, and a size two.")
    fx, cx, fy, cy = numbers[0], numbers[2], numbers[5], numbers[6]
    stated = (int(size[0]), int(size[1])) if size else None
    return Calibration((fx, fy, cx, cy), stated, f"KITTI's {file.name}, {name}")

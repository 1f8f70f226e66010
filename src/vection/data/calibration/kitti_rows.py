"""KITTI calibration files: `calib_cam_to_cam.txt`, `calib_velo_to_cam.txt` and their like."""

from pathlib import Path

import numpy as np
from jaxtyping import Float

from vection.errors import DataError
from vection.files import read_text

Calibration = dict[str, Float[np.ndarray, " number"]]
"""The numbers of each line by its name."""


def read_kitti_calibration(file: Path) -> Calibration:
    """Return each numeric line `NAME: numbers` as a flat float64 array; other lines (dates) are left out.

    Raises UsageError if the file is missing and DataError if it holds no numeric line.
    """
    values = {}
    for line in read_text(file, remedy="take KITTI's own calibration file.").splitlines():
        name, _, numbers = line.partition(":")
        try:
            row = np.array([float(number) for number in numbers.split()])
        except ValueError:
            continue
        if row.size:
            values[name.strip()] = row
    if not values:
        raise DataError(f"{file} has no line 'NAME: numbers', so it is not a KITTI calibration.")
    return values


def calibration_matrix(
    calibration: Calibration, name: str, *, shape: tuple[int, int]
) -> Float[np.ndarray, "row column"]:
    """Return one entry as a matrix; DataError if it is missing or of another size."""
    if name not in calibration or calibration[name].size != shape[0] * shape[1]:
        raise DataError(f"The calibration lacks '{name}' with {shape[0]}x{shape[1]} numbers; take KITTI's own file.")
    if not np.isfinite(calibration[name]).all():
        raise DataError(f"The calibration's '{name}' holds a number that is not finite; take KITTI's own file.")
    return calibration[name].reshape(shape)

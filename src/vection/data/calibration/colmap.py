"""COLMAP's cameras.txt."""

from pathlib import Path

from vection.data.calibration.calibration import Calibration, chosen, lens
from vection.errors import DataError

PARAMETERS = {
    "SIMPLE_PINHOLE": ("f", "cx", "cy"),
    "PINHOLE": ("fx", "fy", "cx", "cy"),
    "SIMPLE_RADIAL": ("f", "cx", "cy", "k1"),
    "RADIAL": ("f", "cx", "cy", "k1", "k2"),
    "OPENCV": ("fx", "fy", "cx", "cy", "k1", "k2", "p1", "p2"),
    "FULL_OPENCV": ("fx", "fy", "cx", "cy", "k1", "k2", "p1", "p2", "k3", "k4", "k5", "k6"),
    "OPENCV_FISHEYE": ("fx", "fy", "cx", "cy", "k1", "k2", "k3", "k4"),
    "SIMPLE_RADIAL_FISHEYE": ("f", "cx", "cy", "k1"),
    "RADIAL_FISHEYE": ("f", "cx", "cy", "k1", "k2"),
}
"""Numbers of each camera model, in COLMAP's order."""
CENTRE = 0.5
"""Where COLMAP has the centre of the first pixel."""


def read_colmap(file: Path, text: str, *, camera: str | None) -> Calibration:
    """Read one camera, named by its number. Raises DataError for a model that is not read."""
    lines = [line.split() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    name = chosen({line[0]: line for line in lines}, camera, where=str(file))
    _, model, *values = next(line for line in lines if line[0] == name)
    where = f"{file}#{name}"
    if model not in PARAMETERS:
        raise DataError(f"{where}: the camera model {model} is not read, only {', '.join(PARAMETERS)}.")
    try:
        width, height, numbers = int(values[0]), int(values[1]), [float(value) for value in values[2:]]
        of = dict(zip(PARAMETERS[model], numbers, strict=True))
    except (ValueError, IndexError) as error:
        count = len(PARAMETERS[model])
        raise DataError(f"{where}: a line of {model} is id, model, width, height and {count} numbers.") from error
    further = ("k1", "k2", "k3", "k4") if "FISHEYE" in model else ("k1", "k2", "p1", "p2", "k3", "k4", "k5", "k6")
    coefficients = [of.get(key, 0.0) for key in further]
    distortion, fisheye = lens("fisheye" if "FISHEYE" in model else "opencv", coefficients, where=where)
    fx, fy = of.get("fx", of.get("f", 0.0)), of.get("fy", of.get("f", 0.0))
    centre = of["cx"] - CENTRE, of["cy"] - CENTRE
    return Calibration((fx, fy, *centre), (width, height), f"COLMAP's {file.name}, camera {name}", distortion, fisheye)

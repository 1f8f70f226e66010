"""Calibrations in plain YAML: ROS's camera_info and Kalibr's camchain."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vection.data.calibration.calibration import Calibration, chosen, lens, pixels, refuse_unknown
from vection.errors import DataError
from vection.extras import extra

ROS_KEYS = (
    "image_width", "image_height", "width", "height", "camera_name", "camera_matrix", "K", "k", "distortion_model",
    "distortion_coefficients", "D", "d", "rectification_matrix", "R", "r", "projection_matrix", "P", "p", "header",
    "binning_x", "binning_y", "roi",
)  # fmt: skip
KALIBR_KEYS = (
    "camera_model", "intrinsics", "distortion_model", "distortion_coeffs", "resolution", "rostopic", "cam_overlaps",
    "T_cn_cnm1", "T_cam_imu", "timeshift_cam_imu",
)  # fmt: skip


def read_yaml(file: Path, text: str, *, camera: str | None) -> Calibration:
    """Read ROS's or Kalibr's YAML. Raises DataError for anything else."""
    with extra("video", purpose="Reading YAML"):
        import yaml
    try:
        content = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise DataError(f"{file} is no YAML ({' '.join(str(error).split())}); write it anew.") from error
    if not isinstance(content, dict):
        raise DataError(f"{file} holds no calibration: ROS's camera_info and Kalibr's camchain are read.")
    try:
        cameras = {key: value for key, value in content.items() if re.fullmatch(r"cam\d+", str(key))}
        if cameras:
            name = chosen(cameras, camera, where=str(file))
            return _kalibr(cameras[name], where=f"{file}#{name}", source=f"Kalibr's {file.name}, {name}")
        return _ros(content, where=str(file), source=f"ROS's {file.name}")
    except KeyError as error:
        raise DataError(f"{file} lacks {error}, or what is read as it; the camera cannot be known.") from error
    except (TypeError, ValueError, AttributeError) as error:
        raise DataError(f"A value in {file} is not what is expected of it ({error}).") from error


def _kalibr(content: Mapping[str, Any], *, where: str, source: str) -> Calibration:
    refuse_unknown(content, KALIBR_KEYS, where=where)
    if content["camera_model"] != "pinhole":
        raise DataError(f"{where}: the camera model {content['camera_model']} is not read, only pinhole.")
    model = str(content.get("distortion_model", "none"))
    coefficients = [float(number) for number in content.get("distortion_coeffs", [])]
    distortion, fisheye = lens(model, coefficients, where=where)
    width, height = (pixels(number, where=where) for number in content["resolution"])
    fx, fy, cx, cy = (float(number) for number in content["intrinsics"])
    return Calibration((fx, fy, cx, cy), (width, height), source, distortion, fisheye)


def _ros(content: Mapping[str, Any], *, where: str, source: str) -> Calibration:
    refuse_unknown(content, ROS_KEYS, where=where)
    for key in ("binning_x", "binning_y"):
        if content.get(key, 0) not in (0, 1):
            raise DataError(
                f"{where}: {key} {content[key]} is not read; give the calibration of the images as they are."
            )
    roi = content.get("roi") or {}
    if any(value for key, value in roi.items() if key != "do_rectify"):
        raise DataError(f"{where}: the region of interest is not read; give the calibration of the images as they are.")
    matrix = _data(content, "camera_matrix", "K", "k")
    if len(matrix) != 9 or any(matrix[i] for i in (1, 3, 6, 7)) or matrix[8] != 1:
        raise DataError(f"{where}: the camera matrix is not [fx, 0, cx, 0, fy, cy, 0, 0, 1]; skew is not read.")
    coefficients = _data(content, "distortion_coefficients", "D", "d", needed=False)
    distortion, fisheye = lens(str(content.get("distortion_model", "plumb_bob")), coefficients, where=where)
    width, height = (pixels(_first(content, f"image_{side}", side), where=where) for side in ("width", "height"))
    return Calibration((matrix[0], matrix[4], matrix[2], matrix[5]), (width, height), source, distortion, fisheye)


def _first(content: Mapping[str, Any], *keys: str) -> Any:
    for key in keys:
        if key in content:
            return content[key]
    raise KeyError(keys[0])


def _data(content: Mapping[str, Any], *keys: str, needed: bool = True) -> list[float]:
    """Return a matrix's numbers, row by row: {"data": [...]} in a file, [...] in a message."""
    if not needed and not any(key in content for key in keys):
        return []
    value = _first(content, *keys)
    return [float(number) for number in (value["data"] if isinstance(value, Mapping) else value)]

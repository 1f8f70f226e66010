"""KITTI's GPS/IMU packets as poses (`oxts/data/NNNNNNNNNN.txt`)."""

from pathlib import Path

import numpy as np
from jaxtyping import Float

from vection.arrays import Pose, Rotation
from vection.data.calibration.kitti_rows import Calibration, calibration_matrix, read_kitti_calibration
from vection.errors import DataError
from vection.files import read_text

EARTH_RADIUS = 6378137.0
"""Metres, as KITTI's own tools have it."""


def read_oxts_pose(file: Path, *, first_latitude: float) -> Pose:
    """T_imu_to_world in metres: x east, y north, z up, on a Mercator map of the scale at `first_latitude` (degrees)."""
    latitude, longitude, altitude, roll, pitch, yaw = _numbers(file, count=6)
    scale = np.cos(np.radians(first_latitude))
    T = np.eye(4)
    T[:3, :3] = _rotation(2, yaw) @ _rotation(1, pitch) @ _rotation(0, roll)
    T[:3, 3] = (
        scale * EARTH_RADIUS * np.radians(longitude),
        scale * EARTH_RADIUS * np.log(np.tan(np.radians(90 + latitude) / 2)),
        altitude,
    )
    return T


def read_latitude(file: Path) -> float:
    """Return the latitude of a packet in degrees."""
    return float(_numbers(file, count=6)[0])


def read_oxts_speed(file: Path) -> float:
    """Return the speed of a packet in metres a second: forward, to the left and up together."""
    return float(np.linalg.norm(_numbers(file, count=11)[8:11]))


def imu_to_rectified(date_folder: Path) -> Pose:
    """T_imu_to_camera_0, rectified, of `calib_imu_to_velo.txt`, `calib_velo_to_cam.txt` and `calib_cam_to_cam.txt`."""
    chain = [
        _rigid(read_kitti_calibration(date_folder / f"calib_{name}.txt")) for name in ("imu_to_velo", "velo_to_cam")
    ]
    rectify = np.eye(4)
    cameras = read_kitti_calibration(date_folder / "calib_cam_to_cam.txt")
    rectify[:3, :3] = calibration_matrix(cameras, "R_rect_00", shape=(3, 3))
    return np.asarray(rectify @ chain[1] @ chain[0])


def _numbers(file: Path, *, count: int) -> Float[np.ndarray, "count"]:
    """Return the first numbers of a packet."""
    text = read_text(file, remedy="unpack the GPS/IMU packets again.", missing=DataError)
    try:
        numbers = np.array(text.split()[:count], dtype=np.float64)
    except ValueError as error:
        raise DataError(f"The GPS/IMU packet {file} is broken ({error}).") from error
    if numbers.size != count:
        raise DataError(f"The GPS/IMU packet {file} holds {numbers.size} numbers instead of 30.")
    return numbers


def _rigid(content: Calibration) -> Pose:
    T = np.eye(4)
    T[:3, :3] = calibration_matrix(content, "R", shape=(3, 3))
    T[:3, 3] = calibration_matrix(content, "T", shape=(1, 3))[0]
    return T


def _rotation(axis: int, angle: float) -> Rotation:
    i, j = (axis + 1) % 3, (axis + 2) % 3
    R = np.eye(3)
    R[[i, i, j, j], [i, j, i, j]] = np.cos(angle), -np.sin(angle), np.sin(angle), np.cos(angle)
    return R

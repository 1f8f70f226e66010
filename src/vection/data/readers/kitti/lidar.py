"""KITTI's laser scans: read, and projected to depth maps of a rectified camera."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from jaxtyping import Float, Float32

from vection.arrays import DepthMap, Projection, Rotation, Vector3
from vection.data.calibration.kitti_rows import calibration_matrix, read_kitti_calibration
from vection.data.clips.truth_sources import TruthSource
from vection.errors import DataError, UsageError

Value = Literal["velodyne-x", "camera-z"]
Source = Literal["velodyne-x", "camera-z", "improved"]
SOURCES: dict[Source, TruthSource] = {
    "velodyne-x": "kitti-velodyne-x",
    "camera-z": "kitti-velodyne-z",
    "improved": "kitti-improved",
}
"""Forms of KITTI's true depth, as `data.clips.truth_sources` calls them."""


@dataclass(frozen=True)
class LidarCalibration:
    """How a laser point gets into a rectified camera's image."""

    P_rect: Projection
    """Projection of the rectified camera."""
    R_rect_00: Rotation
    """Rectifying rotation of camera 0, which all projections refer to."""
    R_velodyne_to_camera: Rotation
    t_velodyne_to_camera: Vector3
    """Metres."""
    width: int
    height: int
    """Size of the map: S_rect_02, whichever camera."""

    @property
    def projection(self) -> Projection:
        """P_rect * R_rect_00 * [R | t]: homogeneous velodyne points to homogeneous pixels."""
        rectify, velodyne_to_camera = np.eye(4), np.eye(4)
        rectify[:3, :3] = self.R_rect_00
        velodyne_to_camera[:3, :3] = self.R_velodyne_to_camera
        velodyne_to_camera[:3, 3] = self.t_velodyne_to_camera
        return np.asarray(self.P_rect @ rectify @ velodyne_to_camera)


def read_lidar_calibration(folder: Path, *, camera: int = 2) -> LidarCalibration:
    """Read `calib_cam_to_cam.txt` and `calib_velo_to_cam.txt` of a day's folder of KITTI raw."""
    cameras = read_kitti_calibration(folder / "calib_cam_to_cam.txt")
    velodyne = read_kitti_calibration(folder / "calib_velo_to_cam.txt")
    width, height = calibration_matrix(cameras, "S_rect_02", shape=(1, 2))[0]
    return LidarCalibration(
        P_rect=calibration_matrix(cameras, f"P_rect_0{camera}", shape=(3, 4)),
        R_rect_00=calibration_matrix(cameras, "R_rect_00", shape=(3, 3)),
        R_velodyne_to_camera=calibration_matrix(velodyne, "R", shape=(3, 3)),
        t_velodyne_to_camera=calibration_matrix(velodyne, "T", shape=(1, 3))[0],
        width=int(width),
        height=int(height),
    )


def lidar_depth_map(
    points: Float[np.ndarray, "point 4"],
    calibration: LidarCalibration,
    *,
    value: Value = "velodyne-x",
    reproduce_index_confusion: bool = False,
) -> DepthMap:
    """Depth map in metres, 0 where no point falls, the nearest point where several fall on a pixel.

    `points` are velodyne x (forward), y, z in metres and reflectance. Pixels are round(u) - 1, round(v) - 1 as in
    KITTI's Matlab tool, halves to even. 'velodyne-x' is the value behind the published Eigen numbers, 'camera-z' true
    depth. `reproduce_index_confusion` treats (row, last column) and (row + 1, column 0) as one pixel, as the published
    maps do: the smaller value goes to the pixel of the point that comes first, the other pixel keeps its last point.
    """
    points = points[points[:, 0] >= 0].astype(np.float64)
    homogeneous = np.column_stack([points[:, :3], np.ones(len(points))])
    projected = homogeneous @ calibration.projection.T
    finite = projected[:, 2] != 0
    points, projected = points[finite], projected[finite]
    pixels = np.round(projected[:, :2] / projected[:, 2:]) - 1
    inside = (pixels >= 0).all(axis=1) & (pixels[:, 0] < calibration.width) & (pixels[:, 1] < calibration.height)
    column, row = pixels[inside].astype(np.int64).T
    values = (points[:, 0] if value == "velodyne-x" else projected[:, 2])[inside]

    depth = np.zeros((calibration.height, calibration.width))
    depth[row, column] = values
    stride = calibration.width - 1 if reproduce_index_confusion else calibration.width
    _, first, group = np.unique(row * stride + column, return_index=True, return_inverse=True)
    nearest = np.full(len(first), np.inf)
    np.minimum.at(nearest, group, values)
    depth[row[first], column[first]] = nearest
    return np.maximum(depth, 0).astype(np.float32)


def read_scan(path: Path) -> Float32[np.ndarray, "point 4"]:
    """Read a `.bin` scan. UsageError if it is missing, DataError if it is not a list of four floats a point."""
    try:
        numbers = np.fromfile(path, dtype="<f4")
    except OSError as error:
        raise UsageError(f"The laser scan {path} cannot be read: {error.strerror}.") from error
    if not numbers.size or numbers.size % 4:
        raise DataError(f"{path} is not a KITTI laser scan: {numbers.size} numbers, not a multiple of 4.")
    return numbers.astype(np.float32).reshape(-1, 4)

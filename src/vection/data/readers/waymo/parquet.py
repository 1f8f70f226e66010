"""Waymo Open as parquet tables (v2): a folder a component, a file a segment."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, Shaped

from vection.arrays import Pose
from vection.data.readers.waymo.frame import (
    CAMERAS,
    WaymoBox,
    WaymoCamera,
    WaymoFrame,
    WaymoScan,
    even_inclinations,
    matrix4,
)
from vection.errors import DataError
from vection.extras import extra

# Columns of the keys
SEGMENT = "key.segment_context_name"
TIME = "key.frame_timestamp_micros"
CAMERA = "key.camera_name"
LASER = "key.laser_name"
INTRINSICS = ("f_u", "f_v", "c_u", "c_v", "k1", "k2", "p1", "p2", "k3")
Row = Mapping[str, Any]


def segment_times(root: Path, segment: str, *, camera: str) -> list[int]:
    """Return the frame times, in microseconds, at which the camera has an image."""
    columns = [TIME, CAMERA]
    rows = read_rows(root, "camera_image", segment, columns=columns, filters=[(CAMERA, "=", CAMERAS.index(camera))])
    return sorted(int(row[TIME]) for row in rows)


def read_frame(root: Path, segment: str, *, time: int, camera: str, with_scans: bool = True) -> WaymoFrame:
    """Return what one camera saw at a time; DataError if its image, calibration or pose is missing.

    What need not be there: camera_segmentation, lidar_box, lidar with lidar_calibration, lidar_pose and
    lidar_camera_projection.
    """
    at_time, of_camera = (TIME, "=", time), (CAMERA, "=", CAMERAS.index(camera))
    image = _only(root, "camera_image", segment, filters=[at_time, of_camera])
    pose = _only(root, "vehicle_pose", segment, filters=[at_time])
    calibration = _only(root, "camera_calibration", segment, filters=[of_camera])
    labels = _if_there(root, "camera_segmentation", segment, filters=[at_time, of_camera])
    prefix, label = "[CameraSegmentationLabelComponent].panoptic_label", labels[0] if labels else {}
    return WaymoFrame(
        camera=_camera(calibration),
        jpeg=image["[CameraImageComponent].image"],
        T_vehicle_to_world=_matrix(pose, "[VehiclePoseComponent].world_from_vehicle.transform"),
        T_vehicle_to_world_of_image=_matrix(image, "[CameraImageComponent].pose.transform"),
        panoptic_png=label.get(prefix),
        panoptic_divisor=int(label.get(f"{prefix}_divisor") or 1000),
        scans=_scans(root, segment, filters=[at_time]) if with_scans else (),
        boxes=tuple(_box(row) for row in _if_there(root, "lidar_box", segment, filters=[at_time])),
    )


def read_rows(
    root: Path, component: str, segment: str, *, filters: Sequence[tuple], columns: Sequence[str] | None = None
) -> list[Row]:
    """Return the rows of a component's table that pass the filters; DataError if the table is missing or broken."""
    with extra("waymo", purpose="Reading Waymo's parquet files"):
        import pyarrow as pa
        from pyarrow import parquet
    file = root / component / f"{segment}.parquet"
    if not file.is_file():
        raise DataError(f"Waymo's table {file} is missing; download the component {component}.")
    try:
        # one thread: the frames are shared out among processes already
        table = parquet.read_table(
            file, columns=None if columns is None else list(columns), filters=list(filters), use_threads=False
        )
        rows: list[Row] = table.to_pylist() if not _is_large(component) else _array_rows(table)
        return rows
    except (OSError, pa.ArrowException) as error:
        raise DataError(f"Waymo's table {file} cannot be read ({error}).") from error


def _is_large(component: str) -> bool:
    return component in ("lidar", "lidar_pose", "lidar_camera_projection")


def _array_rows(table: Any) -> list[Row]:
    """Rows whose lists are NumPy arrays; as Python lists a scan of 170 000 points takes seconds."""
    rows: list[Row] = []
    for index in range(table.num_rows):
        row = {}
        for name, column in zip(table.column_names, table.columns, strict=True):
            value = column[index]
            listed = getattr(value, "values", None)
            row[name] = value.as_py() if listed is None else listed.to_numpy(zero_copy_only=False)
        rows.append(row)
    return rows


def _if_there(root: Path, component: str, segment: str, *, filters: Sequence[tuple]) -> list[Row]:
    present = (root / component / f"{segment}.parquet").is_file()
    return read_rows(root, component, segment, filters=filters) if present else []


def _only(root: Path, component: str, segment: str, *, filters: Sequence[tuple]) -> Row:
    rows = read_rows(root, component, segment, filters=filters)
    if len(rows) != 1:
        raise DataError(f"Waymo's table {component} of {segment} has {len(rows)} rows for a frame; one is expected.")
    return rows[0]


def _matrix(row: Row, column: str) -> Pose:
    return matrix4(np.array(row[column], np.float64))


def _camera(row: Row) -> WaymoCamera:
    prefix = "[CameraCalibrationComponent]"
    fx, fy, cx, cy, k1, k2, p1, p2, k3 = (float(row[f"{prefix}.intrinsic.{name}"]) for name in INTRINSICS)
    extrinsic = _matrix(row, f"{prefix}.extrinsic.transform")
    size = int(row[f"{prefix}.width"]), int(row[f"{prefix}.height"])
    return WaymoCamera(*size, (fx, fy, cx, cy), (k1, k2, p1, p2, k3), extrinsic)


def _scans(root: Path, segment: str, *, filters: list[tuple]) -> tuple[WaymoScan, ...]:
    lasers = {row[LASER]: row for row in _if_there(root, "lidar_calibration", segment, filters=[(LASER, ">", 0)])}
    scans = {row[LASER]: row for row in _if_there(root, "lidar", segment, filters=filters)}
    poses = {row[LASER]: row for row in _if_there(root, "lidar_pose", segment, filters=filters)}
    projections = {row[LASER]: row for row in _if_there(root, "lidar_camera_projection", segment, filters=filters)}
    range_images = []
    for laser, row in scans.items():
        ranges = _image(row, "LiDARComponent")
        if ranges is None or laser not in lasers:
            continue
        pose = _image(poses.get(laser, {}), "LiDARPoseComponent")
        projected = _image(projections.get(laser, {}), "LiDARCameraProjectionComponent")
        range_images.append(
            WaymoScan(
                T_laser_to_vehicle=_matrix(lasers[laser], "[LiDARCalibrationComponent].extrinsic.transform"),
                inclinations=_inclinations(lasers[laser], rows=len(ranges)),
                ranges=ranges[..., 0].astype(np.float32),
                projections=None if projected is None else projected.astype(np.int64),
                poses=None if pose is None else pose.astype(np.float32),
            )
        )
    return tuple(range_images)


def _inclinations(row: Row, *, rows: int) -> Float[np.ndarray, " row"]:
    prefix = "[LiDARCalibrationComponent].beam_inclination"
    values = row.get(f"{prefix}.values")
    if values is not None and len(values):
        return np.array(values, np.float64)
    return even_inclinations(float(row[f"{prefix}.min"]), float(row[f"{prefix}.max"]), rows=rows)


def _image(row: Row, component: str) -> Shaped[np.ndarray, "row column channel"] | None:
    values = row.get(f"[{component}].range_image_return1.values")
    shape = row.get(f"[{component}].range_image_return1.shape")
    if values is None or shape is None or not len(values):
        return None
    if int(np.prod(shape)) != len(values):
        raise DataError(f"A range image of Waymo has {len(values)} values for the shape {list(shape)}.")
    return np.asarray(values).reshape(tuple(int(size) for size in shape))


def _box(row: Row) -> WaymoBox:
    prefix = "[LiDARBoxComponent]"
    velocity = [row.get(f"{prefix}.speed.{axis}") for axis in "xyz"]
    return WaymoBox(
        centre=np.array([row[f"{prefix}.box.center.{axis}"] for axis in "xyz"], np.float64),
        size=np.array([row[f"{prefix}.box.size.{axis}"] for axis in "xyz"], np.float64),
        heading=float(row[f"{prefix}.box.heading"]),
        speed=None if None in velocity else float(np.linalg.norm(np.array(velocity, np.float64))),
        kind=int(row[f"{prefix}.type"]),
    )

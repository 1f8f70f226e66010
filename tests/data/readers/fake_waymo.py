"""A made-up drive in the real layouts of Waymo Open: a wall, a parked and a moving car before it, everything known."""

import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from vection.data.readers.waymo.tfrecord import write_records

WALL, SEGMENT = 12.0, "1111_222_333_444_555"
"""Metres before the vehicle at the first frame; name of the drive."""
WIDTH, HEIGHT = 192, 128
K = np.array([[180.0, 0, 94], [0, 182, 66], [0, 0, 1]])
DISTORTION = np.array([0.04, -0.3, 0.001, -0.0015, 0.0])
AXES = np.array([[0.0, 0, 1, 0], [-1, 0, 0, 0], [0, -1, 0, 0], [0, 0, 0, 1]])
CARS = ((8.0, -1.0, 7), (9.0, 1.5, 8))
"""Forward and left place of the two fronts, 1.6 m wide and 1.8 m high, and their instances; the first one moves."""
ROWS, COLUMNS = 24, 720
START_MICROS = 1_500_000_000_000_000
IMAGE_AHEAD = 0.5
"""Metres that the vehicle drives between the frame's time and its image."""


def place(yaw: float = 0.0, *, at: tuple[float, float, float] = (0, 0, 0)) -> np.ndarray:
    T = np.eye(4)
    T[:2, :2] = [[np.cos(yaw), -np.sin(yaw)], [np.sin(yaw), np.cos(yaw)]]
    T[:3, 3] = at
    return T


CAMERA = place(0.01, at=(1.5, 0.0, 2.0))
TOP, SIDE = place(0.3, at=(1.4, 0.0, 2.2)), place(-0.7, at=(2.0, 0.5, 1.0))
VEHICLE = place(0.4, at=(100.0, 50.0, 3.0))
TOP_BEAMS = np.linspace(-0.35, 0.1, ROWS) ** 3 * 4 + np.linspace(-0.3, 0.1, ROWS)


def cast(origins: np.ndarray, directions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Distance (0: nothing) and instance of what rays of the vehicle's coordinates hit."""
    forward = directions[..., 0] > 1e-6
    safe = np.where(forward, directions[..., 0], 1)
    distance, instance = np.where(forward, (WALL - origins[..., 0]) / safe, 0), np.zeros(forward.shape, int)
    for x, y, number in sorted(CARS, reverse=True):
        reach = (x - origins[..., 0]) / safe
        side, height = (origins[..., axis] + reach * directions[..., axis] for axis in (1, 2))
        hit = forward & (np.abs(side - y) < 0.8) & (height > 0) & (height < 1.8)
        distance, instance = np.where(hit, reach, distance), np.where(hit, number, instance)
    return distance, instance


@dataclass
class FakeScan:
    name: int
    extrinsic: np.ndarray
    beams: np.ndarray | None
    ranges: np.ndarray
    projections: np.ndarray
    poses: np.ndarray | None


def fake_scans(frame: int) -> list[FakeScan]:
    """The top laser turns while the vehicle drives half a metre; the other is done at once and has even beams."""
    even = -0.4 + (np.arange(ROWS) + 0.5) / ROWS * 0.5
    return [_scan(frame, 1, TOP, TOP_BEAMS, ahead=0.5), _scan(frame, 2, SIDE, even)]


def _scan(frame: int, name: int, extrinsic: np.ndarray, beams: np.ndarray, *, ahead: float = 0.0) -> FakeScan:
    # the middle column looks along the vehicle, earlier ones to its left
    azimuth = np.pi - (np.arange(COLUMNS) + 0.5) / COLUMNS * 2 * np.pi - np.arctan2(extrinsic[1, 0], extrinsic[0, 0])
    beam, turn = np.meshgrid(np.sort(beams)[::-1], azimuth, indexing="ij")
    rays = np.stack([np.cos(beam) * np.cos(turn), np.cos(beam) * np.sin(turn), np.sin(beam)], -1) @ extrinsic[:3, :3].T
    driven = np.broadcast_to(np.linspace(0, ahead, COLUMNS), rays.shape[:2])
    origins = extrinsic[:3, 3] + driven[..., None] * np.array([1.0, 0, 0])
    distance, _ = cast(origins, rays)
    world = poses(frame)[0][:3, 3] + driven[..., None] * VEHICLE[:3, 0]
    stored = np.concatenate([np.broadcast_to([0, 0, 0.4], rays.shape), world], -1)
    points = origins + distance[..., None] * rays
    seen = _project(points, distance > 0)
    return FakeScan(name, extrinsic, beams if ahead else None, distance, seen, stored if ahead else None)


def _project(points: np.ndarray, valid: np.ndarray) -> np.ndarray:
    """Where the distorted image shows points, as Waymo stores it."""
    T = np.linalg.inv(CAMERA @ AXES)
    seen = points @ T[:3, :3].T + T[:3, 3]
    flat, _ = cv2.projectPoints(seen.reshape(-1, 1, 3), np.zeros(3), np.zeros(3), K, DISTORTION)
    pixels = np.floor(flat.reshape(*valid.shape, 2))
    # far outside the lens model folds over
    near = (np.abs(seen[..., 0]) < 0.6 * seen[..., 2]) & (np.abs(seen[..., 1]) < 0.5 * seen[..., 2])
    ours = valid & near & ((pixels >= 0) & (pixels < (WIDTH, HEIGHT))).all(-1)
    stored = np.zeros((*valid.shape, 6), np.int64)
    stored[ours, 0], stored[ours, 1:3] = 1, pixels[ours].astype(int)
    return stored


def fake_image() -> tuple[bytes, bytes]:
    """JPEG of the distorted image with bright cars, PNG of its panoptic label: building, two cars."""
    grid = np.stack(np.meshgrid(np.arange(WIDTH), np.arange(HEIGHT)), -1).reshape(-1, 1, 2).astype(float)
    rays = cv2.undistortPoints(grid, K, DISTORTION).reshape(HEIGHT, WIDTH, 2)
    directions = np.concatenate([rays, np.ones((HEIGHT, WIDTH, 1))], -1) @ (CAMERA @ AXES)[:3, :3].T
    _, instance = cast(np.broadcast_to(CAMERA[:3, 3], directions.shape), directions)
    grey = np.where(instance > 0, 220, 60).astype(np.uint8)
    label = np.where(instance > 0, 2000 + instance, 19000).astype(np.uint16)
    return cv2.imencode(".jpg", np.stack([grey] * 3, -1))[1].tobytes(), cv2.imencode(".png", label)[1].tobytes()


def poses(frame: int) -> tuple[np.ndarray, np.ndarray]:
    """Of the vehicle at the frame's time and at its image's."""
    start = VEHICLE @ place(at=(float(frame), 0, 0))
    return start, start @ place(at=(IMAGE_AHEAD, 0, 0))


def boxes() -> list[dict[str, float]]:
    """Cars a metre long behind their fronts."""
    return [{"center_x": x + 0.45, "center_y": y, "center_z": 0.95, "width": 1.7, "length": 1.0, "height": 1.95,
             "heading": 0.0, "speed_x": 3.0 * (number == 7), "speed_y": 0.2, "speed_z": 0.0, "type": 1}
            for x, y, number in CARS]  # fmt: skip


def varint(value: int) -> bytes:
    coded = bytearray()
    while value > 127:
        coded.append(value & 127 | 128)
        value >>= 7
    return bytes([*coded, value])


def field(number: int, value: int | float | bytes | str) -> bytes:
    """One field as the wire has it; a float becomes a double."""
    if isinstance(value, float):
        return varint(number << 3 | 1) + struct.pack("<d", value)
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def doubles(number: int, values: np.ndarray) -> bytes:
    return b"".join(field(number, float(value)) for value in values.ravel())


def transform(number: int, matrix: np.ndarray) -> bytes:
    return field(number, doubles(1, matrix))


def compressed(values: np.ndarray) -> bytes:
    shape = field(2, b"".join(field(1, size) for size in values.shape))
    whole = values.dtype.kind == "i"
    data = b"".join(map(varint, values.ravel().tolist())) if whole else values.astype("<f4").tobytes()
    return zlib.compress(field(1, data) + shape)


def range_channels(ranges: np.ndarray) -> np.ndarray:
    return np.stack([np.where(ranges > 0, ranges, -1), ranges * 0, ranges * 0, ranges * 0 - 1], -1)


def frame_record(frame: int, *, lasers: bool = True) -> bytes:
    """A serialised Frame."""
    vehicle, at_image = poses(frame)
    jpeg, label = fake_image()
    lens = np.array([K[0, 0], K[1, 1], K[0, 2], K[1, 2], *DISTORTION])
    camera = field(1, 1) + doubles(2, lens) + transform(3, CAMERA) + field(4, WIDTH) + field(5, HEIGHT) + field(6, 2)
    scans = fake_scans(frame) if lasers else []
    calibrations = [
        field(1, scan.name) + (b"" if scan.beams is None else doubles(2, scan.beams))
        + field(3, -0.4) + field(4, 0.1) + transform(5, scan.extrinsic) for scan in scans
    ]  # fmt: skip
    stats = field(2, "Day") + field(4, "sunny")
    context = field(1, SEGMENT) + field(2, camera) + b"".join(field(3, one) for one in calibrations) + field(4, stats)
    image = field(1, 1) + field(2, jpeg) + transform(3, at_image) + field(10, field(1, 1000) + field(2, label))
    record = field(1, context) + field(2, START_MICROS + 100_000 * frame) + transform(3, vehicle) + field(4, image)
    for scan in scans:
        stored = field(2, compressed(range_channels(scan.ranges))) + field(3, compressed(scan.projections))
        stored += b"" if scan.poses is None else field(4, compressed(scan.poses))
        record += field(5, field(1, scan.name) + field(2, stored))
    for box in boxes():
        places = ("center_x", "center_y", "center_z", "width", "length", "height", "heading")
        shape = b"".join(field(number, float(box[name])) for number, name in enumerate(places, start=1))
        motion = field(1, box["speed_x"]) + field(2, box["speed_y"]) + field(5, box["speed_z"])
        record += field(6, field(1, shape) + field(2, motion) + field(3, int(box["type"])) + field(4, "id"))
    return record


def write_tfrecord(root: Path, *, frames: int = 4) -> Path:
    root.mkdir(parents=True, exist_ok=True)
    file = root / f"segment-{SEGMENT}_with_camera_labels.tfrecord"
    write_records(file, [frame_record(frame) for frame in range(frames)])
    return file


def write_parquet(root: Path, *, frames: int = 4) -> None:
    """The same drive as tables."""
    import pyarrow as pa
    from pyarrow import parquet

    tables: dict[str, list[dict]] = {}
    jpeg, label = fake_image()
    segment = {"key.segment_context_name": SEGMENT}
    camera = "[CameraCalibrationComponent]"
    lens = dict(zip(("f_u", "f_v", "c_u", "c_v", "k1", "k2", "p1", "p2", "k3"),
                    (K[0, 0], K[1, 1], K[0, 2], K[1, 2], *DISTORTION), strict=True))  # fmt: skip
    tables["camera_calibration"] = [
        {**segment, "key.camera_name": 1, f"{camera}.width": WIDTH, f"{camera}.height": HEIGHT,
         f"{camera}.extrinsic.transform": CAMERA.ravel().tolist(),
         **{f"{camera}.intrinsic.{name}": float(value) for name, value in lens.items()}}
    ]  # fmt: skip
    laser = "[LiDARCalibrationComponent]"
    tables["lidar_calibration"] = [
        {**segment, "key.laser_name": scan.name, f"{laser}.extrinsic.transform": scan.extrinsic.ravel().tolist(),
         f"{laser}.beam_inclination.min": -0.4, f"{laser}.beam_inclination.max": 0.1,
         f"{laser}.beam_inclination.values": None if scan.beams is None else scan.beams.tolist()}
        for scan in fake_scans(0)
    ]  # fmt: skip
    for frame in range(frames):
        vehicle, at_image = poses(frame)
        key = {**segment, "key.frame_timestamp_micros": START_MICROS + 100_000 * frame}
        ours = {**key, "key.camera_name": 1}
        rows: dict[str, list[dict]] = {
            "vehicle_pose": [{**key, "[VehiclePoseComponent].world_from_vehicle.transform": vehicle.ravel().tolist()}],
            "camera_image": [{**ours, "[CameraImageComponent].image": jpeg,
                              "[CameraImageComponent].pose.transform": at_image.ravel().tolist()}],
            "camera_segmentation": [
                {**ours, "[CameraSegmentationLabelComponent].panoptic_label_divisor": 1000,
                 "[CameraSegmentationLabelComponent].panoptic_label": label}],
            "lidar_box": [_box_row(key, box, number) for number, box in enumerate(boxes())],
        }  # fmt: skip
        for scan in fake_scans(frame):
            of_laser = {**key, "key.laser_name": scan.name}
            ranges = range_channels(scan.ranges).astype(np.float32)
            rows.setdefault("lidar", []).append({**of_laser, **_image_row("LiDARComponent", ranges)})
            seen = _image_row("LiDARCameraProjectionComponent", scan.projections.astype(np.float32))
            rows.setdefault("lidar_camera_projection", []).append({**of_laser, **seen})
            if scan.poses is not None:
                row = _image_row("LiDARPoseComponent", scan.poses.astype(np.float32))
                rows.setdefault("lidar_pose", []).append({**of_laser, **row})
        for name, found in rows.items():
            tables.setdefault(name, []).extend(found)
    for name, content in tables.items():
        (root / name).mkdir(parents=True)
        parquet.write_table(pa.Table.from_pylist(content), root / name / f"{SEGMENT}.parquet")


def _image_row(component: str, values: np.ndarray) -> dict:
    prefix = f"[{component}].range_image_return1"
    return {f"{prefix}.values": values.ravel().tolist(), f"{prefix}.shape": list(values.shape)}


def _box_row(key: dict, box: dict[str, float], number: int) -> dict:
    prefix = "[LiDARBoxComponent]"
    size = dict(zip("xyz", (box["length"], box["width"], box["height"]), strict=True))
    return {
        **key, "key.laser_object_id": f"car {number}", f"{prefix}.type": box["type"],
        f"{prefix}.box.heading": box["heading"],
        **{f"{prefix}.box.center.{axis}": box[f"center_{axis}"] for axis in "xyz"},
        **{f"{prefix}.box.size.{axis}": size[axis] for axis in "xyz"},
        **{f"{prefix}.speed.{axis}": box[f"speed_{axis}"] for axis in "xyz"},
    }  # fmt: skip

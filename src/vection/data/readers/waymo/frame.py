"""What is read of one instant of Waymo Open, whichever release stores it; and the release of TFRecord files (v1).

Coordinates are Waymo's own here: vehicle and camera have x forward, y left, z up. Field numbers are those of the
published dataset.proto and label.proto.
"""

import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float, Float32, Int64, Shaped

from vection.arrays import CameraNumbers, Distortion, Pose, Vector3
from vection.data.readers.waymo.protobuf_wire import LENGTH, VARINT, Message, read_varint
from vection.data.readers.waymo.tfrecord import HEADER, read_record
from vection.errors import DataError

CAMERAS = ("UNKNOWN", "FRONT", "FRONT_LEFT", "FRONT_RIGHT", "SIDE_LEFT", "SIDE_RIGHT")
"""Names by number."""
LASERS = ("UNKNOWN", "TOP", "FRONT", "SIDE_LEFT", "SIDE_RIGHT", "REAR")
MICROSECOND = 1e-6
MOST_BYTES = 2**24
"""Of a range image that is unpacked; the largest real one has 3 MB."""
TIME_FIELD = 2
TIME_WITHIN = 65536
"""Bytes at the beginning of a frame among which its time is found: the calibrations come before it."""


@dataclass(frozen=True)
class WaymoCamera:
    """Calibration of a camera; distortion as OpenCV has it."""

    width: int
    height: int
    numbers: CameraNumbers
    """fx, fy, cx, cy in pixels."""
    distortion: Distortion
    """k1, k2, p1, p2, k3."""
    T_camera_to_vehicle: Pose


@dataclass(frozen=True)
class WaymoScan:
    """One laser's first returns as a range image: a row a beam from the highest down, a column an azimuth."""

    T_laser_to_vehicle: Pose
    inclinations: Float[np.ndarray, " row"]
    """Of the beams, radians, lowest first as Waymo lists them."""
    ranges: Float32[np.ndarray, "row column"]
    """Metres; not positive without a return."""
    projections: Int64[np.ndarray, "row column 6"] | None = None
    """Camera, x, y, second camera, x, y: where Waymo sees the point in the distorted images, rolling shutter and all.
    Whole pixels."""
    poses: Float32[np.ndarray, "row column 6"] | None = None
    """Roll, pitch, yaw, x, y, z of the vehicle in the world when the point was measured; of the top laser only."""


@dataclass(frozen=True)
class WaymoBox:
    """A labelled object in the vehicle's coordinates at the frame's time."""

    centre: Vector3
    size: Vector3
    """Length, width, height."""
    heading: float
    speed: float | None
    """Of the centre in the world, metres a second; None if unknown."""
    kind: int
    """1 vehicle, 2 pedestrian, 3 sign, 4 cyclist."""


@dataclass(frozen=True)
class WaymoFrame:
    """One camera's view with the lasers and boxes of the same frame."""

    camera: WaymoCamera
    jpeg: bytes
    T_vehicle_to_world: Pose
    """At the frame's time, which all points and boxes are of."""
    T_vehicle_to_world_of_image: Pose
    """When the image was taken, up to 0.1 s from the frame's time."""
    panoptic_png: bytes | None = None
    """16 bit, class * `panoptic_divisor` + instance; most frames have none."""
    panoptic_divisor: int = 1000
    scans: tuple[WaymoScan, ...] = ()
    boxes: tuple[WaymoBox, ...] = ()


def parse_frame(record: bytes, *, camera: str, with_scans: bool = True) -> WaymoFrame:
    """Return what one camera saw from a serialised `Frame`; DataError if that is broken or lacks the camera."""
    frame = Message(record)
    context, number = frame.message(1), CAMERAS.index(camera)
    images = {image.integer(1): image for image in frame.messages(4)}
    calibrations = {calibration.integer(1): calibration for calibration in context.messages(2)}
    if number not in images or number not in calibrations:
        raise DataError(f"A frame of Waymo lacks the image or the calibration of the camera {camera}.")
    image, label = images[number], images[number].message(10)
    lasers = {calibration.integer(1): calibration for calibration in context.messages(3)}
    scans = [_parse_scan(laser, lasers) for laser in frame.messages(5)] if with_scans else []
    return WaymoFrame(
        camera=_parse_camera(calibrations[number]),
        jpeg=image.bytes(2),
        T_vehicle_to_world=matrix4(frame.message(3).doubles(1)),
        T_vehicle_to_world_of_image=matrix4(image.message(3).doubles(1)),
        panoptic_png=label.bytes(2) or None,
        panoptic_divisor=label.integer(1),
        scans=tuple(scan for scan in scans if scan is not None),
        boxes=tuple(_parse_box(box) for box in frame.messages(6)),
    )


def frame_time(file: Path, offset: int) -> float:
    """Return the seconds of the `Frame` whose record begins at `offset`, without reading its images."""
    try:
        with file.open("rb") as stream:
            stream.seek(offset + HEADER)
            beginning = stream.read(TIME_WITHIN)
    except OSError as error:
        raise DataError(f"The TFRecord file {file} cannot be read: {error.strerror}.") from error
    position = 0
    while position < len(beginning):
        tag, position = read_varint(beginning, position)
        number, position = read_varint(beginning, position)
        if tag == TIME_FIELD << 3 | VARINT:
            return number * MICROSECOND
        if tag & 7 != LENGTH:
            break
        position += number
    return Message(read_record(file, offset)).integer(TIME_FIELD) * MICROSECOND


def matrix4(values: Float[np.ndarray, " value"]) -> Pose:
    """Return a transform of its 16 numbers, row by row; DataError for any other number of them."""
    if values.size != 16 or not np.isfinite(values).all():
        raise DataError(f"A transform of Waymo has {values.size} numbers; 16 finite ones are expected.")
    return values.astype(np.float64).reshape(4, 4)


def even_inclinations(lowest: float, highest: float, *, rows: int) -> Float[np.ndarray, " row"]:
    """Return the beams of a laser for which only the range is stated: its rows divide it evenly."""
    return lowest + (np.arange(rows) + 0.5) / rows * (highest - lowest)


def _parse_camera(calibration: Message) -> WaymoCamera:
    fx, fy, cx, cy, k1, k2, p1, p2, k3 = _exactly(calibration.doubles(2), 9, "a camera's intrinsics")
    extrinsic = matrix4(calibration.message(3).doubles(1))
    size = calibration.integer(4), calibration.integer(5)
    return WaymoCamera(*size, (fx, fy, cx, cy), (k1, k2, p1, p2, k3), extrinsic)


def _parse_scan(laser: Message, calibrations: dict[int, Message]) -> WaymoScan | None:
    name, image = laser.integer(1), laser.message(2)
    if not image.has(2) or name not in calibrations:
        return None
    calibration = calibrations[name]
    ranges = _matrix(image.bytes(2), real=True)[..., 0].astype(np.float32)
    inclinations = calibration.doubles(2)
    if not inclinations.size:
        inclinations = even_inclinations(calibration.real(3), calibration.real(4), rows=len(ranges))
    return WaymoScan(
        T_laser_to_vehicle=matrix4(calibration.message(5).doubles(1)),
        inclinations=inclinations,
        ranges=ranges,
        projections=_matrix(image.bytes(3), real=False) if image.has(3) else None,
        poses=_matrix(image.bytes(4), real=True).astype(np.float32) if image.has(4) else None,
    )


def _matrix(compressed: bytes, *, real: bool) -> Shaped[np.ndarray, "row column channel"]:
    """Return a zlib-compressed MatrixFloat or MatrixInt32, row x column x channel."""
    unpacking = zlib.decompressobj()
    try:
        unpacked = unpacking.decompress(compressed, MOST_BYTES)
    except zlib.error as error:
        raise DataError(f"A range image of Waymo cannot be decompressed ({error}).") from error
    if not unpacking.eof:
        raise DataError(f"A range image of Waymo is cut off, or unpacks to more than {MOST_BYTES} bytes.")
    message = Message(unpacked)
    shape = message.message(2).integers(1).tolist()
    values = message.floats(1) if real else message.integers(1)
    if len(shape) != 3 or np.prod(shape) != values.size:
        raise DataError(f"A range image of Waymo has {values.size} values for the shape {shape}.")
    return values.reshape(shape)


def _parse_box(label: Message) -> WaymoBox:
    box, motion = label.message(1), label.message(2)
    velocity = np.array([motion.real(1), motion.real(2), motion.real(5)])
    return WaymoBox(
        centre=np.array([box.real(1), box.real(2), box.real(3)]),
        size=np.array([box.real(5), box.real(4), box.real(6)]),
        heading=box.real(7),
        speed=float(np.linalg.norm(velocity)) if label.has(2) else None,
        kind=label.integer(3),
    )


def _exactly(values: Float[np.ndarray, " value"], count: int, what: str) -> list[float]:
    if values.size != count:
        raise DataError(f"There are {values.size} numbers of {what}; {count} are expected.")
    return [float(value) for value in values]

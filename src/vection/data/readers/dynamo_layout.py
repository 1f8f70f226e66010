"""Data as Dynamo-Depth prepares it, of Waymo, nuScenes or KITTI: a folder a drive and camera.

`rgb/original/NUMBER.jpg|png` (undistorted; `rgb/downsample` if that is all there is), `rgb/cam.json`, `rgb/ts.json`
(gaps in milliseconds, nuScenes), `odometry.txt` (pose of the vehicle, 16 numbers a line), `depth/NUMBER.npy` (a point a
line: column, row and z; of KITTI row, column and the scanner's forward coordinate), `mask/NUMBER.npz`. KITTI's
calibration lies in the drive. Pickled parts of the masks can run any program and are never opened.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from vection.array_files import open_arrays, read_array
from vection.arrays import AnyArray, Distortion, PointList, Pose
from vection.data.clips.folder import FrameTruth
from vection.data.clips.image_file import read_rgb
from vection.data.clips.intrinsics import CameraIntrinsics, camera_numbers
from vection.data.readers.kitti.cameras import read_raw_cameras
from vection.data.readers.kitti.lidar import SOURCES
from vection.data.readers.nuscenes.scenes import TRUTH_SOURCE as NUSCENES_TRUTH
from vection.data.readers.nuscenes.tables import rotation_of_quaternion
from vection.data.readers.sequences import (
    DataSequence,
    Listing,
    ListingDraft,
    PrepareSettings,
    SourceFrame,
    sequence_frames,
)
from vection.data.readers.sparse_depth import NO_CATEGORY, category_map, depth_map
from vection.data.readers.waymo.camera import CAMERA_TO_VEHICLE_AXES, undistortion_maps
from vection.data.readers.waymo.labels import PanopticLabel
from vection.data.splits.listed_frames import Part, frames_of_parts, read_parts
from vection.errors import DataError, UsageError
from vection.files import read_json, read_text

FRAME_SECONDS = 0.1
CATEGORIES = np.array([0, 2, 1, NO_CATEGORY], np.uint8)
"""Our category of each of Dynamo-Depth's motion labels: background, moving, static, nobody knows."""
IMAGES = ("original", "downsample")
"""Folders of images, the better ones first."""
FRONT_CAMERAS = ("FRONT", "CAM_FRONT", "image_02")


@dataclass(frozen=True)
class _Drive:
    """What the frames of a folder share."""

    folder: Path
    images: Path
    camera: CameraIntrinsics
    T_camera_to_vehicle: Pose | None
    distortion: Distortion | None = None
    """Of the labels, which Waymo's masks have in the distorted image; None: nothing to undo."""
    row_first: bool = False
    """KITTI's points."""
    truth_source: str | None = None
    """Of Waymo it is not known: before 2025 Dynamo-Depth's preparation wrote distances from the vehicle."""


def list_sequences(source: Path, settings: PrepareSettings) -> Listing:
    """Find every folder below `source` that holds `rgb/original` or `rgb/downsample`; names are their paths."""
    if settings.variant is not None:
        raise UsageError(f"dynamo-layout has no variants, so not '{settings.variant}'.")
    folders = sorted(
        {place.parent.parent for place in source.rglob("rgb/*") if place.name in ("original", "downsample")}
    )
    parts = read_parts(settings.split, near=source) if settings.split else None
    draft = ListingDraft()
    for folder in folders:
        name = folder.relative_to(source).as_posix()
        if folder.name in (settings.cameras or FRONT_CAMERAS) or folder == source:
            with draft.skipping(name):
                draft.sequences += _sequences(folder, name if folder != source else folder.name, settings, parts=parts)
    return draft.finish(parts)


def _sequences(folder: Path, name: str, settings: PrepareSettings, *, parts: list[Part] | None) -> list[DataSequence]:
    drive = _read_drive(folder)
    files = {int(file.stem): file for file in drive.images.iterdir() if file.stem.isdecimal()}
    seconds, poses = _seconds(folder, files), _poses(drive)
    side = "03" if folder.name == "image_03" else "02"
    listed = next(
        (key for key in (name, Path(name).parent.as_posix(), Path(name).parent.name) if _lists(parts, key)), name
    )

    def naming(number: int) -> str:
        return files[number].stem if number in files else f"{number:06d}"

    def reading(number: int) -> Callable[[], SourceFrame]:
        pose = poses.get(number)
        return partial(read_frame, drive, files[number], T_vehicle_to_world=pose, with_truth=settings.truth)

    return [
        DataSequence(
            f"{prefix}{name}",
            sequence_frames(frames, name=naming, seconds=seconds.__getitem__, read=reading),
        )
        for prefix, frames in frames_of_parts(
            parts, folder=listed, camera=side, present=sorted(files), neighbours=settings.neighbours
        )
        if frames
    ]


def _lists(parts: Sequence[Any] | None, folder: str) -> bool:
    return any(listed == folder for part in parts or () for listed, _ in part.frames)


def read_frame(drive: _Drive, file: Path, *, T_vehicle_to_world: Pose | None, with_truth: bool) -> SourceFrame:
    """Read an image with its camera and, where they are, pose, true depth and what moves."""
    image = read_rgb(file)
    height, width = image.shape[:2]
    pose = None
    if T_vehicle_to_world is not None and drive.T_camera_to_vehicle is not None:
        pose = T_vehicle_to_world @ drive.T_camera_to_vehicle
    truth: FrameTruth | None = None
    notes: tuple[str, ...] = ()
    if with_truth and (drive.folder / "depth" / f"{file.stem}.npy").is_file():
        try:
            truth = _read_truth(drive, file.stem, pose)
        except DataError as error:
            notes = (f"no true depth: {error}",)
    return SourceFrame(
        image,
        drive.camera.fitted(width=width, height=height),
        truth,
        None if truth is None else drive.truth_source,
        T_camera_to_world=pose,
        notes=notes,
    )


def _read_truth(drive: _Drive, name: str, pose: Pose | None) -> FrameTruth:
    height, width = drive.camera.height, drive.camera.width
    points = _read_points(drive.folder / "depth" / f"{name}.npy")
    if drive.row_first:
        points = points[:, [1, 0, 2]]
    inside = ((points[:, :2] >= 0) & (points[:, :2] < (width, height))).all(axis=1)
    category = semantics = None
    mask = drive.folder / "mask" / f"{name}.npz"
    if mask.is_file():
        arrays = _read_masks(mask)
        if "motion_label" in arrays and arrays["motion_label"].shape == (len(points),):
            labels = CATEGORIES[np.minimum(arrays["motion_label"], len(CATEGORIES) - 1)]
            category = category_map(points[inside], labels[inside], height=height, width=width)
        elif {"semantic", "instance"} <= arrays.keys():
            label = _panoptic(drive, arrays, mask)
            # which object moves stands in a pickle
            category, semantics = label.unmatched(), label.train_ids
    depth = depth_map(points[inside], height=height, width=width)
    return FrameTruth(depth, category, semantics, T_camera_to_world=pose)


def _read_points(file: Path) -> PointList:
    points = read_array(file, what="The list of laser points")
    if points.ndim != 2 or points.shape[1] != 3 or points.dtype.kind != "f":
        raise DataError(f"{file} holds {points.dtype} of shape {points.shape}, not points of three numbers.")
    return np.asarray(points, np.float64)


def _read_masks(file: Path) -> dict[str, AnyArray]:
    """Arrays of numbers; pickled objects are left closed."""
    names = ("motion_label", "semantic", "instance")
    with open_arrays(file, what="The file of labels") as arrays:
        return {name: arrays[name] for name in names if name in arrays}


def _panoptic(drive: _Drive, arrays: Mapping[str, AnyArray], file: Path) -> PanopticLabel:
    classes, instances = (np.squeeze(arrays[name]) for name in ("semantic", "instance"))
    camera = drive.camera
    if classes.shape != (camera.height, camera.width) or instances.shape != classes.shape:
        raise DataError(f"The labels {file} are not of {camera.width}x{camera.height}, the size of the images.")
    label = PanopticLabel(np.asarray(classes, np.uint8), np.asarray(instances, np.int64))
    if drive.distortion is None:
        return label
    return label.remapped(undistortion_maps(camera.numbers, drive.distortion, width=camera.width, height=camera.height))


def _read_drive(folder: Path) -> _Drive:
    images = next(place for name in IMAGES if (place := folder / "rgb" / name).is_dir())
    file = folder / "rgb" / "cam.json"
    if not file.is_file():
        name = folder.name.removeprefix("image_")
        # one calibration a drive, or a day's as in KITTI itself
        place = folder.parent if (folder.parent / "calib_cam_to_cam.txt").is_file() else folder.parent.parent
        rectified = read_raw_cameras(place, names=(name,))[name]
        if rectified.size is None:
            raise DataError(f"{place / 'calib_cam_to_cam.txt'} does not state the size of the images (S_rect_{name}).")
        camera = rectified.intrinsics(width=rectified.size[0], height=rectified.size[1])
        return _Drive(folder, images, camera, None, row_first=True, truth_source=SOURCES["velodyne-x"])
    content = read_json(file, remedy="copy it again.", missing=DataError)
    try:
        height, width = (int(length) for length in content["dim"])
        if "camera_intrinsic" in content:
            K, T = np.array(content["camera_intrinsic"], np.float64), np.eye(4)
            T[:3, :3], T[:3, 3] = rotation_of_quaternion(content["rotation"]), content["translation"]
            camera = CameraIntrinsics(width, height, *camera_numbers(K), f"given: {file.name}")
            return _Drive(folder, images, camera, T, truth_source=NUSCENES_TRUTH)
        fx, fy, cx, cy, k1, k2, p1, p2, k3 = (float(number) for number in content["intrinsic"])
        extrinsic = np.array(content["extrinsic"], np.float64).reshape(4, 4) @ CAMERA_TO_VEHICLE_AXES
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise DataError(f"{file} is not a camera as Dynamo-Depth's preparation writes it ({error!r}).") from error
    camera = CameraIntrinsics(width, height, fx, fy, cx, cy, f"given: {file.name}")
    return _Drive(folder, images, camera, extrinsic, distortion=(k1, k2, p1, p2, k3))


def _seconds(folder: Path, files: Mapping[int, Path]) -> dict[int, float]:
    """Seconds from frame 0; the gaps of nuScenes are rounded to 50 ms there."""
    file = folder / "rgb" / "ts.json"
    even = {number: number * FRAME_SECONDS for number in files}
    if not file.is_file():
        return even
    text = read_text(file, remedy="copy it again.", missing=DataError)
    try:
        gaps = np.array(json.loads(text), np.float64) / 1000
    except (ValueError, TypeError, RecursionError) as error:
        raise DataError(f"The times {file} are broken ({error}).") from error
    if gaps.ndim != 1 or not (gaps > 0).all() or not np.isfinite(gaps).all():
        raise DataError(f"The times {file} are broken (they are the milliseconds from each frame to the next).")
    times = np.concatenate([[0.0], np.cumsum(gaps)])
    if max(files, default=0) >= len(times):
        raise DataError(f"The times {file} end before frame {max(files)}; copy the file again.")
    return {number: float(times[number]) for number in files}


def _poses(drive: _Drive) -> dict[int, Pose]:
    file = drive.folder / "odometry.txt"
    if drive.T_camera_to_vehicle is None or not file.is_file():
        return {}
    try:
        rows = np.loadtxt(file, ndmin=2)
    except (OSError, ValueError) as error:
        raise DataError(f"The poses {file} are broken ({error}).") from error
    if rows.shape[1] != 16:
        raise DataError(f"{file} has {rows.shape[1]} numbers a line; 16, a 4x4 pose of the vehicle, are expected.")
    return dict(enumerate(rows.reshape(-1, 4, 4)))

"""KITTI raw for `vection prepare`: drives of a day with calibration, laser scans and GPS/IMU.

`DATE/DRIVE/image_02|03/data/NNNNNNNNNN.png|jpg`, `velodyne_points/data/*.bin`, `oxts/data/*.txt`, and in DATE the three
`calib_*.txt`. `proj_depth/groundtruth/image_02|03/*.png` may lie in the drives (the variant "improved").
"""

from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path

import numpy as np

from vection.arrays import Pose
from vection.data.clips.folder import FrameTruth
from vection.data.clips.image_file import read_map, read_rgb
from vection.data.readers.kitti.cameras import STEREO_PAIRS, RectifiedCamera, read_raw_cameras, read_timestamps, timing
from vection.data.readers.kitti.lidar import SOURCES, Source, lidar_depth_map, read_lidar_calibration, read_scan
from vection.data.readers.kitti.oxts import imu_to_rectified, read_latitude, read_oxts_pose
from vection.data.readers.sequences import (
    DataSequence,
    Listing,
    ListingDraft,
    PrepareSettings,
    SourceFrame,
    StereoFrame,
    sequence_frames,
)
from vection.data.splits.listed_frames import Part, frames_of_parts, read_parts
from vection.errors import UsageError, VectionError

VARIANTS: dict[str | None, Source] = {None: "camera-z", "velodyne-x": "velodyne-x", "improved": "improved"}
"""Where true depth comes from."""
SUFFIXES = (".png", ".jpg")
"""Of images; where both are there, the first is read."""
FRAME_SECONDS = 0.1
"""KITTI records at 10 Hz; used where a drive has no timestamps."""


@dataclass(frozen=True)
class _Drive:
    """What all frames of a drive and camera share."""

    folder: Path
    camera: str
    rectified: dict[str, RectifiedCamera]
    stereo: bool
    truth: bool
    source: Source

    def image(self, frame: int, camera: str) -> Path:
        place = self.folder / f"image_{camera}" / "data"
        files = [place / f"{frame:010d}{suffix}" for suffix in SUFFIXES]
        return next((file for file in files if file.is_file()), files[0])


def list_sequences(source: Path, settings: PrepareSettings) -> Listing:
    """Find the drives below `source`, each camera of each drive one sequence `DATE/DRIVE/image_0N`."""
    if settings.variant not in VARIANTS:
        raise UsageError(f"kitti-raw has no variant '{settings.variant}'; there are velodyne-x and improved.")
    cameras = tuple(name.removeprefix("image_") for name in settings.cameras) or ("02",)
    if any(name not in STEREO_PAIRS for name in cameras):
        raise UsageError(f"KITTI's cameras are 00, 01 (grey), 02, 03 (colour), not {', '.join(settings.cameras)}.")
    parts = read_parts(settings.split, near=source) if settings.split else None
    draft = ListingDraft()
    for place in sorted(source.glob("*/*/image_*")):
        name = place.relative_to(source).as_posix()
        number = place.name.removeprefix("image_")
        if parts is None and number not in cameras:
            continue
        with draft.skipping(name):
            draft.sequences += _sequences(place, name, number, settings=settings, parts=parts)
    return draft.finish(parts)


def _sequences(
    place: Path, name: str, number: str, *, settings: PrepareSettings, parts: list[Part] | None
) -> list[DataSequence]:
    folder = place.parent
    files = (file for file in (place / "data").glob("*.*") if file.stem.isdecimal() and file.suffix in SUFFIXES)
    present = sorted({int(file.stem) for file in files})
    frames_of_part = frames_of_parts(
        parts, neighbours=settings.neighbours, folder=name.rpartition("/")[0], camera=number, present=present
    )
    if not any(frames for _, frames in frames_of_part):
        return []
    pair = (number, STEREO_PAIRS[number]) if settings.stereo else (number,)
    rectified = read_raw_cameras(folder.parent, names=pair)
    drive = _Drive(folder, number, rectified, settings.stereo, settings.truth, VARIANTS[settings.variant])
    stamps = place / "timestamps.txt"
    seconds = timing(read_timestamps(stamps), interval=FRAME_SECONDS, present=present, file=stamps)
    return [
        DataSequence(
            f"{prefix}{name}",
            sequence_frames(
                frames,
                name="{:010d}".format,
                seconds=seconds,
                read=lambda number: partial(read_frame, drive, number),
            ),
            unit="metres" if settings.stereo else "up-to-scale",
        )
        for prefix, frames in frames_of_part
        if frames
    ]


def read_frame(drive: _Drive, frame: int) -> SourceFrame:
    """Read an image with its camera, the other camera's image, true depth and pose where they are."""
    image = read_rgb(drive.image(frame, drive.camera))
    height, width = image.shape[:2]
    notes: list[str] = []
    return SourceFrame(
        image=image,
        camera=drive.rectified[drive.camera].intrinsics(width=width, height=height),
        truth=_truth(drive, frame, notes) if drive.truth else None,
        truth_source=SOURCES[drive.source],
        stereo=_stereo(drive, frame) if drive.stereo else None,
        T_camera_to_world=_pose(drive, frame, notes),
        notes=tuple(notes),
    )


def _stereo(drive: _Drive, frame: int) -> StereoFrame:
    other = STEREO_PAIRS[drive.camera]
    image = read_rgb(drive.image(frame, other))
    camera = drive.rectified[other].intrinsics(width=image.shape[1], height=image.shape[0])
    return StereoFrame(image, camera, drive.rectified[drive.camera].transform_to(drive.rectified[other]))


def _truth(drive: _Drive, frame: int, notes: list[str]) -> FrameTruth | None:
    """Depth, or a note; drives without any scans have nothing to note."""
    place = _truth_folder(drive)
    if not _exists(place):
        return None
    try:
        if drive.source == "improved":
            depth = (read_map(place / f"{frame:010d}.png") / 256).astype(np.float32)
        else:
            calibration = read_lidar_calibration(drive.folder.parent, camera=int(drive.camera))
            depth = lidar_depth_map(read_scan(place / f"{frame:010d}.bin"), calibration, value=drive.source)
    except VectionError as error:
        notes.append(f"no true depth: {error}")
        return None
    return FrameTruth(depth)


def _truth_folder(drive: _Drive) -> Path:
    if drive.source == "improved":
        return drive.folder / "proj_depth" / "groundtruth" / f"image_{drive.camera}"
    return drive.folder / "velodyne_points" / "data"


def _pose(drive: _Drive, frame: int, notes: list[str]) -> Pose | None:
    place = drive.folder / "oxts" / "data"
    if not _exists(place):
        return None
    try:
        first, T_camera_to_imu = _imu(drive.folder, drive.rectified[drive.camera].centre.tobytes())
        return read_oxts_pose(place / f"{frame:010d}.txt", first_latitude=first) @ T_camera_to_imu
    except VectionError as error:
        notes.append(f"no pose: {error}")
        return None


@lru_cache(maxsize=64)
def _imu(folder: Path, centre: bytes) -> tuple[float, Pose]:
    """Latitude of the drive's first packet, and T_camera_to_imu of the camera at this rectified place."""
    first = read_latitude(min((folder / "oxts" / "data").glob("[!.]*.txt")))
    T_camera_to_rectified = np.eye(4)
    T_camera_to_rectified[:3, 3] = np.frombuffer(centre)
    return first, np.linalg.inv(imu_to_rectified(folder.parent)) @ T_camera_to_rectified


@lru_cache(maxsize=64)
def _exists(folder: Path) -> bool:
    return folder.is_dir()

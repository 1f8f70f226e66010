"""KITTI odometry for `vection prepare`.

`sequences/NN/image_0..3/NNNNNN.png`, `sequences/NN/calib.txt`, `sequences/NN/times.txt`, `poses/NN.txt` (00 to 10).
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from vection.arrays import Pose, Poses
from vection.data.clips.image_file import read_rgb
from vection.data.readers.kitti.cameras import (
    RESTORE_TIMES,
    STEREO_PAIRS,
    RectifiedCamera,
    check_times,
    read_odometry_cameras,
    timing,
)
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
from vection.errors import DataError, UsageError
from vection.files import read_text
from vection.formats.camera_path import read_path

FRAME_SECONDS = 0.1036
"""Between frames, where a sequence has no times.txt."""
SPLITS = {"train": range(9), "test": range(9, 11), "server": range(11, 22)}
"""Sequences 00 to 08 for training, 09 and 10 for testing, as all papers have it."""

_Cameras = dict[str, RectifiedCamera]


def list_sequences(source: Path, settings: PrepareSettings) -> Listing:
    """Find the sequences below `source`; each camera of each is one sequence `NN/image_N`.

    `split` is train (00 to 08), test (09, 10), server (11 to 21), or a list of lines `N FRAME l|r`.
    """
    if settings.variant is not None:
        raise UsageError(f"kitti-odometry has no variant '{settings.variant}'.")
    root = source / "sequences" if (source / "sequences").is_dir() else source
    cameras = tuple(f"0{name.removeprefix('image_').lstrip('0') or '0'}" for name in settings.cameras) or ("02",)
    if any(name not in STEREO_PAIRS for name in cameras):
        raise UsageError(f"KITTI's cameras are 0, 1 (grey), 2, 3 (colour), not {', '.join(settings.cameras)}.")
    numbers = SPLITS.get(settings.split or "")
    parts = None
    if settings.split and numbers is None:
        parts = [part.renamed(_sequence_name) for part in read_parts(settings.split, near=source)]
    draft = ListingDraft()
    for folder in sorted(path for path in root.glob("[0-9]*") if path.name.isdecimal() and path.is_dir()):
        if numbers is not None and int(folder.name) not in numbers:
            continue
        for camera in STEREO_PAIRS if parts is not None else cameras:
            with draft.skipping(f"{folder.name}/image_{int(camera)}"):
                draft.sequences += _sequences(folder, camera, settings=settings, parts=parts)
    return draft.finish(parts)


def _sequence_name(folder: str) -> str:
    """Published lists write sequences without leading zeros."""
    return f"{int(folder):02d}" if folder.isdecimal() else folder


def _sequences(folder: Path, camera: str, *, settings: PrepareSettings, parts: list[Part] | None) -> list[DataSequence]:
    place = folder / f"image_{int(camera)}"
    files = {int(file.stem): file for file in sorted(place.glob("*.*")) if file.stem.isdecimal()}
    frames_of_part = frames_of_parts(
        parts, neighbours=settings.neighbours, folder=folder.name, camera=camera, present=sorted(files)
    )
    if not any(frames for _, frames in frames_of_part):
        if parts is None and not files:
            raise DataError(f"{place} holds no images; unpack them or name other `cameras`.")
        return []
    cameras = read_odometry_cameras(folder / "calib.txt")
    other = STEREO_PAIRS[camera] if settings.stereo else None
    for name in filter(None, (camera, other)):
        if name not in cameras:
            raise DataError(f"{folder / 'calib.txt'} lacks P{int(name)}.")
    stamps = folder / "times.txt"
    seconds = timing(read_times(stamps), interval=FRAME_SECONDS, present=sorted(files), file=stamps)
    poses = _poses(folder)

    def reading(number: int) -> Callable[[], SourceFrame]:
        return partial(
            read_frame,
            files[number],
            cameras[camera],
            None if other is None else cameras[other],
            _camera_pose(poses, number, cameras[camera]),
        )

    return [
        DataSequence(
            f"{prefix}{folder.name}/{place.name}",
            sequence_frames(
                frames,
                name="{:06d}".format,
                seconds=seconds,
                read=reading,
            ),
            unit="metres" if settings.stereo else "up-to-scale",
        )
        for prefix, frames in frames_of_part
        if frames
    ]


def read_frame(file: Path, camera: RectifiedCamera, other: RectifiedCamera | None, pose: Pose | None) -> SourceFrame:
    """Read an image, and of a pair the same frame in the `other` camera's folder beside it."""
    image = read_rgb(file)
    size = {"height": image.shape[0], "width": image.shape[1]}
    stereo = None
    if other is not None:
        number = STEREO_PAIRS[f"0{file.parent.name.removeprefix('image_')}"]
        twin = read_rgb(file.parent.parent / f"image_{int(number)}" / file.name)
        intrinsics = other.intrinsics(height=twin.shape[0], width=twin.shape[1])
        stereo = StereoFrame(twin, intrinsics, camera.transform_to(other))
    return SourceFrame(image, camera.intrinsics(**size), stereo=stereo, T_camera_to_world=pose)


def _camera_pose(poses: Poses | None, frame: int, camera: RectifiedCamera) -> Pose | None:
    """T_camera_to_world; the file's poses are those of camera 0."""
    if poses is None or frame >= len(poses):
        return None
    T_camera_to_camera_0 = np.eye(4)
    T_camera_to_camera_0[:3, 3] = camera.centre
    return np.asarray(poses[frame] @ T_camera_to_camera_0)


def _poses(folder: Path) -> Poses | None:
    places = (folder.parent.parent / "poses" / f"{folder.name}.txt", folder / "poses.txt")
    return next((read_path(file).poses for file in places if file.is_file()), None)


def read_times(file: Path) -> list[float] | None:
    """Read `times.txt`, seconds a frame, None if it is missing; DataError if it is broken."""
    if not file.is_file():
        return None
    text = read_text(file, remedy=RESTORE_TIMES, missing=DataError)
    try:
        seconds = [float(line) for line in text.split()]
    except ValueError as error:
        raise DataError(f"{file} holds something else than a time a line ({error}); {RESTORE_TIMES}") from error
    return check_times(seconds, file)

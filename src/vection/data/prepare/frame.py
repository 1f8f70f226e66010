"""One frame of a data set into a clip folder: its image, and what is known about it; each file in one step.

The frame's record is written last, so a frame whose record exists is whole, whenever the program was killed.
"""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from vection.arrays import AnyArray, Pose
from vection.data.clips.folder import CheckedCamera, FrameTruth, Row4, write_rgb
from vection.data.clips.framing import Framing, plan_framing
from vection.data.clips.image_file import write_map
from vection.data.clips.intrinsics import check_intrinsics
from vection.data.readers.sequences import PrepareSettings, SequenceFrame, SourceFrame, StereoFrame
from vection.errors import DataError, UsageError, VectionError
from vection.files import json_text, whole_file, write_text
from vection.formats.window import Lens

RECORDS = ".prepare"
"""Folder in an unfinished clip."""


@dataclass(frozen=True)
class FrameRecord:
    """What was written of one frame."""

    intrinsics: CheckedCamera
    intrinsics_source: str
    source_size: tuple[int, int]
    crop_box: tuple[int, int, int, int]
    stereo: CheckedCamera | None = None
    T_target_to_stereo: tuple[Row4, Row4, Row4, Row4] | None = None
    truth: bool = False
    truth_source: str | None = None
    classes: bool = False
    usable: bool = False
    T_camera_to_world: tuple[Row4, Row4, Row4, Row4] | None = None
    notes: tuple[str, ...] = ()
    lens: Lens | None = None


def write_frame(folder: Path, frame: SequenceFrame, settings: PrepareSettings) -> str | None:
    """Write all files of a frame below `folder`; return why it cannot be read, or None.

    Raises UsageError if the output cannot be written.
    """
    try:
        source = frame.read()
        _check_poses(source)
        framing = frame_framing(source, settings)
    except VectionError as error:
        return str(error)
    except Exception as error:
        # A reader meets any kind of damage in others' files; one frame must not stop a hundred thousand.
        return f"{type(error).__name__}: {error}"
    name = frame.name
    truth = source.truth if settings.truth else None
    if truth is not None:
        _write_truth(folder / "truth" / f"{name}.npz", truth, source, framing)
    if source.classes is not None:
        write_map(folder / "classes" / f"{name}.png", framing.apply_to_ids(source.classes))
    if source.usable is not None:
        usable = np.where(framing.apply_to_ids(source.usable) >= 128, 255, 0).astype(np.uint8)
        write_map(folder / RECORDS / f"{name}.mask.png", usable)
    stereo = source.stereo if settings.stereo else None
    other = None if stereo is None else _write_stereo(folder / "stereo" / f"{name}.jpg", stereo, settings)
    write_rgb(folder / "frames" / f"{name}.jpg", framing.apply(source.image))
    record = FrameRecord(
        intrinsics=framing.camera.numbers,
        intrinsics_source=framing.camera.source,
        source_size=(source.image.shape[1], source.image.shape[0]),
        crop_box=framing.box,
        stereo=other,
        T_target_to_stereo=None if stereo is None else _rows(stereo.T_target_to_stereo),
        truth=truth is not None,
        truth_source=source.truth_source,
        classes=source.classes is not None,
        usable=source.usable is not None,
        T_camera_to_world=None if source.T_camera_to_world is None else _rows(source.T_camera_to_world),
        notes=source.notes,
        lens=framing.window.lens,
    )
    write_text(folder / RECORDS / f"{name}.json", json_text(asdict(record)))
    return None


def frame_framing(source: SourceFrame, settings: PrepareSettings) -> Framing:
    """Return the way from a source image to the stored one; DataError for a camera that cannot be."""
    height, width = source.image.shape[:2]
    camera = check_intrinsics(source.camera)
    if (camera.width, camera.height) != (width, height):
        raise DataError(
            f"The image is {width}x{height} and its camera of {camera.width}x{camera.height}; the calibration is wrong."
        )
    if not camera.is_pinhole and (source.truth is not None or source.classes is not None):
        raise DataError("Maps beside a distorted image: the reader must undistort both.")
    return plan_framing(camera, width=settings.width, height=settings.height, crop=settings.crop)


def _check_poses(source: SourceFrame) -> None:
    """Raise DataError for a pose that no record could hold."""
    stereo = None if source.stereo is None else source.stereo.T_target_to_stereo
    for pose in (source.T_camera_to_world, stereo):
        if pose is not None and not np.isfinite(pose).all():
            raise DataError(
                "Its pose holds a number that is not finite; the calibration or the log of poses is broken."
            )


def _write_stereo(path: Path, stereo: StereoFrame, settings: PrepareSettings) -> CheckedCamera:
    framing = plan_framing(stereo.camera, width=settings.width, height=settings.height, crop=settings.crop)
    write_rgb(path, framing.apply(stereo.image))
    return framing.camera.numbers


def _write_truth(path: Path, truth: FrameTruth, source: SourceFrame, framing: Framing) -> None:
    """The part of each map that the clip shows, at the data set's own resolution."""
    arrays: dict[str, Any] = {
        "depth": truth.depth,
        "category": truth.category,
        "semantics": truth.semantics,
        "object_flow": truth.object_flow,
    }
    shown: dict[str, Any] = {key: _shown(array, source, framing) for key, array in arrays.items() if array is not None}
    pose = truth.T_camera_to_world if truth.T_camera_to_world is not None else source.T_camera_to_world
    if pose is not None:
        shown["T_camera_to_world"] = pose
    with whole_file(path) as temporary:
        np.savez_compressed(temporary, **shown)


def _shown(array: AnyArray, source: SourceFrame, framing: Framing) -> AnyArray:
    left, top, width, height = framing.box
    full = source.image.shape[:2]
    if (height, width) == full:
        return array
    if array.shape[-2:] != full:
        raise UsageError("Truth of another size than the image cannot be cropped; prepare with `crop=stretch`.")
    return np.ascontiguousarray(array[..., top : top + height, left : left + width])


def _rows(matrix: Pose) -> Any:
    return tuple(tuple(float(number) for number in row) for row in matrix)

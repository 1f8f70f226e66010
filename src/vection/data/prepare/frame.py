"""One frame of a data set into a clip folder: its image, and what is known about it; each file in one step.

The frame's record is written last, so a frame whose record exists is whole, whenever the program was killed.
"""

import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from vection.data.clips.folder import CameraNumbers, FrameTruth, Row4, write_rgb
from vection.data.clips.framing import Framing, plan_framing
from vection.data.clips.intrinsics import check_intrinsics
from vection.data.readers.sequences import PrepareSettings, SequenceFrame, SourceFrame, StereoFrame
from vection.errors import DataError, UsageError, VectionError

RECORDS = ".prepare"
"""Folder in an unfinished clip."""


@dataclass(frozen=True)
class FrameRecord:
    """What was written of one frame."""

    intrinsics: CameraNumbers
    intrinsics_source: str
    source_size: tuple[int, int]
    crop_box: tuple[int, int, int, int]
    stereo: CameraNumbers | None = None
    T_target_to_stereo: tuple[Row4, Row4, Row4, Row4] | None = None
    truth: bool = False
    truth_source: str | None = None
    classes: bool = False
    usable: bool = False
    T_camera_to_world: tuple[Row4, Row4, Row4, Row4] | None = None
    notes: tuple[str, ...] = ()


def write_frame(folder: Path, frame: SequenceFrame, settings: PrepareSettings) -> str | None:
    """Write all files of a frame below `folder`; return why it cannot be read, or None.

    Raises UsageError if the output cannot be written.
    """
    try:
        source = frame.read()
        framing = _framing(source, settings)
    except VectionError as error:
        return str(error)
    except Exception as error:
        # A reader meets any kind of damage in others' files; one frame must not stop a hundred thousand.
        return f"{type(error).__name__}: {error}"
    name = frame.name
    truth = source.truth if settings.truth else None
    if truth is not None:
        _write(folder / "truth" / f"{name}.npz", lambda path: _save_truth(path, truth, source, framing))
    if source.classes is not None:
        small = _nearest(source.classes, framing)
        _write(folder / "classes" / f"{name}.png", lambda path: _save_grey(path, small))
    if source.usable is not None:
        usable = np.where(_nearest(source.usable, framing) >= 128, 255, 0).astype(np.uint8)
        _write(folder / RECORDS / f"{name}.mask.png", lambda path: _save_grey(path, usable))
    stereo = source.stereo if settings.stereo else None
    other = None if stereo is None else _write_stereo(folder / "stereo" / f"{name}.jpg", stereo, settings)
    small_image = framing.apply(source.image)
    _write(folder / "frames" / f"{name}.jpg", lambda path: write_rgb(path, small_image))
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
    )
    text = json.dumps(asdict(record))
    _write(folder / RECORDS / f"{name}.json", lambda path: path.write_text(text, encoding="utf-8"))
    return None


def _framing(source: SourceFrame, settings: PrepareSettings) -> Framing:
    height, width = source.image.shape[:2]
    camera = check_intrinsics(source.camera)
    if (camera.width, camera.height) != (width, height):
        raise DataError(
            f"The image is {width}x{height} and its camera of {camera.width}x{camera.height}; the calibration is wrong."
        )
    if camera.distortion is not None and (source.truth is not None or source.classes is not None):
        raise DataError("Maps beside a distorted image: the reader must undistort both.")
    return plan_framing(camera, width=settings.width, height=settings.height, crop=settings.crop)


def _write_stereo(path: Path, stereo: StereoFrame, settings: PrepareSettings) -> CameraNumbers:
    framing = plan_framing(stereo.camera, width=settings.width, height=settings.height, crop=settings.crop)
    image = framing.apply(stereo.image)
    _write(path, lambda place: write_rgb(place, image))
    return framing.camera.numbers


def _save_truth(path: Path, truth: FrameTruth, source: SourceFrame, framing: Framing) -> None:
    """The part of each map that the clip shows, at the data set's own resolution."""
    arrays: dict[str, Any] = {
        "depth": truth.depth, "category": truth.category, "semantics": truth.semantics,
        "object_flow": truth.object_flow,
    }  # fmt: skip
    shown: dict[str, Any] = {key: _shown(array, source, framing) for key, array in arrays.items() if array is not None}
    pose = truth.T_camera_to_world if truth.T_camera_to_world is not None else source.T_camera_to_world
    if pose is not None:
        shown["T_camera_to_world"] = pose
    with path.open("wb") as file:
        np.savez_compressed(file, **shown)


def _shown(array: np.ndarray, source: SourceFrame, framing: Framing) -> np.ndarray:
    left, top, width, height = framing.box
    full = source.image.shape[:2]
    if (height, width) == full:
        return array
    if array.shape[-2:] != full:
        raise UsageError("Truth of another size than the image cannot be cropped; prepare with `crop=stretch`.")
    return np.ascontiguousarray(array[..., top : top + height, left : left + width])


def _nearest(labels: NDArray[np.uint8], framing: Framing) -> NDArray[np.uint8]:
    left, top, width, height = framing.box
    part = labels[top : top + height, left : left + width]
    size = (framing.camera.width, framing.camera.height)
    return np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_NEAREST_EXACT), dtype=np.uint8)


def _save_grey(path: Path, image: NDArray[np.uint8]) -> None:
    path.write_bytes(cv2.imencode(".png", image)[1].tobytes())


def _write(path: Path, save: Callable[[Path], object]) -> None:
    """Save under a temporary name beside `path`, with its suffix, and rename."""
    temporary = path.with_name(f".{os.getpid()}.{path.name}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        save(temporary)
        temporary.replace(path)
    except OSError as error:
        raise UsageError(f"Cannot write {path}: {error.strerror}; free space or choose another output.") from error
    finally:
        temporary.unlink(missing_ok=True)


def _rows(matrix: np.ndarray) -> Any:
    return tuple(tuple(float(number) for number in row) for row in matrix)

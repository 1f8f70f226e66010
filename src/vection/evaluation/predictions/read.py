"""Predicted depth by image name: our prediction folders, other people's files, or computed on the spot."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
from jaxtyping import Float, Integer, UInt8

from vection.array_files import read_array
from vection.arrays import CameraNumbers
from vection.data.clips.folder import files_below, natural_key
from vection.data.clips.image_file import read_stored
from vection.data.readers.cityscapes.labels import train_ids
from vection.errors import DataError, UsageError
from vection.evaluation.predictions.kinds import (
    MapKind,
    PredictedMap,
    PredictedObjects,
    PredictionReader,
    kind_of_name,
)
from vection.evaluation.predictions.stacked import read_archive, read_stack
from vection.files import inside
from vection.formats.prediction_folder import (
    LIST_FILE,
    Part,
    PredictedFrame,
    depth_file,
    find_prediction_folders,
    read_prediction_list,
)

PNG_FACTOR = 256.0
"""What KITTI multiplies depth in metres by in 16-bit PNG."""
SUFFIXES = (".npy", ".pfm", ".png")


def open_predictions(
    path: Path, *, names: Sequence[str] | None = None, kind: MapKind | None = None, in_order: bool = False
) -> PredictionReader:
    """Open a prediction folder, a folder of depth maps, or other programs' .npy and .npz.

    `names`: the images of files that hold all maps in one array, in their order. `kind`: what foreign maps are, where
    their names do not tell. `in_order`: the maps are those of `names` in order, whatever they are called.
    """
    if path.is_file() and path.suffix.lower() in (".npy", ".npz"):
        read = read_stack if path.suffix.lower() == ".npy" else read_archive
        reader = read(path, names, kind=kind)
    elif not path.is_dir():
        raise UsageError(f"There are no predictions at {path}; `vection predict` makes them.")
    elif find_prediction_folders(path):
        if kind is not None:
            raise UsageError(f"{path} holds {LIST_FILE}, so its maps are known to be depth; leave `kind` out.")
        reader = read_prediction_folder(path)
    else:
        reader = read_depth_folder(path, kind=kind)
    return renamed(reader, names or ()) if in_order else reader


def renamed(reader: PredictionReader, names: Sequence[str]) -> PredictionReader:
    """Give the predictions other names, in order; UsageError if there are not as many."""
    if len(reader.names) != len(names):
        raise UsageError(
            f"{reader.description} holds {len(reader.names)} maps, but the truth or list has {len(names)} images."
        )
    old = dict(zip(names, reader.names, strict=True))
    return replace(
        reader,
        names=tuple(names),
        read=lambda name: reader.read(old[name]),
        read_objects=lambda name: reader.read_objects(old[name]),
        windows={new: reader.windows[name] for new, name in old.items() if name in reader.windows},
        seconds={},
    )


def read_prediction_folder(folder: Path) -> PredictionReader:
    """Open a prediction folder, or all those below `folder`; names of the latter begin with the subfolder."""
    places: dict[str, Path] = {}
    frames: dict[str, PredictedFrame] = {}
    others: dict[str, dict[Part, Path]] = {}
    first: set[str] = set()
    units: set[str] = set()
    seconds: dict[str, float] = {}
    for place in sorted(find_prediction_folders(folder), key=lambda path: natural_key(str(path))):
        prefix = "" if place == folder else f"{place.relative_to(folder).as_posix()}/"
        listed = read_prediction_list(place)
        places |= {prefix + frame.name: place for frame in listed.frames}
        frames |= {prefix + frame.name: frame for frame in listed.frames}
        first |= {prefix + name for name in _without_previous(listed.frames)}
        others |= {prefix + frame.name: _other_files(frame, place) for frame in listed.frames}
        units.add(listed.unit)
        if any(frame.seconds for frame in listed.frames):
            seconds |= {prefix + frame.name: frame.seconds for frame in listed.frames}
    if len(units) > 1:
        raise DataError(f"The predictions below {folder} have different units ({', '.join(sorted(units))}).")
    if not frames:
        raise DataError(f"{folder} holds no predictions; predict again.")
    return PredictionReader(
        str(folder),
        tuple(frames),
        lambda name: PredictedMap(
            _read_map(depth_file(places[name], frames[name])),
            intrinsics=_given_camera(frames[name]),
            window=frames[name].window,
        ),
        unit=units.pop(),
        read_objects=lambda name: replace(
            _read_objects(others[name]),
            intrinsics=_given_camera(frames[name]),
            has_previous=name not in first,
            window=frames[name].window,
        ),
        windows={name: frame.window for name, frame in frames.items() if frame.window is not None},
        seconds=seconds,
    )


def read_depth_folder(folder: Path, *, kind: MapKind | None = None) -> PredictionReader:
    """Open a folder of maps, also in subfolders: `NAME.npy`, `NAME.pfm`, 16-bit `NAME.png` (times 256, 0 = none).

    They hold depth unless `kind` or their names say otherwise: `NAME_disp.npy` and `NAME_depth.npy`, as Monodepth2's
    `test_simple` writes them, are the map of the image NAME.
    """
    paths = files_below(folder, SUFFIXES)
    if not paths:
        raise UsageError(f"{folder} holds neither {LIST_FILE} nor .npy, .pfm or .png depth maps.")
    files: dict[str, Path] = {}
    for path in paths:
        name = path.relative_to(folder).with_suffix("").as_posix()
        name = re.sub(r"_(disp|depth)$", "", name)
        if name in files:
            raise DataError(f"{folder} holds two maps of '{name}': {files[name].name} and {path.name}; keep one kind.")
        files[name] = path

    def read(name: str) -> PredictedMap:
        kind_by_name = kind_of_name(files[name].stem) if files[name].stem.endswith(("_disp", "_depth")) else None
        return PredictedMap(_read_map(files[name]), kind or kind_by_name or "depth")

    return PredictionReader(str(folder), tuple(files), read)


def read_depth_png(path: Path, *, factor: float = PNG_FACTOR) -> Float[np.ndarray, "height width"]:
    """Read a 16-bit PNG of depth * `factor` (KITTI's 256); 0 stays 0, for none. DataError if it is no such file."""
    stored = read_stored(path)
    if stored.dtype != np.uint16 or stored.ndim != 2:
        raise DataError(f"{path} is not a 16-bit grey PNG, so not a depth map of KITTI's format.")
    return depth_from_png(stored, factor=factor).astype(np.float32)


def read_label_ids(path: Path) -> UInt8[np.ndarray, "height width"]:
    """Train ids of an 8-bit PNG of Cityscapes' label ids, which KITTI's semantics are too. DataError if it is none."""
    return train_ids(_read_byte_png(path))


def read_object_folder(folder: Path, *, part: Literal["motion_mask", "classes"]) -> PredictionReader:
    """Open a folder of 8-bit PNG, also in subfolders: masks (255 = surely moving) or train ids, without any depth."""
    paths = files_below(folder, (".png",))
    if not paths:
        raise UsageError(f"{folder} holds neither {LIST_FILE} nor 8-bit PNG.")
    files = {path.relative_to(folder).with_suffix("").as_posix(): path for path in paths}

    def no_depth(name: str) -> PredictedMap:
        raise UsageError(f"{folder} holds masks or classes, so there is no depth of '{name}'.")

    return PredictionReader(
        str(folder), tuple(files), no_depth, read_objects=lambda name: _read_objects({part: files[name]})
    )


def depth_from_png(stored: Integer[np.ndarray, "*shape"], *, factor: float = PNG_FACTOR) -> Float[np.ndarray, "*shape"]:
    """Metres of the numbers in a 16-bit PNG: value / `factor`."""
    return stored / factor


def _given_camera(frame: PredictedFrame) -> CameraNumbers | None:
    """A learned camera may be wrong, so it does not tell which part of the image is seen."""
    return None if frame.intrinsics_learned else frame.intrinsics


def _without_previous(frames: Sequence[PredictedFrame]) -> list[str]:
    """Names of the first frame, and of those behind a frame that has no motion to the next."""
    before = [None, *frames][: len(frames)]
    return [frame.name for frame, last in zip(frames, before, strict=True) if last is None or last.motion_mask is None]


def _other_files(frame: PredictedFrame, folder: Path) -> dict[Part, Path]:
    files: dict[Part, str | None] = {
        "object_flow": frame.object_flow,
        "motion_mask": frame.motion_mask,
        "classes": frame.classes,
    }
    return {part: inside(folder, file) for part, file in files.items() if file is not None}


def _read_objects(files: Mapping[Part, Path]) -> PredictedObjects:
    flow = _read_array(files["object_flow"]) if "object_flow" in files else None
    if flow is not None and (flow.ndim != 3 or flow.shape[2] != 3 or flow.dtype.kind != "f"):
        raise DataError(f"{files['object_flow']} holds {flow.dtype} of shape {flow.shape}, not a 3D flow.")
    mask = _read_byte_png(files["motion_mask"]) if "motion_mask" in files else None
    classes = _read_byte_png(files["classes"]) if "classes" in files else None
    return PredictedObjects(flow, None if mask is None else (mask / 255).astype(np.float32), classes)


def _read_byte_png(path: Path) -> UInt8[np.ndarray, "height width"]:
    stored = read_stored(path)
    if stored.dtype != np.uint8 or stored.ndim != 2:
        raise DataError(f"{path} is not an 8-bit grey PNG.")
    return np.asarray(stored, np.uint8)


def _read_map(path: Path) -> Float[np.ndarray, "height width"]:
    if path.suffix.lower() == ".png":
        return read_depth_png(path)
    if path.suffix.lower() == ".pfm":
        return _read_pfm(path)
    values = np.squeeze(_read_array(path))
    if values.ndim != 2 or values.dtype.kind != "f" or not values.size:
        raise DataError(f"{path} holds {values.dtype} of shape {values.shape}, not one map of real depth.")
    return values.astype(np.float32)


def _read_pfm(path: Path) -> Float[np.ndarray, "height width"]:
    stored = read_stored(path)
    if stored.dtype != np.float32 or stored.ndim != 2:
        raise DataError(f"{path} is not a grey PFM file, so not a depth map.")
    return np.asarray(stored, np.float32)


def _read_array(path: Path) -> np.ndarray:
    return read_array(path, what="The prediction", remedy="predict again")

"""Predicted depth by image name: our prediction folders, other people's files, or computed on the spot."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from jaxtyping import Float, Integer, UInt8

from vection.data.clip_folder import natural_key
from vection.errors import DataError, UsageError

PREDICTIONS_FILE = "predictions.json"


MapKind = Literal["depth", "inverse-depth"]


@dataclass(frozen=True)
class PredictedMap:
    """One image's prediction at any size."""

    values: Float[np.ndarray, "height width"]
    kind: MapKind = "depth"


@dataclass(frozen=True)
class PredictedObjects:
    """What a prediction says of one image beside depth; at any size, None where it says nothing."""

    object_flow: Float[np.ndarray, "flow_height flow_width 3"] | None = None
    """To the next frame, x, y, z of the image's camera, without ego-motion, in the unit of the depth."""
    motion_mask: Float[np.ndarray, "mask_height mask_width"] | None = None
    """In [0, 1]."""
    classes: UInt8[np.ndarray, "class_height class_width"] | None = None
    """Cityscapes train ids."""

    @property
    def empty(self) -> bool:
        """Whether nothing but depth is predicted."""
        return self.object_flow is None and self.motion_mask is None and self.classes is None


@dataclass(frozen=True)
class PredictionReader:
    """A set of predictions, read one at a time."""

    description: str
    names: tuple[str, ...]
    read: Callable[[str], PredictedMap]
    unit: str = "up-to-scale"
    read_objects: Callable[[str], PredictedObjects] = lambda _: PredictedObjects()


def open_predictions(path: Path, *, names: Sequence[str] | None = None) -> PredictionReader:
    """Open a prediction folder, a folder of NPY or 16-bit PNG depth, or Monodepth2's `disps_*.npy` (needs `names`)."""
    if path.is_file() and path.suffix == ".npy":
        if names is None:
            raise UsageError(f"{path} holds maps without names; give the list of images that it was made for.")
        return read_disparity_file(path, names)
    if not path.is_dir():
        raise UsageError(f"There are no predictions at {path}; `vection predict` makes them.")
    if (path / PREDICTIONS_FILE).is_file() or any(path.rglob(PREDICTIONS_FILE)):
        return read_prediction_folder(path)
    return read_depth_folder(path)


def read_prediction_folder(folder: Path) -> PredictionReader:
    """Open a prediction folder, or all those below `folder`; names of the latter begin with the subfolder."""
    listings = [folder / PREDICTIONS_FILE] if (folder / PREDICTIONS_FILE).is_file() else None
    listings = listings or sorted(folder.rglob(PREDICTIONS_FILE), key=lambda path: natural_key(str(path)))
    files: dict[str, Path] = {}
    others: dict[str, dict[str, Path]] = {}
    units: set[str] = set()
    for listing in listings:
        prefix = "" if listing.parent == folder else f"{listing.parent.relative_to(folder).as_posix()}/"
        try:
            content = json.loads(listing.read_text(encoding="utf-8"))
            files |= {prefix + frame["name"]: listing.parent / frame["file"] for frame in content["frames"]}
            others |= {prefix + frame["name"]: _other_files(frame, listing.parent) for frame in content["frames"]}
            units.add(str(content["unit"]))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise DataError(f"{listing} is not a list of predictions ({error}); predict again.") from error
    if len(units) > 1:
        raise DataError(f"The predictions below {folder} have different units ({', '.join(sorted(units))}).")
    if not files:
        raise DataError(f"{folder} holds no predictions; predict again.")
    return PredictionReader(
        str(folder),
        tuple(files),
        lambda name: PredictedMap(_read_map(files[name])),
        unit=units.pop(),
        read_objects=lambda name: _read_objects(others[name]),
    )


def read_depth_folder(folder: Path) -> PredictionReader:
    """Open a folder of depth maps, `NAME.npy` or 16-bit `NAME.png` (depth * 256, 0 = none), also in subfolders."""
    paths = sorted((path for path in folder.rglob("*") if path.suffix in (".npy", ".png")), key=str)
    files = {path.relative_to(folder).with_suffix("").as_posix(): path for path in paths}
    if not files:
        raise UsageError(f"{folder} holds neither {PREDICTIONS_FILE} nor .npy or .png depth maps.")
    if len(files) < len(paths):
        raise DataError(f"{folder} holds .npy and .png files of the same name; keep one kind.")
    return PredictionReader(str(folder), tuple(files), lambda name: PredictedMap(_read_map(files[name])))


def read_disparity_file(path: Path, names: Sequence[str]) -> PredictionReader:
    """Open Monodepth2's `disps_*.npy`: scaled disparity (1/depth), image x row x column, in the order of `names`."""
    try:
        maps = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read as an array of numbers ({error}).") from error
    maps = maps[:, 0] if maps.ndim == 4 and maps.shape[1] == 1 else maps
    if maps.ndim != 3 or len(maps) != len(names):
        raise UsageError(f"{path} has shape {maps.shape}, but the list names {len(names)} images; give its own list.")
    index = {name: number for number, name in enumerate(names)}
    return PredictionReader(
        str(path), tuple(names), lambda name: PredictedMap(np.array(maps[index[name]], np.float32), "inverse-depth")
    )


def read_depth_png(path: Path) -> Float[np.ndarray, "height width"]:
    """Read a 16-bit PNG of depth * 256 (KITTI); 0 stays 0, for none. DataError if it is no such file."""
    stored = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if stored is None or stored.dtype != np.uint16 or stored.ndim != 2:
        raise DataError(f"{path} is not a 16-bit grey PNG, so not a depth map of KITTI's format.")
    return depth_from_png(stored).astype(np.float32)


def depth_from_png(stored: Integer[np.ndarray, "*shape"]) -> Float[np.ndarray, "*shape"]:
    """Metres of the numbers in a 16-bit PNG of KITTI: value / 256."""
    return stored / 256


def _other_files(frame: dict[str, str], folder: Path) -> dict[str, Path]:
    return {part: folder / frame[part] for part in ("object_flow", "motion_mask", "classes") if part in frame}


def _read_objects(files: dict[str, Path]) -> PredictedObjects:
    flow = _read_array(files["object_flow"]) if "object_flow" in files else None
    if flow is not None and (flow.ndim != 3 or flow.shape[2] != 3 or flow.dtype.kind != "f"):
        raise DataError(f"{files['object_flow']} holds {flow.dtype} of shape {flow.shape}, not a 3D flow.")
    mask, classes = (_read_byte_png(files[part]) if part in files else None for part in ("motion_mask", "classes"))
    return PredictedObjects(flow, None if mask is None else (mask / 255).astype(np.float32), classes)


def _read_byte_png(path: Path) -> UInt8[np.ndarray, "height width"]:
    stored = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if stored is None or stored.dtype != np.uint8 or stored.ndim != 2:
        raise DataError(f"{path} is missing or is not an 8-bit grey PNG; predict again.")
    return np.asarray(stored, np.uint8)


def _read_map(path: Path) -> Float[np.ndarray, "height width"]:
    if path.suffix == ".png":
        return read_depth_png(path)
    values = np.squeeze(_read_array(path))
    if values.ndim != 2 or values.dtype.kind != "f":
        raise DataError(f"{path} holds {values.dtype} of shape {values.shape}, not one map of real depth.")
    return values.astype(np.float32)


def _read_array(path: Path) -> np.ndarray:
    try:
        return np.asarray(np.load(path, allow_pickle=False))
    except (OSError, ValueError, EOFError) as error:
        raise DataError(f"The prediction {path} is missing or broken ({error}); predict again.") from error

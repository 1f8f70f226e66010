"""Predictions of other programs in one file: Monodepth2's and SC-SfMLearner's .npy, and .npz archives."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float

from vection.array_files import open_arrays, read_array
from vection.errors import DataError, UsageError
from vection.evaluation.predictions.kinds import MapKind, PredictedMap, PredictionReader, kind_of_name

STACK_KEYS = ("pred", "preds", "predictions", "data", "depth", "depths", "disp", "disps", "disparities")
"""Keys under which programs store all images in one array; other keys are names of images."""
INVERSE_DEPTH_KEYS = ("disp", "disps", "disparities")
DEPTH_KEYS = ("depth", "depths")
WHAT, REMEDY = "The prediction file", "write arrays of numbers of one size"


def read_stack(path: Path, names: Sequence[str] | None, *, kind: MapKind | None = None) -> PredictionReader:
    """Open a .npy of maps, image x row x column, in the order of `names`.

    Monodepth2 writes `disps_*.npy` of scaled disparity, that is 1 / depth; SC-SfMLearner `predictions.npy` of depth.
    Without `kind` the file's name must tell which it is (UsageError).
    """
    kind = kind or kind_of_name(path.stem) or _say_kind(path)
    return _reader(path, read_array(path, what=WHAT, remedy=REMEDY, memory_map=True), names, kind=kind)


def read_archive(path: Path, names: Sequence[str] | None, *, kind: MapKind | None = None) -> PredictionReader:
    """Open a .npz: one array of all images in the order of `names`, or an array for each image under its name."""
    with open_arrays(path, what=WHAT, remedy=REMEDY) as arrays:
        keys = list(arrays)
    stacks = [key for key in keys if key.lower() in STACK_KEYS]
    if not keys or len(stacks) > 1 or (stacks and len(keys) > 2):
        raise DataError(f"{path} holds {', '.join(keys[:6]) or 'nothing'}: neither one array nor one for each image.")
    if stacks:
        key = stacks[0].lower()
        kind_of_key: MapKind | None = "inverse-depth" if key in INVERSE_DEPTH_KEYS else None
        kind_of_key = "depth" if key in DEPTH_KEYS else kind_of_key
        kind = kind or kind_of_key or kind_of_name(path.stem) or _say_kind(path)
        return _reader(path, _numbers(path, stacks[0]), names, kind=kind)
    kind = kind or kind_of_name(path.stem) or _say_kind(path)
    return PredictionReader(str(path), tuple(keys), lambda name: PredictedMap(_map(path, name), kind))


def _reader(path: Path, maps: np.ndarray, names: Sequence[str] | None, *, kind: MapKind) -> PredictionReader:
    maps = maps[:, 0] if maps.ndim == 4 and maps.shape[1] == 1 else maps
    if maps.ndim != 3 or maps.dtype.kind != "f" or not maps.size:
        raise DataError(
            f"{path} holds {maps.dtype} of shape {maps.shape}, not maps of real numbers, image x row x column."
        )
    if names is None:
        raise UsageError(f"{path} holds {len(maps)} maps without names; give the list of images that it was made for.")
    if len(maps) != len(names):
        raise UsageError(
            f"{path} holds {len(maps)} maps, but the truth or list has {len(names)} images; name with `names` the list"
            " that it was made for."
        )
    if len(set(names)) < len(names):
        raise UsageError(f"The list of images that {path} was made for names one of them twice.")
    index = {name: number for number, name in enumerate(names)}
    return PredictionReader(
        str(path), tuple(names), lambda name: PredictedMap(np.array(maps[index[name]], np.float32), kind)
    )


def _map(path: Path, key: str) -> Float[np.ndarray, "height width"]:
    values = np.squeeze(_numbers(path, key))
    if values.ndim != 2 or values.dtype.kind != "f" or not values.size:
        raise DataError(f"'{key}' of {path} holds {values.dtype} of shape {values.shape}, not one map of real numbers.")
    return values.astype(np.float32)


def _numbers(path: Path, key: str) -> np.ndarray:
    with open_arrays(path, what=WHAT, remedy=REMEDY) as arrays:
        return arrays[key]


def _say_kind(path: Path) -> MapKind:
    raise UsageError(
        f"Nothing tells whether {path} holds depth or inverse depth (scaled disparity); say `kind=depth` or"
        " `kind=inverse-depth`."
    )

"""Public checkpoints of the published systems, as methods of ours: the layout told by the files and their tensors."""

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from vection.errors import DataError, UsageError
from vection.foreign_weights.dynamo_depth import FILES as DYNAMO_FILES
from vection.foreign_weights.dynamo_depth import MOTION_FILES, convert_dynamo_depth
from vection.foreign_weights.layout_names import LayoutName
from vection.foreign_weights.lite_mono import convert_lite_mono
from vection.foreign_weights.monodepth2 import convert_monodepth2
from vection.foreign_weights.motion_field import convert_motion_field
from vection.foreign_weights.renamed_state import State, below
from vection.foreign_weights.sc_depth_pl import convert_sc_depth_pl
from vection.foreign_weights.sc_sfmlearner import convert_sc_sfmlearner
from vection.foreign_weights.sgdepth import convert_sgdepth
from vection.image_sides import LONGEST, check_image_sides
from vection.methods.method import Method, Needs
from vection.networks.weights.weight_file import read_weight_file

USUAL_SIZES: dict[LayoutName, tuple[int, int]] = {
    "monodepth2": (640, 192),
    "lite-mono": (640, 192),
    "sc-sfmlearner": (832, 256),
    "sc-depth-pl": (832, 256),
    "sgdepth": (640, 192),
    "dynamo-depth": (480, 320),
    "motion-field": (416, 128),
}
"""Width and height that most of the published weights were trained at, where the files do not say."""

RECIPES: dict[LayoutName, str] = {
    "lite-mono": "lite-mono",
    "sc-depth-pl": "sc-sfmlearner-as-released",
    "sgdepth": "sgdepth-as-released",
    "dynamo-depth": "dynamo-depth-as-released",
    "motion-field": "motion-field",
}
"""Names of the recipes whose data and schedule go with the weights of a layout, where one serves all."""

SUFFIXES = (".pth", ".pt", ".tar", ".ckpt", ".bin", ".safetensors")
"""How the names of weight files end."""

_MONODEPTH2 = ("encoder", "depth", "pose_encoder", "pose")
_DYNAMO = tuple(name.removesuffix(".pth") for name in DYNAMO_FILES + MOTION_FILES)
_NO_WEIGHTS = ("adam", "adam_pose", "optim", "scheduler", "train", "predictive_mask")
"""What trainings write beside the weights, and a network that only training needs."""


@dataclass(frozen=True)
class PublicFiles:
    """What the weight files of a checkpoint hold."""

    states: dict[str, State]
    """State dicts by the name of their file without its endings."""
    numbers: dict[str, float]
    """Numbers stored among the tensors, such as Monodepth2's `height`, `width` and `use_stereo`."""
    sha256: dict[str, str]
    """SHA-256 of each file, by its whole name."""

    @property
    def size(self) -> tuple[int, int] | None:
        """Width and height of the images that it was trained with, if the files say so."""
        if {"width", "height"} <= set(self.numbers):
            return _side(self.numbers["width"]), _side(self.numbers["height"])
        return None


@dataclass(frozen=True)
class Imported:
    """A public checkpoint as a method of ours, with what has to be carried along."""

    layout: LayoutName
    method: Method
    width: int
    height: int
    size_is_known: bool
    """Whether the size was given or stands in the files, or else is the usual one of the layout."""
    stereo: bool
    """Whether it was trained on stereo pairs, so that its depth has a scale."""
    sha256: dict[str, str]
    """SHA-256 of each file that was read, by its name."""
    recipe: str
    """Name of the recipe whose data and schedule are nearest to those of the weights."""


def import_checkpoint(path: Path, *, layout: LayoutName | None = None, size: tuple[int, int] | None = None) -> Imported:
    """Read a public checkpoint, a file or a folder, as a method.

    `layout` and `size`, width and height of the images it was trained with, are told by the files if not given. Raises
    UsageError for what is no checkpoint of a known layout, DataError for broken numbers.
    """
    files = read_public_files(path)
    trained_size = size or files.size
    stereo = bool(files.numbers.get("use_stereo"))
    try:
        layout = layout or layout_of(files.states)
        method = convert_checkpoint(files.states, layout=layout, stereo=stereo, size=trained_size)
    except UsageError as error:
        raise UsageError(f"'{path}' cannot be imported: {error}") from error
    width, height = trained_size or USUAL_SIZES[layout]
    check_image_sides(width=width, height=height)
    return Imported(
        layout=layout,
        method=method,
        width=width,
        height=height,
        size_is_known=trained_size is not None,
        stereo=stereo,
        sha256=files.sha256,
        recipe=nearest_recipe(layout, files.states, needs=method.settings.needs),
    )


def nearest_recipe(layout: LayoutName, files: Mapping[str, State], *, needs: Needs) -> str:
    """Return the name of the recipe whose data and schedule go with weights of a layout."""
    if layout == "monodepth2":
        if not needs.stereo:
            return "monodepth2"
        return "monodepth2-mono-stereo" if needs.neighbours else "monodepth2-stereo"
    if layout == "sc-sfmlearner":  # the later version has U-Nets
        later = any(key.startswith("encoder.encoder.") for state in files.values() for key in state)
        return "sc-sfmlearner-as-released" if later else "sc-sfmlearner"
    return RECIPES[layout]


def read_public_files(path: Path) -> PublicFiles:
    """Read a weight file, or the weight files of a folder. Raises UsageError for what is none, DataError for NaN."""
    states: dict[str, State] = {}
    numbers: dict[str, float] = {}
    hashes = {}
    for file in _weight_files(path):
        content = read_weight_file(file)
        for key, value in content.tensors.items():
            _check_tensor(value, where=f"'{file}' holds in '{key}'")
        states[file.name.split(".")[0]] = content.tensors
        numbers |= content.numbers
        with file.open("rb") as stream:
            hashes[file.name] = hashlib.file_digest(stream, "sha256").hexdigest()
    return PublicFiles(states, numbers, hashes)


def _check_tensor(tensor: Tensor, *, where: str) -> None:
    """Raise UsageError for what is no plain array of numbers, DataError for numbers that are not finite."""
    if tensor.layout != torch.strided or tensor.is_meta or tensor.is_complex() or tensor.is_quantized:
        kind = (
            "no numbers (a meta tensor)"
            if tensor.is_meta
            else f"a tensor of another kind ({tensor.layout}, {tensor.dtype})"
        )
        raise UsageError(f"{where} {kind}; where it was made, save plain weights: tensor.to_dense().float().")
    if tensor.is_floating_point() and not tensor.isfinite().all():
        raise DataError(f"{where} NaN or infinite numbers; its training failed, or it broke.")


def _side(number: float) -> int:
    """Return a side of images in pixels; DataError if a file states something else."""
    if not (math.isfinite(number) and number == int(number) and 0 < number <= LONGEST):
        raise DataError(f"The files say that images have a side of {number:g} pixels; give `width` and `height`.")
    return int(number)


def layout_of(files: Mapping[str, State]) -> LayoutName:
    """Tell the layout of state dicts by file name without endings. Raises UsageError if it is none of the known."""
    files = _one_file_each(dict(files))
    if "depth_enc" in files:
        return "dynamo-depth"
    if "encoder" in files or "depth" in files:
        lite = any(key.startswith("downsample_layers.") for key in files.get("encoder", {}))
        return "lite-mono" if lite else "monodepth2"
    keys = {key for state in files.values() for key in state}
    begins: dict[LayoutName, tuple[str, ...]] = {
        "sgdepth": ("common.encoder.",),
        "sc-depth-pl": ("depth_net.", "pose_net."),
        "motion-field": ("depth_prediction/", "MotionFieldNet/"),
        "sc-sfmlearner": ("encoder.encoder.conv1.", "predict_disp1.", "pose_pred."),
    }
    for layout, marks in begins.items():
        if any(key.startswith(marks) for key in keys):
            return layout
    if not keys:
        raise UsageError("it holds no tensors; give the file of a network's weights.")
    names = ", ".join(f"'{key}'" for state in files.values() for key in list(state)[:2])
    raise UsageError(f"its tensors are named like {names}, as in none of {', '.join(USUAL_SIZES)}.")


def convert_checkpoint(
    files: Mapping[str, State],
    *,
    layout: LayoutName | None = None,
    stereo: bool = False,
    size: tuple[int, int] | None = None,
) -> Method:
    """Build the method from the state dicts of a public checkpoint by file name; its layout is told if not given.

    What the files do not hold the method does not know (`Method.knows`). `stereo`: whether
    Monodepth2 was trained on stereo pairs; `size`: width and height, by which Lite-Mono's dilations and the time of
    Dynamo-Depth's flow are chosen. Raises UsageError for unknown, missing or strange files.
    """
    states = _one_file_each({name.split(".")[0]: state for name, state in files.items()})
    layout = layout or layout_of(states)
    named = {f"{name}.pth": state for name, state in states.items()}
    if layout == "monodepth2":
        return convert_monodepth2(named, stereo=stereo)
    if layout == "lite-mono":
        return convert_lite_mono(named, dilations="1024x320" if size == (1024, 320) else "640x192")
    if layout == "dynamo-depth":
        return convert_dynamo_depth(named, size=size)
    if layout == "sc-sfmlearner":
        return convert_sc_sfmlearner(states)
    if len(states) != 1:
        raise UsageError(f"A checkpoint of the layout '{layout}' is one file; give that file, not these {len(states)}.")
    (state,) = states.values()
    if layout == "sc-depth-pl":
        return convert_sc_depth_pl(state)
    return convert_sgdepth(state) if layout == "sgdepth" else convert_motion_field(state)


def _one_file_each(states: dict[str, State]) -> dict[str, State]:
    """Take apart a single state dict that holds several files, each below its name."""
    if len(states) != 1:
        return states
    (state,) = states.values()
    for names in (_MONODEPTH2, _DYNAMO):
        parts = {key.split(".")[0] for key in state}
        if len(parts) > 1 and parts <= set(names):
            return {name: below(state, f"{name}.") for name in names if name in parts}
    return states


def _weight_files(path: Path) -> list[Path]:
    """Choose the files to read. Raises UsageError if there is none or too many."""
    if path.suffix == ".zip":
        raise UsageError(f"'{path}' is a zip archive; unpack it and give the folder of its weight files.")
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise UsageError(f"There is no checkpoint at '{path}'; give a weight file or a folder of weight files.")
    files = {file.name.split(".")[0]: file for file in sorted(path.iterdir()) if file.suffix in SUFFIXES}
    for names in (_DYNAMO, _MONODEPTH2, ("model",)):
        if names[0] in files or (len(names) > 1 and names[1] in files):
            return [files[name] for name in names if name in files]
    pair = [_best(files, name) for name in ("dispnet", "exp_pose")]
    if any(pair):
        return [file for file in pair if file is not None]
    others = [file for name, file in files.items() if name not in _NO_WEIGHTS]
    if not others:
        below_it = [str(folder) for folder in _folders_with_weights(path)]
        hint = f"did you mean {' or '.join(below_it[-2:])}?" if below_it else f"looked for {', '.join(SUFFIXES)}."
        raise UsageError(f"The folder '{path}' holds no weight files; {hint}")
    if len(others) > 2:
        raise UsageError(f"'{path}' holds {len(others)} weight files of names that tell nothing; give one of them.")
    return others


def _best(files: Mapping[str, Path], name: str) -> Path | None:
    return next((files[f"{name}_{kind}"] for kind in ("model_best", "checkpoint") if f"{name}_{kind}" in files), None)


def _folders_with_weights(path: Path) -> list[Path]:
    folders = {file.parent for suffix in SUFFIXES for file in path.glob(f"*/*{suffix}")}
    return sorted(folders or {file.parent for suffix in SUFFIXES for file in path.glob(f"*/*/*{suffix}")})

"""Checkpoints: weights as safetensors, the rest as JSON, and never a half-written one."""

import hashlib
import shutil
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from vection.errors import DataError, UsageError
from vection.files import find_folder, flush, json_text, read_json, remove_unfinished, whole_folder, write_text
from vection.formats.record import KEY, check_format, checked

FORMAT = 2
"""Format 1 had other names for the depth network and its parts."""
WEIGHTS = "model.safetensors"
OPTIMISER = "optimiser.safetensors"
CONFIG = "config.json"
DIGEST = "weights_sha256"
"""Key of the SHA-256 of the weights in the config of a checkpoint that was published."""

OTHERWISE = "take another checkpoint, or train anew"
DAMAGED = f"the checkpoint is damaged; {OTHERWISE}."

PREFIXES_OF_FORMAT_1 = {
    "monodepth2": {"depth_encoder": "depth_network.encoder", "depth_decoder": "depth_network.decoder"},
    "sgdepth": {"shared": "depth_network.encoder", "depth_decoder": "depth_network.decoder"},
    "dynamo_depth": {"depth": "depth_network"},
}
"""What the names of tensors begin with in format 1 and today, by the name of the method."""


@dataclass(frozen=True)
class _Short:
    pose_matching: bool = False


@dataclass(frozen=True)
class _Method:
    """Of a stored method, what is asked before it is built."""

    name: str = "monodepth2"
    pose_matching: bool = False
    short: _Short = field(default_factory=_Short)


@dataclass(frozen=True)
class _Recipe:
    method: _Method = field(default_factory=_Method)


@dataclass(frozen=True)
class _Config:
    """What a config may hold, but for what its owners check: the position, the clips' windows and the recipe."""

    recipe: _Recipe = field(default_factory=_Recipe)
    knows: dict[str, bool] = field(default_factory=dict)
    scaler: dict[str, float] = field(default_factory=dict)
    cameras: tuple[str | None, ...] = ()
    samples: tuple[int, int] | None = None


def save_checkpoint(
    folder: Path, *, weights: dict[str, Tensor], config: dict[str, Any], optimiser: torch.optim.Optimizer | None = None
) -> None:
    """Write `folder` anew; a kill or a loss of power at any moment leaves the old or the new one whole.

    `config` holds what it takes to build the network and to go on. The folder above it is for checkpoints alone: what
    killed programs left there is removed. UsageError if the place cannot be written.
    """
    remove_unfinished(folder.parent)
    with whole_folder(folder, overwrite=True) as fresh:
        try:
            save_file({key: value.detach().cpu().contiguous() for key, value in weights.items()}, fresh / WEIGHTS)
            if optimiser is not None:
                save_file(_optimiser_tensors(optimiser), fresh / OPTIMISER)
        except SafetensorError as error:  # how it says that the disk is full
            raise UsageError(f"Cannot write {folder}: {error}; free space or choose another place.") from error
        write_text(fresh / CONFIG, json_text({**config, KEY: FORMAT}, indent=1))
        for tensors in fresh.glob("*.safetensors"):
            shutil.copymode(fresh / CONFIG, tensors)  # safetensors writes for the owner alone
        flush(fresh)


def find_checkpoint(folder: Path) -> Path | None:
    """Return `folder`, or what a kill amid its replacement left of it, or None."""
    for candidate in (find_folder(folder), folder.with_name(f"{folder.name}.old")):  # the second is of older versions
        if candidate is not None and (candidate / CONFIG).is_file() and (candidate / WEIGHTS).is_file():
            return candidate
    return None


def read_config(folder: Path) -> dict[str, Any]:
    """Read the JSON of a checkpoint.

    Raises UsageError if there is none, DataError if it is damaged or was written by a newer vection.
    """
    path = folder / CONFIG
    if not path.is_file():
        raise UsageError(f"'{folder}' is no checkpoint: it has no {CONFIG}.")
    config = read_json(path, remedy=DAMAGED)
    check_format(config, newest=FORMAT, path=path)
    checked(_Config, config, path=path, remedy=DAMAGED)
    return config


def weights_digest(folder: Path) -> str:
    """Return the SHA-256 of a checkpoint's weights in hexadecimal; DataError if they cannot be read."""
    try:
        with (folder / WEIGHTS).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise _unreadable(folder / WEIGHTS, error) from error


def load_weights(module: torch.nn.Module, folder: Path) -> None:
    """Load the weights of a checkpoint.

    Raises DataError if they are damaged, are not those that the config names, were written by a newer vection or were
    trained with parts that are gone, UsageError if of another network.
    """
    config = read_config(folder)
    recipe = checked(_Config, config, path=folder / CONFIG, remedy=DAMAGED).recipe
    _check_parts(recipe, folder=folder)
    tensors = _read_tensors(folder / WEIGHTS)
    if DIGEST in config and config[DIGEST] != weights_digest(folder):
        raise DataError(f"The weights in '{folder}' are not those of its {CONFIG} (SHA-256); fetch both anew.")
    if config.get(KEY, 1) == 1:
        tensors = _renamed(tensors, method=recipe.method.name)
    try:
        module.load_state_dict(tensors)
    except RuntimeError as error:
        raise UsageError(f"The weights in '{folder}' do not fit the network of its {CONFIG}.") from error
    statistics = ((name, buffer) for name, buffer in module.named_buffers() if "running_" in name)  # of batches
    weights = chain(module.named_parameters(), statistics)
    broken = next((name for name, weight in weights if not weight.isfinite().all()), None)
    if broken is not None:
        raise DataError(f"'{broken}' of the weights in '{folder}' is not finite; take another checkpoint.")


def check_parts(recipe: dict[str, Any], *, folder: Path) -> None:
    """Raise DataError if a stored recipe of `folder` trains with block matching of the pose, which is gone."""
    _check_parts(checked(_Recipe, recipe, path=folder, remedy=DAMAGED), folder=folder)


def _check_parts(recipe: _Recipe, *, folder: Path) -> None:
    if recipe.method.pose_matching or recipe.method.short.pose_matching:
        raise DataError(
            f"The run '{folder}' was trained with block matching of the pose ('pose_matching'), which this vection no "
            "longer has; train it anew."
        )


def load_optimiser(optimiser: torch.optim.Optimizer, folder: Path) -> None:
    """Restore the optimiser's state (its settings come from the recipe); DataError if it is missing or damaged."""
    parameters = [parameter for group in optimiser.param_groups for parameter in group["params"]]
    state: dict[int, dict[str, Tensor]] = {}
    try:
        for key, value in _read_tensors(folder / OPTIMISER, remedy="start anew with `resume=False`").items():
            index, name = key.split(".", maxsplit=1)
            parameter = parameters[int(index)]
            if value.shape == parameter.shape:  # the fused optimiser wants the strides of the parameter (channels last)
                value = torch.empty_like(parameter, requires_grad=False).copy_(value)
            state.setdefault(int(index), {})[name] = value
        optimiser.load_state_dict({"state": state, "param_groups": optimiser.state_dict()["param_groups"]})
    except (ValueError, LookupError) as error:
        raise DataError(f"'{folder / OPTIMISER}' is of another training; start anew with `resume=False`.") from error


def _renamed(tensors: dict[str, Tensor], *, method: str) -> dict[str, Tensor]:
    """Give tensors of format 1 their names of today."""
    prefixes = PREFIXES_OF_FORMAT_1.get(method, {})
    renamed = {}
    for name, tensor in tensors.items():
        part, dot, rest = name.partition(".")
        renamed[prefixes.get(part, part) + dot + rest] = tensor
    return renamed


def _read_tensors(path: Path, *, remedy: str = OTHERWISE) -> dict[str, Tensor]:
    try:
        path.open("rb").close()  # says why not, where the system forbids it
        return load_file(path)
    except OSError as error:
        raise _unreadable(path, error, remedy=remedy) from error
    except SafetensorError as error:
        raise DataError(f"'{path}' is damaged; {remedy}.") from error


def _unreadable(path: Path, error: OSError, *, remedy: str = OTHERWISE) -> DataError:
    return DataError(f"'{path}' cannot be read ({error.strerror}); {remedy}.")


def _optimiser_tensors(optimiser: torch.optim.Optimizer) -> dict[str, Tensor]:
    state = optimiser.state_dict()["state"]
    return {
        f"{i}.{name}": tensor.detach().cpu().contiguous()
        for i, tensors in state.items()
        for name, tensor in tensors.items()
    }

"""Files of network weights, of torch or safetensors; nothing in them is ever run."""

import argparse
import re
import zipfile
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path, PurePath
from pickle import UnpicklingError
from typing import Any

import numpy as np
import torch
from numpy._core.multiarray import scalar as numpy_scalar
from torch import Tensor

from vection.errors import UsageError

# What training frameworks put beside the weights. Each is read as a type that only holds values.
_HARMLESS = [
    (argparse.Namespace, "argparse.Namespace"),
    *((numpy_scalar, f"numpy.{core}.multiarray.scalar") for core in ("core", "_core")),
    (np.dtype, "numpy.dtype"),
    *((type(np.dtype(kind)), f"numpy.dtypes.{type(np.dtype(kind)).__name__}") for kind in ("f4", "f8", "i4", "i8")),
    *((PurePath, f"pathlib.{name}") for name in ("PosixPath", "WindowsPath", "PurePosixPath", "PureWindowsPath")),
    *((PurePath, f"pathlib._local.{name}") for name in ("PosixPath", "WindowsPath")),
    *(
        (OrderedDict, f"{package}.utilities.parsing.AttributeDict")
        for package in ("pytorch_lightning", "lightning.pytorch", "lightning.fabric", "lightning_fabric")
    ),
]


DAMAGE = (RuntimeError, EOFError, ValueError, LookupError, TypeError, OSError)
"""What torch raises for files that are none of its own."""


@dataclass(frozen=True)
class WeightFile:
    """The tensors of a state dict, and the numbers that some programs store among them (such as `height`)."""

    tensors: dict[str, Tensor]
    numbers: dict[str, float]


def read_weights(file: Path) -> dict[str, Tensor]:
    """Read a state dict of tensors; see `read_weight_file`."""
    return read_weight_file(file).tensors


def read_weight_file(file: Path) -> WeightFile:
    """Read a state dict, also where it lies inside a training checkpoint (`model`, `state_dict`).

    Code hidden in the file is never run (`weights_only`). Raises UsageError with the reason for what cannot be read.
    """
    if not file.is_file():
        raise UsageError(f"The weight file '{file}' does not exist.")
    try:
        if file.suffix == ".safetensors":
            from safetensors.torch import load_file

            return WeightFile(load_file(file), {})
        if damaged := _damaged_member(file):
            raise UsageError(f"'{file}' is damaged: the checksum of its part '{damaged}' is wrong; copy it again.")
        with torch.serialization.safe_globals(_HARMLESS):  # type: ignore[arg-type]
            state = torch.load(file, map_location="cpu", weights_only=True)
    except PermissionError as error:
        raise UsageError(f"The weight file '{file}' cannot be read: {error.strerror}.") from error
    except (zipfile.BadZipFile, UnpicklingError, *DAMAGE) as error:
        raise UsageError(_why_not(file, error)) from error
    except Exception as error:
        if type(error).__name__ != "SafetensorError":
            raise
        raise UsageError(f"'{file}' is not a safetensors file.") from error
    if not isinstance(state, dict):
        raise UsageError(f"'{file}' holds no dictionary of tensors (a state dict).")
    for name in ("model", "state_dict"):  # training scripts store the weights beside other things
        if isinstance(state.get(name), dict):
            state = state[name]
    return _of(state)


def _damaged_member(file: Path) -> str | None:
    """Return a part of a file of torch, a zip archive, whose checksum is wrong; torch itself does not look at it."""
    if not zipfile.is_zipfile(file):
        return None
    with zipfile.ZipFile(file) as archive:
        if sum(member.file_size for member in archive.infolist()) > 2 * file.stat().st_size:
            raise ValueError("packed, as torch never writes it")
        return archive.testzip()


def _of(state: dict[Any, Any]) -> WeightFile:
    tensors = {key: value for key, value in state.items() if isinstance(key, str) and isinstance(value, Tensor)}
    if tensors and all(key.startswith("module.") for key in tensors):  # saved from a data-parallel wrapper
        tensors = {key.removeprefix("module."): value for key, value in tensors.items()}
    numbers = {str(key): float(value) for key, value in state.items() if isinstance(value, int | float)}
    return WeightFile(tensors, numbers)


def _why_not(file: Path, error: Exception) -> str:
    refused = re.search(r"GLOBAL (\S+) (?:was not|whose module)", str(error))
    if refused is None:
        return (
            f"'{file}' is not a file of network weights that can be read safely; give the file as torch.save wrote it."
        )
    return (
        f"'{file}' cannot be read safely: beside weights it holds an object of type '{refused[1]}', which may run "
        "code; where it was made, save its weights alone, torch.save(model.state_dict(), 'weights.pth'), and use that "
        "file."
    )

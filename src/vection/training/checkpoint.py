"""Checkpoints: weights as safetensors, the rest as JSON, and never a half-written one."""

import json
import shutil
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from vection.errors import UsageError

LAST = "checkpoints/last"
BEST = "checkpoints/best"
"""Where a run folder holds its checkpoints."""

WEIGHTS, OPTIMISER, CONFIG = "model.safetensors", "optimiser.safetensors", "config.json"


def save_checkpoint(
    folder: Path, *, weights: dict[str, Tensor], config: dict[str, Any], optimiser: torch.optim.Optimizer | None = None
) -> None:
    """Write `folder` anew; a kill at any moment leaves the old or the new checkpoint whole."""
    fresh, old = folder.with_name(folder.name + ".new"), folder.with_name(folder.name + ".old")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    save_file({key: value.detach().cpu().contiguous() for key, value in weights.items()}, fresh / WEIGHTS)
    if optimiser is not None:
        save_file(_optimiser_tensors(optimiser), fresh / OPTIMISER)
    (fresh / CONFIG).write_text(json.dumps(config, indent=1))
    if folder.exists():
        shutil.rmtree(old, ignore_errors=True)
        folder.rename(old)
    fresh.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


def find_checkpoint(folder: Path) -> Path | None:
    """`folder`, or what a kill between the two renames of `save_checkpoint` left of it, or None."""
    for candidate in (folder, folder.with_name(folder.name + ".old")):
        if (candidate / CONFIG).is_file() and (candidate / WEIGHTS).is_file():
            return candidate
    return None


def read_config(folder: Path) -> dict[str, Any]:
    """Read the JSON of a checkpoint. Raises UsageError if there is none."""
    try:
        config: dict[str, Any] = json.loads((folder / CONFIG).read_text())
    except FileNotFoundError as error:
        raise UsageError(f"'{folder}' is no checkpoint: it has no {CONFIG}.") from error
    except (json.JSONDecodeError, NotADirectoryError) as error:
        raise UsageError(f"'{folder / CONFIG}' cannot be read as JSON; the checkpoint is damaged.") from error
    return config


def load_weights(module: torch.nn.Module, folder: Path) -> None:
    """Load the weights of a checkpoint. Raises UsageError if they are damaged or of another network."""
    try:
        module.load_state_dict(load_file(folder / WEIGHTS))
    except (SafetensorError, FileNotFoundError) as error:
        raise UsageError(f"'{folder / WEIGHTS}' is missing or damaged.") from error
    except RuntimeError as error:
        raise UsageError(f"The weights in '{folder}' do not fit the network of its {CONFIG}.") from error


def load_optimiser(optimiser: torch.optim.Optimizer, folder: Path) -> None:
    """Restore the optimiser's state (its settings come from the recipe)."""
    parameters = [parameter for group in optimiser.param_groups for parameter in group["params"]]
    state: dict[int, dict[str, Tensor]] = {}
    for key, value in load_file(folder / OPTIMISER).items():
        index, name = key.split(".", maxsplit=1)
        parameter = parameters[int(index)]
        if value.shape == parameter.shape:  # the fused optimiser wants the strides of the parameter (channels last)
            value = torch.empty_like(parameter, requires_grad=False).copy_(value)
        state.setdefault(int(index), {})[name] = value
    optimiser.load_state_dict({"state": state, "param_groups": optimiser.state_dict()["param_groups"]})


def _optimiser_tensors(optimiser: torch.optim.Optimizer) -> dict[str, Tensor]:
    state = optimiser.state_dict()["state"]
    return {
        f"{i}.{name}": tensor.detach().cpu().contiguous() for i, one in state.items() for name, tensor in one.items()
    }

"""Loading the tensors of a public checkpoint under the names that our networks give them."""

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor, nn

from vection.errors import UsageError

State = dict[str, Tensor]
NAMES = 2
"""How many names of tensors a message holds at most."""


def load_renamed(module: nn.Module, state: State, rename: Callable[[State], State], *, what: str, network: str) -> None:
    """Load `rename(state)`, whole. Raises UsageError "{what} does not fit {network}: ..." for other tensors.

    Counters of batch normalisation, which old files lack, are filled in with 0.
    """
    try:
        renamed = rename(state)
        for key, value in module.state_dict().items():
            if key.endswith("num_batches_tracked"):
                renamed.setdefault(key, torch.zeros_like(value))
    except (LookupError, ValueError) as error:  # a key that `rename` cannot read
        raise UsageError(f"{what} does not fit {network}: its tensors have other names.") from error
    if reason := _misfit(renamed, module.state_dict()):
        raise UsageError(f"{what} does not fit {network}: {reason}.")
    module.load_state_dict(renamed)


def _misfit(state: State, wanted: State) -> str:
    """Say how tensors differ from those that a network has; empty if names and shapes are the same."""
    kinds = {
        "it lacks": [name for name in wanted if name not in state],
        "it also holds": [name for name in state if name not in wanted],
        "other sizes have": [
            f"{name} ({_size(state[name])}, here {_size(tensor)})"
            for name, tensor in wanted.items()
            if name in state and state[name].shape != tensor.shape
        ],
        "whole numbers have": [
            name
            for name, tensor in wanted.items()
            if name in state and tensor.is_floating_point() and not state[name].is_floating_point()
        ],
    }
    return "; ".join(f"{words} {_shortened(names)}" for words, names in kinds.items() if names)


def _size(tensor: Tensor) -> str:
    return "x".join(map(str, tensor.shape)) or "1"


def _shortened(names: Sequence[str]) -> str:
    more = len(names) - NAMES
    return ", ".join(names[:NAMES]) + (f" and {more} more" if more > 0 else "")


def below(state: State, prefix: str) -> State:
    """Return the tensors whose names begin with `prefix`, without it."""
    return {key.removeprefix(prefix): value for key, value in state.items() if key.startswith(prefix)}


def require(files: Mapping[str, State], names: Sequence[str], *, system: str) -> None:
    """Raise UsageError that names the first file of `names` that is missing."""
    for name in names:
        if name not in files:
            raise UsageError(f"This is no {system} checkpoint: it lacks '{name}' (looked for {', '.join(names)}).")

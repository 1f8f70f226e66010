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
        module.load_state_dict(renamed)
    except RuntimeError as error:
        reason = _shortened(str(error).splitlines()[-1].strip())
        raise UsageError(f"{what} does not fit {network}: {reason}") from error
    except (LookupError, ValueError) as error:  # a key that `rename` cannot read
        raise UsageError(f"{what} does not fit {network}: its tensors have other names.") from error


def _shortened(reason: str) -> str:
    """Of a list of tensors' names the first two."""
    names = reason.split(", ")
    return reason if len(names) <= NAMES else f"{', '.join(names[:NAMES])} and {len(names) - NAMES} more."


def below(state: State, prefix: str) -> State:
    """Return the tensors whose names begin with `prefix`, without it."""
    return {key.removeprefix(prefix): value for key, value in state.items() if key.startswith(prefix)}


def require(files: Mapping[str, State], names: Sequence[str], *, system: str) -> None:
    """Raise UsageError that names the first file of `names` that is missing."""
    for name in names:
        if name not in files:
            raise UsageError(f"This is no {system} checkpoint: it lacks '{name}' (looked for {', '.join(names)}).")

"""What a target of the fuzzer is."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Target:
    """A command, what it reads, and which of that is damaged."""

    name: str
    write: Callable[[Path], None]
    """Writes the valid inputs into an empty folder; done once."""
    words: tuple[str, ...]
    """The command, run in the folder."""
    damaged: tuple[str, ...]
    """Patterns of the files that are damaged, one of them in each case; none: the arguments are."""
    outputs: tuple[str, ...] = ("out",)
    """How the paths begin that the command may write."""
    undamaged: int = 0
    """Exit code without any damage."""
    change: Callable[[tuple[str, ...], np.random.Generator], tuple[str, ...]] | None = None
    """Makes other arguments of the command's."""


def target(name: str, write: Callable[[Path], None], words: str, *damaged: str, **more: Any) -> Target:
    """Return a target whose command has no spaces in its words."""
    return Target(name, write, tuple(words.split()), damaged, **more)

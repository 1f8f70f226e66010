"""Looking up by name, with the nearest names where there is none."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import TypeVar

from vection.errors import UsageError

Value = TypeVar("Value")


def look_up(name: str, known: Mapping[str, Value], *, kind: str, see: str | None = None) -> Value:
    """Return `known[name]`. Raises UsageError with the nearest names; with none near, it says `see` or names all.

    >>> look_up("resnet81", {"resnet18": 1, "dispnet": 2}, kind="encoder")
    Traceback (most recent call last):
    vection.errors.UsageError: There is no encoder 'resnet81'; did you mean resnet18?
    """
    if name in known:
        return known[name]
    hint = did_you_mean(name, known) or see or f"choose one of {', '.join(known)}."
    raise UsageError(f"There is no {kind} '{name}'; {hint}")


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return 'did you mean ...?' with the two nearest names, empty if nothing is near.

    >>> did_you_mean("trian", ["train", "evaluate"])
    'did you mean train?'
    """
    near = get_close_matches(name, list(known), n=2, cutoff=0.6)
    return f"did you mean {' or '.join(near)}?" if near else ""

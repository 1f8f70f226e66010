"""Names: looked up, with the nearest where there is none, and shown, whatever characters they have."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import TypeVar

from vection.errors import UsageError

Value = TypeVar("Value")


NEAR = 0.6
"""Least similarity of a name that is suggested, as `difflib` measures it: 1 is the same, 0 shares nothing."""


def look_up(
    name: str, known: Mapping[str, Value], *, kind: str, see: str | None = None, elsewhere: Iterable[str] = ()
) -> Value:
    """Return `known[name]`. Raises UsageError with the nearest names; with none near, it says `see` or names all.

    `elsewhere` are names of the same kind that another table holds; they are suggested, too.

    >>> look_up("resnet81", {"resnet18": 1, "dispnet": 2}, kind="encoder")
    Traceback (most recent call last):
    vection.errors.UsageError: There is no encoder 'resnet81'; did you mean resnet18?
    """
    if name in known:
        return known[name]
    names = [*known, *elsewhere]
    hint = did_you_mean(name, names) or see or f"choose one of {', '.join(names)}."
    raise UsageError(f"There is no {kind} '{name}'; {hint}")


def printable(text: str) -> str:
    """Return text that cannot steer a terminal: control, invisible and invalid characters are written out.

    >>> print(printable("clip\x1b[2J.mp4"))
    clip\\x1b[2J.mp4
    """
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() or one == "\n" else one.encode("unicode_escape").decode() for one in text)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return 'did you mean ...?' with the two nearest names, empty if nothing is near.

    >>> did_you_mean("trian", ["train", "evaluate"])
    'did you mean train?'
    """
    near = get_close_matches(name, list(known), n=2, cutoff=NEAR)
    return f"did you mean {' or '.join(near)}?" if near else ""

"""What all formats share: the number of a format, and content that is checked against a dataclass."""

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from vection.errors import DataError

Value = TypeVar("Value")

_adapter: Callable[[type], Any] = cache(TypeAdapter)  # building one takes longer than checking a clip of many frames

KEY = "format"
"""Under this name every JSON object on disk states the number of its format; files without it are of format 1."""


def check_format(content: Mapping[str, Any], *, newest: int, path: Path) -> int:
    """Return the number of the format of `content`, from 1 to `newest`.

    Raises DataError if a newer vection wrote it, or if it is no such number; `path` is the file for the message.

    >>> check_format({"format": 2}, newest=2, path=Path("clip.json"))
    2
    """
    stated = content.get(KEY, 1)
    if not isinstance(stated, int) or isinstance(stated, bool) or stated < 1:
        raise DataError(f"{path} says 'format': {stated!r}, which is no number of a format; make the file anew.")
    if stated > newest:
        raise DataError(
            f"{path} was written by a newer vection (format {stated}; this one knows up to {newest}); update vection."
        )
    return stated


def checked(kind: type[Value], content: Any, *, path: Path, remedy: str) -> Value:
    """Return `content` as the dataclass `kind`; what the class does not know is left out.

    Raises DataError that names the place in the file `path`; `remedy` ends its sentence.
    """
    try:
        return _adapter(kind).validate_python(content)
    except ValidationError as error:
        raise DataError(f"{path} is not valid at {first_place(error)}; {remedy}") from error


def first_place(error: ValidationError) -> str:
    """Return where the first mistake is and what is wrong there."""
    first = error.errors()[0]
    return f"'{'.'.join(str(part) for part in first['loc'])}': {first['msg']}"

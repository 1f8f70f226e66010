"""Numbers and paths with bounds, for the fields of settings and of files; pydantic checks them."""

from pathlib import PurePath, PurePosixPath, PureWindowsPath
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, FiniteFloat


def leads_out(name: str) -> bool:
    """Return whether a path that a file names may lead out of its folder: up, or to a root or drive.

    >>> leads_out("frames/000001.jpg"), leads_out("../secret.jpg"), leads_out("/etc/passwd"), leads_out("C:x")
    (False, True, True, True)
    """
    paths: tuple[PurePath, ...] = (PurePosixPath(name), PureWindowsPath(name))
    return "\0" in name or any(".." in path.parts or path.anchor for path in paths)


def _inner(name: str) -> str:
    if not name.strip("./") or leads_out(name):
        raise ValueError(f"{name!r} is no path below the folder of this file")
    return name


InnerPath = Annotated[str, AfterValidator(_inner)]
"""A file or folder below that of the file which names it; see also `files.inside`."""

Count = Annotated[int, Field(ge=1, le=10**9)]
"""How many there are, or how often something is done."""
Few = Annotated[int, Field(ge=1, le=100_000)]
"""How many there are of what takes time or memory each."""
CountOrNone = Annotated[int, Field(ge=0, le=10**9)]
"""How many there are, where there need not be any."""
FewOrNone = Annotated[int, Field(ge=0, le=1000)]
"""How many processes there are beside the main one."""
Seed = Annotated[int, Field(ge=0, lt=2**63)]
"""What random numbers follow from."""
Scales = Annotated[int, Field(ge=1, le=4)]
"""At how many scales a network predicts."""
Finite = FiniteFloat
"""Any number, but no infinity and no NaN."""
Number = Annotated[float, BeforeValidator(lambda value: float("nan") if value is None else value)]
"""A result; NaN where it is undefined, for which JSON has null."""
Positive = Annotated[FiniteFloat, Field(gt=0)]
"""A length, a rate, a factor."""
NotNegative = Annotated[FiniteFloat, Field(ge=0)]
"""A weight, a deviation, a tolerance."""
Share = Annotated[FiniteFloat, Field(ge=0, le=1)]
"""A part of a whole, or a probability."""

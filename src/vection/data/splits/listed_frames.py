"""Which frames of a drive a published list wants, and the neighbours that they need."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from vection.data.splits.list_file import SplitLine, read_split
from vection.data.splits.published import find_split

NEIGHBOURS = (-1, 1)
"""Frames beside a listed one, as every published system trains."""
CAMERA_SIDES = {"02": "l", "03": "r"}


@dataclass(frozen=True)
class ListedFrame:
    """A frame of a drive: one of the list, or a neighbour of such."""

    number: int
    target: bool
    follows: bool
    present: bool = True
    """False for a frame of the list that is not there; nothing else is known of it."""


@dataclass(frozen=True)
class Part:
    """A list: the frames by drive and side. `prefix` is put before the names of its sequences ("train/")."""

    prefix: str
    frames: Mapping[tuple[str, str], frozenset[int]]
    found: set[tuple[str, str]] = field(default_factory=set)
    """The drives and sides of which frames were taken."""
    file: Path | None = None

    def renamed(self, name: Callable[[str], str], *, side: str | None = None) -> "Part":
        """Return the list with other names of the drives; `side` is that of all frames, if it says nothing."""
        frames: dict[tuple[str, str], frozenset[int]] = {}
        for (folder, stated), numbers in self.frames.items():
            key = name(folder), side or stated
            frames[key] = frames.get(key, frozenset()) | numbers
        return Part(self.prefix, frames, file=self.file)

    def absent(self) -> list[tuple[str, str]]:
        """Return the drives that were never found, and why that matters, for the table of what was left out."""
        return [
            (f"{self.prefix}{folder}", f"the list names {len(numbers)} frames of it ({side}), which are not there.")
            for (folder, side), numbers in self.frames.items()
            if (folder, side) not in self.found
        ]


def read_parts(split: str, *, near: Path | None = None) -> list[Part]:
    """Read the lists that `list_files` finds."""
    files = list_files(split, near=near)
    return [Part(prefix, _by_drive(read_split(file)), file=file) for prefix, file in files.items()]


def list_files(split: str, *, near: Path | None = None) -> dict[str, Path]:
    """Return the list files of a file, a folder or a published name (`published.find_split`), by sequence prefix.

    "NAME:PART" is one part alone, without prefix; so is a list file.
    """
    return {f"{part}/" if part else "": file for part, file in find_split(split, near=near).items()}


def frames_of_parts(
    parts: Sequence[Part] | None, *, folder: str, camera: str, present: Sequence[int], neighbours: bool = True
) -> list[tuple[str, list[ListedFrame]]]:
    """Return for each part its prefix and the frames of a drive's camera; without parts all that are present.

    Listed frames that are not present are among them, to be told of, but not their neighbours.
    """
    there = frozenset(present)
    if parts is None:
        return [("", _with_gaps(present, targets=there, present=there))]
    offsets = NEIGHBOURS if neighbours else ()
    frames_of_part = []
    for part in parts:
        key = folder, CAMERA_SIDES.get(camera, "")
        targets = part.frames.get(key, frozenset())
        part.found.add(key)
        beside = {frame + offset for frame in targets & there for offset in offsets}
        numbers = sorted(targets | (beside & there))
        frames_of_part.append((part.prefix, _with_gaps(numbers, targets=targets, present=there)))
    return frames_of_part


def _with_gaps(numbers: Sequence[int], *, targets: frozenset[int], present: frozenset[int]) -> list[ListedFrame]:
    return [
        ListedFrame(
            number,
            target=number in targets,
            follows=index > 0 and numbers[index - 1] == number - 1 and {number, number - 1} <= present,
            present=number in present,
        )
        for index, number in enumerate(numbers)
    ]


def _by_drive(lines: Sequence[SplitLine]) -> dict[tuple[str, str], frozenset[int]]:
    frames: dict[tuple[str, str], set[int]] = {}
    for line in lines:
        frames.setdefault((line.folder, line.side), set()).add(line.frame)
    return {key: frozenset(numbers) for key, numbers in frames.items()}

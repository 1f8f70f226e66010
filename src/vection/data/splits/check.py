"""What list files hold and share: counts, and what trains and tests at once."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from vection.data.splits.list_file import list_words
from vection.data.splits.published import NAMED
from vection.errors import DataError

Entry = tuple[str, ...]
"""Folder, frame and, where the list has it, side; frames without leading zeros."""


@dataclass(frozen=True)
class PartCount:
    """A list of a split."""

    part: str
    file: Path
    lines: int
    frames: int
    """Different frames, each counted once for all cameras."""
    drives: int
    published: bool | None
    """Whether it is the published list, byte for byte; None if its hash is not known."""
    expected: int | None
    """Lines of the published list."""


@dataclass(frozen=True)
class Overlap:
    """What two lists share."""

    first: str
    second: str
    lines: int
    frames: int
    """Of the same moment, perhaps seen by another camera."""
    drives: int


@dataclass(frozen=True)
class SplitCheck:
    """Counts and overlaps of a split."""

    parts: tuple[PartCount, ...]
    overlaps: tuple[Overlap, ...]

    @property
    def warnings(self) -> list[str]:
        """What is not as published, or would spoil a result, in words."""
        said = [
            f"{one.file} is not the published list: {one.lines} lines instead of {one.expected}."
            if one.lines != one.expected
            else f"{one.file} has as many lines as the published list, but is not the same."
            for one in self.parts
            if one.published is False
        ]
        for shared in self.overlaps:
            pair = f"{shared.first} and {shared.second} share"
            if shared.lines:
                said.append(f"{pair} {shared.lines} lines.")
            elif shared.frames:
                said.append(f"{pair} {shared.frames} frames, as seen by different cameras.")
        return said


def check_split(files: Mapping[str, Path]) -> SplitCheck:
    """Count the lists of a split, by part, and compare each two of them.

    Raises UsageError for a file that cannot be read, DataError for one that is no list.
    """
    entries = {part: _entries(file) for part, file in files.items()}
    parts = []
    for part, found in entries.items():
        published, expected = _published(files[part])
        frames, drives = ({entry[:count] for entry in found} for count in (2, 1))
        parts.append(PartCount(part, files[part], len(found), len(frames), len(drives), published, expected))
    overlaps = [
        Overlap(
            one,
            other,
            *(len({e[:n] for e in entries[one]} & {e[:n] for e in entries[other]}) for n in (3, 2, 1)),
        )
        for one, other in combinations(entries, 2)
    ]
    return SplitCheck(tuple(parts), tuple(overlaps))


def _entries(file: Path) -> list[Entry]:
    found = []
    for number, words in list_words(file):
        if len(words) not in (2, 3):
            raise DataError(
                f"{file}, line {number}: '{' '.join(words)}' is not '<folder> <frame>' with or without l|r."
            )
        found.append(_entry(words))
    if not found:
        raise DataError(f"{file} lists no frames.")
    return found


def _entry(words: list[str]) -> Entry:
    return tuple(str(int(word)) if word.isdecimal() and index == 1 else word for index, word in enumerate(words))


def _published(file: Path) -> tuple[bool | None, int | None]:
    """Say whether a file at the place of a published list is that list, and how many lines that has."""
    place = f"{file.parent.name}/{file.name}"
    lists = {published.place: published for named in NAMED.values() for published in named.lists.values()}
    known = lists.get(place)
    if known is None or known.sha256 is None:
        return None, None
    return hashlib.sha256(file.read_bytes()).hexdigest() == known.sha256, known.lines

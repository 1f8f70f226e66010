"""What list files hold and share: counts, and what trains and tests at once."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from vection.data.splits.list_file import ListLine, read_lines
from vection.data.splits.published import NAMED


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
        sentences = [
            f"{part.file} is not the published list: {part.lines} lines instead of {part.expected}."
            if part.lines != part.expected
            else f"{part.file} has as many lines as the published list, but is not the same."
            for part in self.parts
            if part.published is False or part.expected not in (None, part.lines)
        ]
        for shared in self.overlaps:
            pair = f"{shared.first} and {shared.second} share"
            if shared.lines:
                sentences.append(f"{pair} {shared.lines} lines.")
            elif shared.frames:
                sentences.append(f"{pair} {shared.frames} frames, as seen by different cameras.")
        return sentences


def check_split(files: Mapping[str, Path]) -> SplitCheck:
    """Count the lists of a split, by part, and compare each two of them.

    Raises UsageError for a file that cannot be read, DataError for one that is no list.
    """
    lists = {part: read_lines(file) for part, file in files.items()}
    parts = []
    for part, lines in lists.items():
        published, expected = _published(files[part])
        parts.append(
            PartCount(
                part=part,
                file=files[part],
                lines=len(lines),
                frames=len(_frames(lines)),
                drives=len(_drives(lines)),
                published=published,
                expected=expected,
            )
        )
    overlaps = [_overlap(first, second, lists=lists) for first, second in combinations(lists, 2)]
    return SplitCheck(tuple(parts), tuple(overlaps))


def _overlap(first: str, second: str, *, lists: Mapping[str, list[ListLine]]) -> Overlap:
    return Overlap(
        first,
        second,
        lines=len(set(lists[first]) & set(lists[second])),
        frames=len(_frames(lists[first]) & _frames(lists[second])),
        drives=len(_drives(lists[first]) & _drives(lists[second])),
    )


def _frames(lines: Iterable[ListLine]) -> set[tuple[str, str]]:
    return {(line.folder, line.frame) for line in lines}


def _drives(lines: Iterable[ListLine]) -> set[str]:
    return {line.folder for line in lines}


def _published(file: Path) -> tuple[bool | None, int | None]:
    """Say whether a file at the place of a published list is that list, and how many lines that has."""
    place = f"{file.parent.name}/{file.name}"
    lists = {listed.place: listed for named in NAMED.values() for listed in named.lists.values()}
    published = lists.get(place)
    if published is None:
        return None, None
    if published.sha256 is None:
        return None, published.lines
    return hashlib.sha256(file.read_bytes()).hexdigest() == published.sha256, published.lines

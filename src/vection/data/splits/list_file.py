"""Published list files: one `<folder> <frame> l|r` a line."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from vection.errors import DataError, UsageError

Side = Literal["l", "r"]


@dataclass(frozen=True)
class SplitLine:
    """A frame of a drive as seen by the left or right camera; lines of two words mean the left one."""

    folder: str
    frame: int
    side: Side = "l"


def read_split(file: Path) -> list[SplitLine]:
    """Read a list file. Raises UsageError if it is missing, DataError with the line's number if a line is not valid."""
    lines = []
    for number, words in list_words(file):
        side = words[2] if len(words) == 3 else "l"
        if len(words) not in (2, 3) or not words[1].isdecimal() or side not in ("l", "r"):
            raise DataError(f"{file}, line {number}: '{' '.join(words)}' is not '<folder> <frame> l|r'.")
        lines.append(SplitLine(words[0], int(words[1]), "l" if side == "l" else "r"))
    if not lines:
        raise DataError(f"{file} lists no frames.")
    return lines


def read_static_frames(file: Path) -> set[tuple[str, int]]:
    """Read lines `<date> <drive> <frame>` of frames in which the car stands; return (date/drive, frame) pairs."""
    frames = set()
    for number, words in list_words(file):
        if len(words) != 3 or not words[2].isdecimal():
            raise DataError(f"{file}, line {number}: '{' '.join(words)}' is not '<date> <drive> <frame>'.")
        frames.add((f"{words[0]}/{words[1]}", int(words[2])))
    return frames


def without_static(lines: list[SplitLine], static: set[tuple[str, int]]) -> list[SplitLine]:
    """Return the lines whose frame is not static, of either camera."""
    return [line for line in lines if (line.folder, line.frame) not in static]


def list_words(file: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield the number and the words of each line that has any. Raises UsageError or DataError for what is no list."""
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"The list file {file} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{file} is not a text file, so not a list of frames.") from error
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            yield number, line.split()

"""Published list files: one `<folder> <frame> l|r` a line, or the paths of KITTI's left and right image."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Literal

from vection.errors import DataError
from vection.files import read_text
from vection.formats.bounds import leads_out

Side = Literal["l", "r"]

MOST_DIGITS = 18
"""Of the number of a frame."""
REMEDY = "give a text file that lists one frame a line."


@dataclass(frozen=True)
class ListLine:
    """A line as it stands: a folder, the name of a frame and, where it is stated, the side of the camera."""

    folder: str
    frame: str
    """A number without leading zeros, or a name."""
    side: str | None = None


@dataclass(frozen=True)
class SplitLine:
    """A frame of a drive as seen by the left or right camera; lines of two words mean the left one."""

    folder: str
    frame: int
    side: Side = "l"

    @property
    def camera(self) -> int:
        """KITTI's number of the colour camera: 2 left, 3 right."""
        return 2 if self.side == "l" else 3

    @property
    def image(self) -> str:
        """Path of the image below the folder of KITTI raw, without suffix."""
        return f"{self.folder}/image_0{self.camera}/data/{self.frame:010d}"


def read_lines(file: Path) -> list[ListLine]:
    """Read the lines of a list whose frames may have names. Raises UsageError or DataError as `read_split` does."""
    lines = []
    for number, words in list_words(file):
        if (pair := _stereo_pair(words)) is not None:
            lines.append(ListLine(pair.folder, str(pair.frame), pair.side))
            continue
        if len(words) not in (2, 3):
            raise DataError(
                f"{file}, line {number}: '{' '.join(words)}' is not '<folder> <frame>' with or without l|r."
            )
        folder, frame, *side = words
        lines.append(ListLine(folder, str(int(frame)) if _is_number(frame) else frame, *side))
    if not lines:
        raise DataError(f"{file} lists no frames.")
    return lines


def read_split(file: Path) -> list[SplitLine]:
    """Read a list file. Raises UsageError if it is missing, DataError with the line's number if a line is not valid.

    Lines are `<folder> <frame> l|r`, `<folder> <frame>`, or `LEFT.jpg RIGHT.jpg`, the paths of a stereo pair of KITTI
    (Godard et al. 2017); the latter two mean the left image.
    """
    lines = []
    for number, words in list_words(file):
        line = _stereo_pair(words) or _split_line(words if len(words) == 3 else [*words, "l"])
        if line is None:
            raise DataError(
                f"{file}, line {number}: '{' '.join(words)}' is neither '<folder> <frame> l|r' nor a pair of images."
            )
        lines.append(line)
    if not lines:
        raise DataError(f"{file} lists no frames.")
    return lines


def parse_split_line(text: str) -> SplitLine:
    """Parse `DATE/DRIVE FRAME l|r`, all three; DataError for anything else."""
    line = _split_line(text.split())
    if line is None:
        raise DataError(f"The list has a line '{text}' that is not 'DATE/DRIVE FRAME l|r'.")
    return line


def parse_image(path: str) -> SplitLine | None:
    """Return the line whose `image` this is; None for what is no image of KITTI raw's colour cameras."""
    parts = re.fullmatch(r"(.+)/image_0([23])/data/([0-9]{1,18})", path)
    return None if parts is None else SplitLine(parts[1], int(parts[3]), "l" if parts[2] == "2" else "r")


def read_image_list(file: Path) -> tuple[str, ...]:
    """Return the names of listed images: of `DATE/DRIVE FRAME l|r` the path of the image, other lines as they are."""
    names = [
        parse_split_line(" ".join(words)).image if len(words) == 3 else " ".join(words) for _, words in list_words(file)
    ]
    if twice := next((name for name, count in Counter(names).items() if count > 1), None):
        raise DataError(f"{file} names '{twice}' twice; each image counts once.")
    return tuple(names)


def read_static_frames(file: Path) -> set[tuple[str, int]]:
    """Read lines `<date> <drive> <frame>` of frames in which the car stands; return (date/drive, frame) pairs."""
    frames = set()
    for number, words in list_words(file):
        if len(words) != 3 or not _is_number(words[2]):
            raise DataError(f"{file}, line {number}: '{' '.join(words)}' is not '<date> <drive> <frame>'.")
        frames.add((f"{words[0]}/{words[1]}", int(words[2])))
    return frames


def without_static(lines: list[SplitLine], static: set[tuple[str, int]]) -> list[SplitLine]:
    """Return the lines whose frame is not static, of either camera."""
    return [line for line in lines if (line.folder, line.frame) not in static]


def list_words(file: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield the number and the words of each line that has any. Raises UsageError or DataError for what is no list."""
    for number, line in enumerate(read_text(file, remedy=REMEDY).splitlines(), start=1):
        words = line.replace("\\", "/").split()  # as Windows writes paths
        if any(leads_out(word) for word in words):
            raise DataError(f"{file}, line {number}: '{' '.join(words)}' leads out of the data set.")
        if words:
            yield number, words


def _is_number(word: str) -> bool:
    return word.isdecimal() and len(word) <= MOST_DIGITS


def _stereo_pair(words: list[str]) -> SplitLine | None:
    """Return the left image of a line that names it and its right twin; None for any other line."""
    if len(words) != 2:
        return None
    left, right = (parse_image(str(PurePosixPath(word).with_suffix(""))) for word in words)
    is_pair = left is not None and left.side == "l" and right == replace(left, side="r")
    return left if is_pair else None


def _split_line(words: list[str]) -> SplitLine | None:
    match words:
        case [folder, frame, ("l" | "r") as side] if _is_number(frame):
            return SplitLine(folder, int(frame), "l" if side == "l" else "r")
    return None

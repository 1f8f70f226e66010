"""Videos and images in folders: what is one, in which order, and what becomes a clip each."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import overload

from vection.data.clips.folder import natural_key
from vection.errors import DataError, UsageError

IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp", ".ppm", ".pgm"})
VIDEO_SUFFIXES = frozenset({".mp4", ".mov", ".avi", ".mkv", ".webm", ".m4v", ".mpg", ".mpeg", ".ts", ".wmv", ".3gp"})
VIDEO_SUFFIXES |= {".flv", ".h264", ".h265", ".hevc", ".m2ts", ".mjpeg", ".mts", ".ogv"}


@dataclass(frozen=True)
class FolderFiles(Sequence[Path]):
    """Files of one folder; only their names are kept, for there may be very many."""

    folder: Path
    names: tuple[str, ...]

    def __len__(self) -> int:
        """Return the number of files."""
        return len(self.names)

    @overload
    def __getitem__(self, at: int) -> Path: ...
    @overload
    def __getitem__(self, at: slice) -> "FolderFiles": ...
    def __getitem__(self, at: int | slice) -> "Path | FolderFiles":
        """Return a file, or several."""
        return FolderFiles(self.folder, self.names[at]) if isinstance(at, slice) else self.folder / self.names[at]


def image_files(folder: Path) -> FolderFiles:
    """Return the images directly in a folder, in natural order."""
    return _sorted_files(folder, IMAGE_SUFFIXES)


def video_files(folder: Path) -> FolderFiles:
    """Return the files directly in a folder whose names are a video's, in natural order."""
    return _sorted_files(folder, VIDEO_SUFFIXES)


def find_sources(path: Path) -> list[Path]:
    """Return what becomes one clip each: the video, the folder of images, or those directly below a folder.

    Raises UsageError if the path is missing and DataError if it holds neither.
    """
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise UsageError(f"The source {path} does not exist; give a video file or a folder of images.")
    if image_files(path):
        return [path]
    folders = sorted((child for child in path.iterdir() if child.is_dir()), key=lambda child: natural_key(child.name))
    sources = [*(folder for folder in folders if image_files(folder)), *video_files(path)]
    if not sources:
        raise DataError(f"No video and no images in {path} or the folders directly in it.")
    return sources


def unique_names(sources: Sequence[Path]) -> list[str]:
    """Return a folder name for each source: its stem, or its whole name where stems coincide."""
    stems = Counter(path.stem for path in sources)
    return [path.stem if stems[path.stem] == 1 else path.name for path in sources]


def _sorted_files(folder: Path, suffixes: frozenset[str]) -> FolderFiles:
    names = (
        file.name
        for file in folder.iterdir()
        if file.suffix.lower() in suffixes and not file.name.startswith(".") and file.is_file()
    )
    return FolderFiles(folder, tuple(sorted(names, key=natural_key)))

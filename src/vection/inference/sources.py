"""Frames of whatever the user has: an image, a folder of images, a video, clip folders."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from vection.arrays import CameraNumbers, RgbImage
from vection.data.clips.folder import CLIP_FILE, ClipInfo, find_clips, read_clip, read_rgb
from vection.data.ingest.video import DEFAULT_FRAMES_PER_SECOND, IMAGE_SUFFIXES, VideoFile, image_files, stated_rate
from vection.errors import DataError, UsageError


@dataclass(frozen=True)
class Frame:
    """One image to predict from."""

    name: str
    image: RgbImage
    seconds: float = 0.0
    intrinsics: CameraNumbers | None = None


@dataclass(frozen=True)
class FrameSource:
    """Consecutive frames of one camera; every iteration begins anew."""

    name: str
    """Subfolder for the results, empty if this is the only source."""
    description: str
    count: int | None
    """Number of frames if known beforehand; of a video an estimate."""
    frames: Callable[[], Iterator[Frame]]

    def __iter__(self) -> Iterator[Frame]:
        """Read the frames in order."""
        return self.frames()


def open_sources(path: Path) -> list[FrameSource]:
    """Open an image, a folder of images (natural order), a video, a clip folder or all clip folders below a folder.

    Raises UsageError if there is nothing at `path` or no image in it, DataError for a file that is no video; an image
    that cannot be decoded raises DataError when it is read.
    """
    if not path.exists():
        raise UsageError(f"There is nothing at {path}; give an image, a folder of images, a video or a clip folder.")
    if path.is_file():
        return [_image_source([path], path) if path.suffix.lower() in IMAGE_SUFFIXES else _video_source(path)]
    if any(path.rglob(CLIP_FILE)):
        return [_clip_source(folder, path) for folder in find_clips(path)]
    images = image_files(path)
    if not images:
        raise UsageError(f"The folder {path} holds neither images nor clips ({CLIP_FILE}).")
    return [_image_source(images, path)]


def _image_source(images: list[Path], path: Path) -> FrameSource:
    if len({image.stem for image in images}) < len(images):
        raise DataError(f"{path} holds images that differ in their suffix only; rename them or take one kind out.")

    rate = stated_rate(path if path.is_dir() else path.parent) or DEFAULT_FRAMES_PER_SECOND

    def frames() -> Iterator[Frame]:
        for index, image in enumerate(images):
            yield Frame(image.stem, read_rgb(image), seconds=index / rate)

    return FrameSource("", str(path), len(images), frames)


def _clip_source(folder: Path, root: Path) -> FrameSource:
    info: ClipInfo = read_clip(folder)

    def frames() -> Iterator[Frame]:
        for index, frame in enumerate(info.frames):
            yield Frame(frame.stem, info.read_image(index), seconds=frame.seconds, intrinsics=frame.intrinsics)

    name = "" if folder == root else folder.relative_to(root).as_posix()
    return FrameSource(name, str(folder), len(info), frames)


def _video_source(path: Path) -> FrameSource:
    video = VideoFile(path)

    def frames() -> Iterator[Frame]:
        for index, frame in enumerate(video):
            yield Frame(f"{index:06d}", frame.image, seconds=frame.seconds)

    return FrameSource("", str(path), video.estimated_frames, frames)

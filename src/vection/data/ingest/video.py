"""Frames with their times from a video file or a folder of images."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import dropwhile, islice
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from vection.arrays import RgbImage
from vection.data.clips.folder import natural_key, read_rgb
from vection.errors import DataError, UsageError
from vection.extras import extra

if TYPE_CHECKING:
    from av import VideoFrame as CodedFrame
    from av.container import InputContainer
    from av.video.stream import VideoStream

IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp", ".ppm", ".pgm"})
VIDEO_SUFFIXES = frozenset({".mp4", ".mov", ".avi", ".mkv", ".webm", ".m4v", ".mpg", ".mpeg", ".ts", ".wmv", ".3gp"})
DEFAULT_FRAMES_PER_SECOND = 10.0


@dataclass(frozen=True)
class VideoFrame:
    """An RGB image, height x width x 3, and its time from the start."""

    seconds: float
    image: RgbImage


class VideoFile:
    """A video file, decoded by PyAV. Damaged packets are skipped and counted in `damaged`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.damaged = 0
        with _open(path) as container:
            stream = _video_stream(container, path)
            frames, rate = stream.frames, stream.average_rate
            self._rate = float(rate) if rate else 25.0
            seconds = container.duration / 1e6 if container.duration else 0.0
        self._frames = frames or round(seconds * self._rate) or None
        self._seconds = seconds or (frames or 0) / self._rate

    @property
    def estimated_frames(self) -> int | None:
        """Number of frames as the file says, or from its duration; None if unknown."""
        return self._frames

    def __iter__(self) -> Iterator[VideoFrame]:
        """Yield every frame; DataError if not one can be decoded."""
        self.damaged = 0
        start: float | None = None
        with _open(self.path) as container:
            for number, frame in enumerate(self._decode(container)):
                seconds = frame.time if frame.time is not None else number / self._rate
                start = seconds if start is None else start
                yield VideoFrame(seconds=seconds - start, image=_upright(frame))
        if start is None:
            raise DataError(f"Not one frame of {self.path} can be decoded; the file is damaged or of an unknown codec.")

    def windows(self, *, count: int, length: int) -> Iterator[list[RgbImage]]:
        """Yield runs of consecutive images; each place is reached from the key frame before it."""
        import av.error

        with _open(self.path) as container:
            for place in range(count):
                seconds = self._seconds * place / count
                try:
                    container.seek(int(seconds * 1e6))
                except av.error.FFmpegError:
                    container.seek(0)
                frames = dropwhile(partial(_before, seconds=seconds), self._decode(container))
                yield [_upright(frame) for frame in islice(frames, length)]

    def _decode(self, container: "InputContainer") -> Iterator["CodedFrame"]:
        import av.error

        stream = _video_stream(container, self.path)
        packets = container.demux(stream)
        while True:
            try:
                packet = next(packets)
                frames = packet.decode()
            except StopIteration:
                return
            except av.error.EOFError:
                return
            except av.error.FFmpegError:
                self.damaged += 1
                if self.damaged > 1000:
                    return
                continue
            for frame in frames:
                if isinstance(frame, av.VideoFrame):
                    yield frame


class ImageFolder:
    """The images of a folder in natural order, all of one size."""

    def __init__(self, path: Path, *, frames_per_second: float = DEFAULT_FRAMES_PER_SECOND) -> None:
        self.path = path
        self.files = image_files(path)
        self._rate = frames_per_second
        if not self.files:
            raise DataError(f"No images in {path}; expected files such as .jpg or .png.")

    @property
    def estimated_frames(self) -> int | None:
        """Number of images."""
        return len(self.files)

    def __iter__(self) -> Iterator[VideoFrame]:
        """Yield every image; DataError if one is broken or of another size than the first."""
        size: tuple[int, ...] | None = None
        for number, file in enumerate(self.files):
            image = read_rgb(file)
            size = size or image.shape
            if image.shape != size:
                raise DataError(
                    f"{file} is {image.shape[1]}x{image.shape[0]} but the first image of {self.path} is "
                    f"{size[1]}x{size[0]}; a clip needs images of one size."
                )
            yield VideoFrame(seconds=number / self._rate, image=image)

    def windows(self, *, count: int, length: int) -> Iterator[list[RgbImage]]:
        """Yield runs of consecutive images."""
        last = max(0, len(self.files) - length)
        for start in sorted({round(last * place / max(1, count - 1)) for place in range(count)}):
            yield [read_rgb(file) for file in self.files[start : start + length]]


FrameSource = VideoFile | ImageFolder
"""What can be read frame by frame and at places spread over it."""


def image_files(folder: Path) -> list[Path]:
    """Return the images directly in a folder, in natural order."""
    return _sorted_files(folder, IMAGE_SUFFIXES)


def video_files(folder: Path) -> list[Path]:
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
    sources = [folder for folder in folders if image_files(folder)] + video_files(path)
    if not sources:
        raise DataError(f"No video and no images in {path} or the folders directly in it.")
    return sources


def open_source(path: Path, *, frames_per_second: float | None = None) -> FrameSource:
    """Open a video file or a folder of images.

    `frames_per_second` is for folders; without it "fps" of an `intrinsics.json` beside the images, else 10.
    """
    if path.is_file():
        return VideoFile(path)
    rate = frames_per_second or stated_rate(path) or DEFAULT_FRAMES_PER_SECOND
    return ImageFolder(path, frames_per_second=rate)


def stated_rate(folder: Path) -> float | None:
    """Return the "fps" of an intrinsics.json in the folder or its parent."""
    for place in (folder, folder.parent):
        try:
            content = json.loads((place / "intrinsics.json").read_text(encoding="utf-8"))
            return float(content["fps"])
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return None


def _sorted_files(folder: Path, suffixes: frozenset[str]) -> list[Path]:
    files = (
        file
        for file in folder.iterdir()
        if file.suffix.lower() in suffixes and not file.name.startswith(".") and file.is_file()
    )
    return sorted(files, key=lambda file: natural_key(file.name))


def _open(path: Path) -> "InputContainer":
    with extra("video", purpose="Reading videos"):
        import av
        import av.error
    try:
        return av.open(str(path))
    except FileNotFoundError as error:
        raise UsageError(f"The video {path} does not exist.") from error
    except (av.error.FFmpegError, OSError) as error:
        reason = error.strerror or "unknown reason"
        raise DataError(f"{path} is not a readable video ({reason}); check it with a video player.") from error


def _video_stream(container: "InputContainer", path: Path) -> "VideoStream":
    streams: Sequence[VideoStream] = container.streams.video
    if not streams:
        raise DataError(f"{path} has no video stream.")
    if not streams[0].codec_context.is_open:
        streams[0].thread_type = "AUTO"
    return streams[0]


def _before(frame: "CodedFrame", *, seconds: float) -> bool:
    return frame.time is not None and frame.time < seconds


def _upright(frame: "CodedFrame") -> RgbImage:
    # Phones store portrait video lying down, with a rotation to be applied by the player.
    image = np.asarray(frame.to_ndarray(format="rgb24"), dtype=np.uint8)
    turns = round(getattr(frame, "rotation", 0) / 90) % 4
    codes = {1: cv2.ROTATE_90_COUNTERCLOCKWISE, 2: cv2.ROTATE_180, 3: cv2.ROTATE_90_CLOCKWISE}
    return np.asarray(cv2.rotate(image, codes[turns]), dtype=np.uint8) if turns else image

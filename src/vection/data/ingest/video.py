"""Frames with their times from a video file or a folder of images."""

import re
from array import array
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from itertools import dropwhile, islice
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from jaxtyping import UInt8

from vection.arrays import RgbImage
from vection.data.calibration.profiles import NAMED, find_camera
from vection.data.clips.folder import read_rgb
from vection.data.clips.intrinsics import CameraIntrinsics
from vection.data.ingest.clock import FrameClock
from vection.data.ingest.files import image_files
from vection.data.ingest.stream import film, open_container, quarter_turns, read_facts, shown, stored
from vection.errors import DataError, UsageError
from vection.files import read_json

if TYPE_CHECKING:
    from av import VideoFrame as CodedFrame
    from av.container import InputContainer

DEFAULT_FRAMES_PER_SECOND = 10.0
FASTEST = 1e6
"""Frames per second, beyond any camera for film."""
SAME_STEP, MOST_STEPS = 0.25, 0.75
"""Numbers in names count frames, or time, if so many of their steps are the usual one within a quarter."""


@dataclass(frozen=True)
class VideoFrame:
    """An RGB image, height x width x 3, and its time from the start, which increases from frame to frame."""

    seconds: float
    image: RgbImage
    stored: UInt8[np.ndarray, "stored_height stored_width 3"]
    """The image as decoded: of both fields, before pixels are made square and it is turned upright."""


class VideoFile:
    """The film of a video file, decoded by PyAV, upright and of square pixels.

    Damaged packets are skipped and counted in `damaged`, frames that the decoder completed by guessing in `guessed`;
    `facts` is what the file says of itself. `deinterlace` shows
    one field of each frame only. `frames_per_second` counts where the file states none, as raw streams do.
    """

    def __init__(self, path: Path, *, frames_per_second: float | None = None) -> None:
        self.path = path
        self.damaged = self.guessed = 0
        self.deinterlace = False
        with open_container(path) as container:
            self.facts = read_facts(container, path)
        if frames_per_second is not None and not self.facts.rate_stated:
            self.facts = replace(self.facts, rate=frames_per_second, rate_stated=True, timed=False)

    @property
    def estimated_frames(self) -> int | None:
        """Number of frames as the file says, or from its duration; None if unknown."""
        return self.facts.frames

    @property
    def faults(self) -> list[str]:
        """What was wrong with the frames that were read last, in words."""
        words = []
        if self.damaged:
            words.append(f"damaged pieces of the video were skipped ({self.damaged})")
        if self.guessed:
            words.append(f"frames of the video are damaged, and parts of them guessed ({self.guessed}); copy it again")
        return words

    def __iter__(self) -> Iterator[VideoFrame]:
        """Yield every frame; DataError if not one can be decoded."""
        self.damaged = self.guessed = 0
        empty = True
        with open_container(self.path) as container:
            for frame in self._timed(self._decode(container)):
                empty = False
                yield frame
        if empty:
            raise DataError(f"Not one frame of {self.path} can be decoded; the file is damaged or of an unknown codec.")

    def runs(self, *, count: int, length: int) -> Iterator[Iterator[VideoFrame]]:
        """Yield runs of consecutive frames, to be read one after the other, each from the key frame before its place.

        Where the file tells no duration or cannot be searched, the runs are read from the beginning on.
        """
        import av.error

        seconds, start = self.facts.seconds, self.facts.start
        with open_container(self.path) as container:
            for place in range(count if seconds else 0):
                begin = start + (seconds or 0.0) * place / count
                try:
                    container.seek(int(begin * 1e6))
                except av.error.FFmpegError:
                    break
                frames = dropwhile(partial(_before, seconds=begin), self._decode(container))
                yield self._timed(islice(frames, length), origin=start)
            else:
                if seconds:
                    return
        frames_in_order = iter(self)
        for _ in range(count):
            run = list(islice(frames_in_order, length))
            if not run:
                return
            yield iter(run)

    def windows(self, *, count: int, length: int) -> Iterator[list[RgbImage]]:
        """Yield the images of `runs` as they are stored, so that fields can be told apart."""
        for run in self.runs(count=count, length=length):
            yield [frame.stored for frame in run]

    def _timed(self, frames: Iterator["CodedFrame"], *, origin: float | None = None) -> Iterator[VideoFrame]:
        facts = self.facts
        clock = FrameClock(rate=facts.rate, reordered=facts.reordered, joinable=facts.joinable, origin=origin)
        for frame in frames:
            whole = stored(frame)
            image = one_field(whole) if self.deinterlace else whole  # as long as its rows are the stored ones
            image = shown(image, pixel_aspect=facts.pixel_aspect, turns=quarter_turns(frame))
            yield VideoFrame(clock.seconds(frame.time if facts.timed else None), image, whole)

    def _decode(self, container: "InputContainer") -> Iterator["CodedFrame"]:
        import av.error

        stream = film(container, self.path)
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
                    self.guessed += frame.is_corrupt
                    yield frame


class ImageFolder:
    """The images of a folder in natural order, all of one size."""

    def __init__(self, path: Path, *, frames_per_second: float = DEFAULT_FRAMES_PER_SECOND) -> None:
        self.path = path
        self.files = image_files(path)
        self.deinterlace = False
        self.rate = frames_per_second
        if not self.files:
            raise DataError(f"No images in {path}; expected files such as .jpg or .png.")
        self.seconds = frame_seconds(self.files, rate=frames_per_second)

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
            yield VideoFrame(self.seconds[number], one_field(image) if self.deinterlace else image, image)

    def runs(self, *, count: int, length: int) -> Iterator[Iterator[VideoFrame]]:
        """Yield runs of consecutive images, whatever their sizes."""
        last = max(0, len(self.files) - length)
        for start in sorted({round(last * place / max(1, count - 1)) for place in range(count)}):
            numbered = enumerate(map(read_rgb, self.files[start : start + length]), start)
            yield (VideoFrame(self.seconds[number], image, image) for number, image in numbered)

    def windows(self, *, count: int, length: int) -> Iterator[list[RgbImage]]:
        """Yield the images of `runs` as they are stored, so that fields can be told apart."""
        for run in self.runs(count=count, length=length):
            yield [frame.stored for frame in run]


FrameSource = VideoFile | ImageFolder
"""What can be read frame by frame and at places spread over it."""
Given = CameraIntrinsics | Path | str | None
"""Intrinsics as `ingest` takes them."""


def frame_seconds(files: Sequence[Path], *, rate: float) -> list[float]:
    """Return the time of each image since the first, at `rate` images a second.

    Where names end in numbers that mostly grow by one step, numbers that are missing count.

    >>> frame_seconds([Path("f7.png"), Path("f8.png"), Path("f9.png"), Path("f10.png"), Path("f15.png")], rate=10.0)
    [0.0, 0.1, 0.2, 0.3, 0.8]
    """
    counts = [float(number) for number in range(len(files))]
    words, stated = set(), array("d")
    for file in files:
        match = re.fullmatch(r"(.*?)(\d+(?:\.\d+)?)", file.stem)
        words.add(match and match[1])
        stated.append(float(match[2]) if match else 0.0)
    if len(words) == 1 and words != {None}:
        numbers = np.array(stated)
        steps = np.diff(numbers)
        usual = float(np.median(steps)) if len(steps) else 0.0
        if usual > 0 and steps.min() > 0 and np.mean(np.abs(steps / usual - 1) < SAME_STEP) >= MOST_STEPS:
            counts = ((numbers - numbers[0]) / usual).tolist()
    return [round(count / rate, 6) for count in counts]


def open_source(path: Path, *, frames_per_second: float | None = None, intrinsics: Given = None) -> FrameSource:
    """Open a video file or a folder of images.

    `frames_per_second` is for folders, and for videos that state none; without it "fps" of the JSON file that is given
    as `intrinsics`, or of an `intrinsics.json` beside the images, else 10, of videos 25.
    """
    if path.is_file():
        return open_video(path, frames_per_second=frames_per_second, intrinsics=intrinsics)
    check_rate(frames_per_second)
    rate = frames_per_second or stated_rate(path, intrinsics=intrinsics) or DEFAULT_FRAMES_PER_SECOND
    return ImageFolder(path, frames_per_second=rate)


def open_video(path: Path, *, frames_per_second: float | None = None, intrinsics: Given = None) -> VideoFile:
    """Open a video file, as `open_source` does."""
    check_rate(frames_per_second)
    video = VideoFile(path, frames_per_second=frames_per_second)
    if not video.facts.rate_stated and (rate := stated_rate(path, intrinsics=intrinsics)):
        video = VideoFile(path, frames_per_second=rate)
    return video


def stated_rate(path: Path, *, intrinsics: Given = None) -> float | None:
    """Return the "fps" of the JSON file `intrinsics`, else of an intrinsics.json where `stated_intrinsics` looks.

    `intrinsics` is what `ingest` takes; what is no JSON file states no rate. DataError if "fps" is none.
    """
    folders = (path, path.parent) if path.is_dir() else (path.parent,)
    for file in (*_given_files(intrinsics), *(folder / "intrinsics.json" for folder in folders)):
        if not file.is_file():
            continue
        rate = read_json(file, remedy="mend it or move it away.", missing=DataError).get("fps")
        if rate is None:
            continue
        if isinstance(rate, bool) or not isinstance(rate, int | float) or not 0 < rate <= FASTEST:
            raise DataError(f"{file} says 'fps': {rate!r}; frames per second are from above 0 to {FASTEST:g}.")
        return float(rate)
    return None


def _given_files(intrinsics: Given) -> list[Path]:
    """Return the JSON file that is given, also as a camera of the user's own, if one is."""
    given: object = intrinsics
    if isinstance(given, str) and given.startswith(NAMED):
        with suppress(UsageError):  # whoever resolves the camera says that there is none
            given = find_camera(given.removeprefix(NAMED))
    return [Path(given)] if isinstance(given, Path | str) and Path(given).suffix.lower() == ".json" else []


def check_rate(rate: float | None) -> None:
    """Raise UsageError unless a rate that is given is possible."""
    if rate is not None and not 0 < rate <= FASTEST:
        raise UsageError(f"`frames_per_second` is {rate:g}; it must be above 0 and at most {FASTEST:g}.")


def _before(frame: "CodedFrame", *, seconds: float) -> bool:
    return frame.time is not None and frame.time < seconds


def one_field(image: RgbImage) -> RgbImage:
    """Return the image of its even rows alone, at its size and in their place: what a frame shows at one moment."""
    height, width = image.shape[:2]
    half = np.array([[1, 0, 0], [0, 0.5, 0]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    field = cv2.warpAffine(image[::2], half, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(field, dtype=np.uint8)

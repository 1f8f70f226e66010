"""Which stream of a video file is the film, what the file says of it, and frames as a player shows them."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from jaxtyping import UInt8

from vection.arrays import RgbImage
from vection.data.ingest.clock import are_reordered
from vection.errors import DataError, UsageError
from vection.extras import extra

if TYPE_CHECKING:
    from av import VideoFrame as CodedFrame
    from av.container import InputContainer
    from av.video.stream import VideoStream

DEFAULT_RATE = 25.0
"""Frames per second of files that state none."""
COVER = 0x400
"""Disposition of a cover picture, which is stored as a video stream of one frame."""
JOINABLE = frozenset({"mpeg", "mpegts"})
"""Formats whose files are joined by writing one behind the other; the clock begins anew there."""
NO_TIMES = 0x80
"""FFmpeg's flag of formats without times (AVFMT_NOTIMESTAMPS), raw streams; recordings without a duration have some."""
FIRST_FRAMES = 32
"""Frames whose times tell whether they are those of decoding."""


@dataclass(frozen=True)
class StreamFacts:
    """What a video file says of its film; its numbers may be wrong."""

    rate: float
    """Frames per second."""
    rate_stated: bool
    seconds: float | None
    """Duration; None if the file does not say."""
    frames: int | None
    start: float
    """Seconds of the file's clock at which the film begins."""
    pixel_aspect: float
    """Width of a pixel over its height; frames are widened or heightened by it to square pixels."""
    quarter_turns: int
    """Counter-clockwise turns that a player applies; frames are given turned."""
    interlaced: bool
    """Whether the file says that a frame is two fields of different times."""
    passed_over: int
    """Video streams before the film: cover pictures."""
    videos: int
    """Films in the file; the largest is read."""
    timed: bool = True
    """Whether the times of frames are the file's; else they follow from the rate."""
    reordered: bool = False
    """Whether the file's times are those of decoding, which are out of order where frames are shown."""
    joinable: bool = False
    """Whether the clock may begin anew in the middle, where two files were joined."""


def open_container(path: Path) -> "InputContainer":
    """Open a video file; UsageError if it does not exist, DataError if it is none."""
    with extra("video", purpose="Reading videos"):
        import av
        import av.error
    try:
        # Without "file:" a colon in the name would be read as a protocol; titles may be in any encoding.
        return av.open(f"file:{path}", metadata_errors="replace")
    except FileNotFoundError as error:
        raise UsageError(f"The video {path} does not exist.") from error
    except (av.error.FFmpegError, OSError) as error:
        reason = error.strerror or "unknown reason"
        raise DataError(f"{path} is not a readable video ({reason}); check it with a video player.") from error


def film(container: "InputContainer", path: Path) -> "VideoStream":
    """Return the largest video stream that is no cover picture; DataError if there is none that can be decoded."""
    every: Sequence[VideoStream] = container.streams.video
    streams = [stream for stream in every if stream.codec_context is not None]  # which an unknown codec has not
    if every and not streams:
        raise DataError(f"The video stream of {path} is damaged or of an unknown codec; check it with a video player.")
    films = [stream for stream in streams if not _is_cover(stream)] or streams
    if not films:
        raise DataError(f"{path} has no video stream.")
    stream = max(films, key=lambda one: one.width * one.height)
    if not stream.codec_context.is_open:
        stream.thread_type = "AUTO"
    return stream


def read_facts(container: "InputContainer", path: Path) -> StreamFacts:
    """Return what the file says; decodes the first frame, which alone knows of turns and fields, or the first few."""
    import av.error

    stream = film(container, path)
    covers = sum(_is_cover(one) for one in container.streams.video)
    rate, aspect = stream.average_rate, stream.sample_aspect_ratio
    seconds = container.duration / 1e6 if container.duration else None
    joinable = container.format.name in JOINABLE
    untimed = bool(container.format.flags & NO_TIMES)
    turns, interlaced = 0, False
    times: list[float] = []
    try:
        for number, frame in enumerate(islice(container.decode(stream), FIRST_FRAMES)):
            if number == 0:
                turns, interlaced = quarter_turns(frame), bool(frame.interlaced_frame)
                rate = rate or stream.guessed_rate
            times += [] if frame.time is None else [float(frame.time)]
            if not (stream.codec_context.has_b_frames and "avi" in container.format.name.split(",")):
                break
    except av.error.FFmpegError:
        pass  # what can be decoded is read frame by frame
    fps = float(rate) if rate else DEFAULT_RATE
    return StreamFacts(
        rate=fps,
        rate_stated=bool(stream.average_rate) and not untimed,
        seconds=seconds if seconds else (stream.frames / fps if stream.frames else None),
        frames=stream.frames or (round(seconds * fps) if seconds else None),
        start=(container.start_time or 0) / 1e6,
        pixel_aspect=float(aspect) if aspect else 1.0,
        quarter_turns=turns,
        interlaced=interlaced,
        passed_over=covers,
        videos=len(container.streams.video) - covers,
        reordered=are_reordered(times, rate=fps),
        joinable=joinable,
    )


def stored(frame: "CodedFrame") -> RgbImage:
    """Return a frame as it is stored; each row of an interlaced one is of one field."""
    return np.asarray(frame.to_ndarray(format="rgb24"), dtype=np.uint8)


def shown(image: RgbImage, *, pixel_aspect: float, turns: int) -> UInt8[np.ndarray, "shown_height shown_width 3"]:
    """Return a stored image as a player shows it: upright and of square pixels, never smaller than it is stored."""
    # Phones store portrait video lying down, with a rotation to be applied by the player.
    if abs(pixel_aspect - 1) > 0.005:
        height, width = image.shape[:2]
        size = (round(width * pixel_aspect), height) if pixel_aspect > 1 else (width, round(height / pixel_aspect))
        image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_LINEAR), dtype=np.uint8)
    codes = {1: cv2.ROTATE_90_COUNTERCLOCKWISE, 2: cv2.ROTATE_180, 3: cv2.ROTATE_90_CLOCKWISE}
    return np.asarray(cv2.rotate(image, codes[turns]), dtype=np.uint8) if turns else image


def quarter_turns(frame: "CodedFrame") -> int:
    """Return how many counter-clockwise quarter turns show a frame upright."""
    return round(getattr(frame, "rotation", 0) / 90) % 4


def _is_cover(stream: "VideoStream") -> bool:
    return bool(int(stream.disposition) & COVER)

"""Writing a video: H.264 where PyAV has it, else MPEG-4, in the pixel format that every player shows."""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, cast

import cv2
import numpy as np
from jaxtyping import UInt8

from vection.arrays import RgbImage
from vection.extras import extra
from vection.inference.colour import with_legend

if TYPE_CHECKING:
    from av.video.stream import VideoStream

Picture = UInt8[np.ndarray, "picture_height picture_width 3"]
"""RGB of even width and height."""

PANEL_WIDTHS = (480, 960)
"""In the video narrower images are enlarged to the first, so that the legend fits, wider ones shrunk to the second."""


def beside(panels: Sequence[tuple[RgbImage, str]]) -> Picture:
    """Return pictures of one size with their legends side by side; one above the other if very wide. Even sizes.

    Four make two rows.
    """
    first = panels[0][0]
    least, most = PANEL_WIDTHS
    scale = min(max(first.shape[1], least), most) / first.shape[1]
    # yuv420p halves both sides, so they must be even.
    width, height = (max(2, round(scale * length / 2) * 2) for length in (first.shape[1], first.shape[0]))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    resized = [(cv2.resize(panel, (width, height), interpolation=method), legend) for panel, legend in panels]
    drawn = [with_legend(panel, legend) if legend else panel for panel, legend in resized]
    if len(drawn) == 4:
        return np.concatenate([np.concatenate(drawn[row : row + 2], axis=1) for row in (0, 2)])
    return np.concatenate(drawn, axis=1 if width < 2 * height else 0)


def frame_rate(seconds: list[float]) -> Fraction:
    """Frames per second from the median time between frames, 10 if unknown, at most 60."""
    steps = np.diff(seconds)
    step = float(np.median(steps)) if len(steps) else 0.1
    rate = 1 / step if step > 0 else 10.0
    return Fraction(min(max(rate, 0.5), 60.0)).limit_denominator(1001)


def write_video(path: Path, pictures: Iterable[Picture], *, rate: Fraction) -> None:
    """Encode pictures of one even size."""
    with extra("video", purpose="Writing videos"):
        import av
    codec = "libx264" if "libx264" in av.codecs_available else "mpeg4"
    with av.open(f"file:{path}", "w", format="mp4") as container:
        stream: VideoStream | None = None
        for picture in pictures:
            if stream is None:
                stream = cast("VideoStream", container.add_stream(codec, rate=rate))
                stream.height, stream.width = picture.shape[:2]
                stream.pix_fmt = "yuv420p"
                stream.options = {"crf": "20", "preset": "veryfast"} if codec == "libx264" else {"q:v": "3"}
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
            container.mux(stream.encode(frame))
        if stream is not None:
            container.mux(stream.encode())

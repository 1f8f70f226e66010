"""What clips say of the frames whose truth they hold: camera, window, time, and whether a frame lies before them."""

from collections.abc import Mapping

from vection.data.clips.folder import ClipInfo
from vection.formats.window import Window

ClipFrames = Mapping[str, tuple[ClipInfo, int]]
"""By name the clip of a frame and its number there."""
ASSUMED = "assumed"
"""How the source of intrinsics begins that were guessed, not known."""


def focal_of_frame(info: ClipInfo, index: int, size: tuple[int, ...]) -> tuple[float, float] | None:
    """Focal lengths of a frame in pixels of a map of the same view at `size`; None where they are guessed."""
    if info.intrinsics_source.startswith(ASSUMED):
        return None
    (height, width), (fx, fy, *_) = size, info.frames[index].intrinsics
    return fx * width / info.width, fy * height / info.height


def frame_windows(frames: ClipFrames) -> dict[str, Window]:
    """What frames show of the images of their source, where that is known."""
    return {name: info.window for name, (info, _) in frames.items() if info.window is not None}


def frame_seconds(frames: ClipFrames) -> dict[str, float]:
    """Times of the frames that `vection ingest` numbered anew; prepared frames keep the names of their images."""
    return {
        name: info.frames[index].seconds
        for name, (info, index) in frames.items()
        if info.ingest is not None and "stride" in info.ingest
    }


def first_frames(frames: ClipFrames) -> frozenset[str]:
    """Names of the frames that do not continue another: the first of a clip, and those behind a break."""
    return frozenset(name for name, (info, index) in frames.items() if index == 0 or index in info.breaks)

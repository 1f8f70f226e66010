from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from vection.data.clips.folder import ClipInfo, FrameInfo, StereoInfo, write_clip, write_rgb

BASELINE = ((1.0, 0.0, 0.0, -0.5), (0.0, 1.0, 0.0, 0.0), (0.0, 0.0, 1.0, 0.0), (0.0, 0.0, 0.0, 1.0))


def write_grey_clip(
    folder: Path, *, frames: int, width: int = 16, stereo: bool = False, mask: bool = False
) -> ClipInfo:
    """Grey frames whose brightness is ten times their index; the second camera's are one brighter."""
    for name in ("frames", "stereo"):
        (folder / name).mkdir(parents=True)
    for index in range(frames):
        write_rgb(folder / f"frames/{index:06d}.jpg", np.full((8, width, 3), 10 * index, np.uint8))
        write_rgb(folder / f"stereo/{index:06d}.jpg", np.full((8, width, 3), 10 * index + 1, np.uint8))
    if mask:
        usable = np.full((8, width, 3), 255, np.uint8)
        usable[-2:] = 0
        write_rgb(folder / "mask.png", usable)
    info = ClipInfo(
        folder=folder, name=folder.name, width=width, height=8, unit="up-to-scale", intrinsics_source="test",
        frames=tuple(FrameInfo(f"frames/{i:06d}.jpg", i / 10, (10.0 + i, 11.0, 7.5, 3.5)) for i in range(frames)),
        stereo=StereoInfo("stereo", BASELINE, (10.0, 11.0, 7.5, 3.5)) if stereo else None,
        mask="mask.png" if mask else None,
    )  # fmt: skip
    write_clip(info)
    return info


@pytest.fixture
def make_clip() -> Callable[..., ClipInfo]:
    return write_grey_clip

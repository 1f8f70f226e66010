from pathlib import Path

import av
import numpy as np
import pytest

from vection.data.synthetic.drive import render_drive, write_drive
from vection.data.synthetic.settings import street

SMALL = street(width=96, height=64, frames=8, antialias=False)


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two short synthetic drives with truth, at the size of monodepth2-debug."""
    root = tmp_path_factory.mktemp("clips")
    for seed in (1, 2):
        write_drive(root / f"drive_{seed}", SMALL, seed=seed)
    return root


@pytest.fixture(scope="session")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A synthetic drive as an mp4 file."""
    path = tmp_path_factory.mktemp("video") / "drive.mp4"
    write_video(path, [frame.image for frame in render_drive(SMALL, seed=3)])
    return path


def write_video(path: Path, frames: list[np.ndarray]) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode())

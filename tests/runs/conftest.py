from pathlib import Path

import pytest

from vection.data.clips.folder import write_rgb
from vection.data.synthetic import render_drive, still_street


@pytest.fixture(scope="session")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A drive as a folder of images without a camera."""
    folder = tmp_path_factory.mktemp("videos") / "drive"
    folder.mkdir()
    settings = still_street(width=192, height=128, frames=24, antialias=False)
    for number, frame in enumerate(render_drive(settings, seed=3)):
        write_rgb(folder / f"{number:04d}.png", frame.image)
    return folder

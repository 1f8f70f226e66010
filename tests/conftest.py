import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from tests.web import Web, serve

PROJECT = Path(__file__).resolve().parent.parent

# torch says many warnings once a process, which would fail only the test that comes first.
torch.set_warn_always(True)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of small real data sets; they are not part of the project, so their tests are skipped without them."""
    folder = Path(os.environ.get("VECTION_DATA", PROJECT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder}; set VECTION_DATA to run this test")
    return folder


@pytest.fixture(scope="session")
def tiny_clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two short synthetic drives at the size of monodepth2-debug."""
    # Imported late: the shape checks must be in place before the package is first imported.
    from vection.data.synthetic import still_street, write_drive

    root = tmp_path_factory.mktemp("tiny_clips")
    for seed in (1, 2):
        settings = still_street(width=96, height=64, frames=8, antialias=False, stereo_baseline=0.3)
        write_drive(root / f"drive_{seed}", settings, seed=seed)
    return root


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Web]:
    """A folder and the local server that offers it."""
    (tmp_path / "web").mkdir()
    with serve(tmp_path / "web") as server:
        yield server

from pathlib import Path

import pytest

from vection.formats.run_folder import RunFolder
from vection.starts import start_folder


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run folder; what its weights predict is not asked."""
    folder = tmp_path / "run"
    checkpoint = RunFolder(folder).best
    checkpoint.parent.mkdir(parents=True)
    checkpoint.symlink_to(start_folder("street"))
    return folder

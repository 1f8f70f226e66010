import os
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of small real data sets; they are not part of the project, so their tests are skipped without them."""
    folder = Path(os.environ.get("VECTION_DATA", PROJECT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder}; set VECTION_DATA to run this test")
    return folder

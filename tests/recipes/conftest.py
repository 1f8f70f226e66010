from pathlib import Path

import pytest
from accelerate.state import AcceleratorState

from vection.data.synthetic import still_street, write_drive


@pytest.fixture(scope="session")
def small_clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two short synthetic drives at the size of the debug recipes."""
    root = tmp_path_factory.mktemp("small_clips")
    for seed in (1, 2):
        settings = still_street(width=96, height=64, frames=8, antialias=False, stereo_baseline=0.3)
        write_drive(root / f"drive_{seed}", settings, seed=seed)
    return root


@pytest.fixture(autouse=True)
def fresh_accelerator() -> None:
    """Accelerate keeps one precision a process; every test may choose its own."""
    AcceleratorState._reset_state()

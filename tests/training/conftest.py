from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from accelerate.state import AcceleratorState

from vection.data.synthetic import still_street, write_drive
from vection.recipes.recipe import Recipe
from vection.recipes.registry import get_recipe


@pytest.fixture(scope="session")
def tiny_clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two short synthetic drives at the size of monodepth2-debug."""
    root = tmp_path_factory.mktemp("tiny_clips")
    for seed in (1, 2):
        settings = still_street(width=96, height=64, frames=8, antialias=False, stereo_baseline=0.3)
        write_drive(root / f"drive_{seed}", settings, seed=seed)
    return root


@pytest.fixture(autouse=True)
def fresh_accelerator() -> None:
    """Accelerate keeps one precision a process; every test may choose its own."""
    AcceleratorState._reset_state()


@pytest.fixture
def debug_recipe() -> Callable[..., Recipe]:
    """Return monodepth2-debug with changed training settings."""

    def make(**changes: Any) -> Recipe:
        recipe = get_recipe("monodepth2-debug")
        return replace(recipe, training=replace(recipe.training, **changes))

    return make

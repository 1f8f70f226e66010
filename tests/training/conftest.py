from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from vection.recipes.recipe import Recipe
from vection.recipes.registry import get_recipe


@pytest.fixture
def debug_recipe() -> Callable[..., Recipe]:
    """Return monodepth2-debug with changed training settings."""

    def make(**changes: Any) -> Recipe:
        recipe = get_recipe("monodepth2-debug")
        return replace(recipe, training=replace(recipe.training, **changes))

    return make

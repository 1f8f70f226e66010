"""All recipes by name."""

from vection.errors import UsageError
from vection.names import look_up
from vection.recipes.methods import METHODS
from vection.recipes.recipe import Recipe

RENAMED = {"sc-sfmlearner-first-order": "sc-sfmlearner"}
"""Names of recipes until 2026-11, and those of today."""


def all_recipes() -> dict[str, Recipe]:
    """All recipes by name, in the order of the methods and of their files."""
    return {recipe.name: recipe for entry in METHODS.values() for recipe in entry.recipes}


def recipe_names() -> list[str]:
    """Names of all recipes, in the order of their files."""
    return list(all_recipes())


def get_recipe(name: str) -> Recipe:
    """Return the recipe of this name. Raises UsageError that suggests the nearest names.

    >>> recipe = get_recipe("monodepth2")
    >>> recipe.data.width, recipe.data.height, recipe.method.name
    (640, 192, 'monodepth2')
    """
    if name in RENAMED:
        raise UsageError(f"The recipe '{name}' is called '{RENAMED[name]}' now.")
    return look_up(name, all_recipes(), kind="recipe", see="see all with: vection recipes")

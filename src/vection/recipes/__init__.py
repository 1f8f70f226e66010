"""Complete trainings as values: method, data, stages; `vection recipes` lists them.

Imports settings of methods and of training; a recipe does nothing by itself.
"""

from vection.recipes.recipe import DataSettings, Recipe
from vection.recipes.recipe_file import recipe_from_json, recipe_to_json
from vection.recipes.registry import get_recipe, recipe_names

__all__ = [
    "DataSettings",
    "Recipe",
    "get_recipe",
    "recipe_from_json",
    "recipe_names",
    "recipe_to_json",
]

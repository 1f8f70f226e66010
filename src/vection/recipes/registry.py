"""All recipes by name."""

from vection.names import look_up
from vection.recipes import dynamo_depth, monodepth2, motion_field, sc_sfmlearner, sgdepth
from vection.recipes.recipe import Recipe

ALL: tuple[Recipe, ...] = (
    *monodepth2.RECIPES,
    *sc_sfmlearner.RECIPES,
    *sgdepth.RECIPES,
    *motion_field.RECIPES,
    *dynamo_depth.RECIPES,
)
_BY_NAME = {recipe.name: recipe for recipe in ALL}
if len(_BY_NAME) != len(ALL):
    raise ValueError("two recipes have the same name")


def recipe_names() -> list[str]:
    """Names of all recipes, in the order of their files."""
    return list(_BY_NAME)


def get_recipe(name: str) -> Recipe:
    """Return the recipe of this name. Raises UsageError that suggests the nearest names."""
    return look_up(name, _BY_NAME, kind="recipe", see="see all with: vection recipes")

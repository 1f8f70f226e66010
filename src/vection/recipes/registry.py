"""All recipes by name."""

from difflib import get_close_matches

from vection.errors import UsageError
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
    """Return the recipe of this name. Raises UsageError that suggests the nearest names.

    >>> recipe = get_recipe("monodepth2")
    >>> recipe.data.width, recipe.data.height, recipe.method.name
    (640, 192, 'monodepth2')
    """
    if name in _BY_NAME:
        return _BY_NAME[name]
    near = get_close_matches(name, _BY_NAME, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}?" if near else "see all with: vection recipes"
    raise UsageError(f"There is no recipe '{name}'; {hint}")

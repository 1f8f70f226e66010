"""What a training starts from: a recipe by its name, or a run folder with its recipe and weights."""

from dataclasses import replace
from pathlib import Path

from vection.formats.checkpoint import check_parts
from vection.formats.run_folder import RunFolder
from vection.recipes.recipe import Recipe
from vection.recipes.registry import get_recipe, recipe_names
from vection.runs.load import find_run_checkpoint, read_run_recipe


def starting_recipe(name: str, *, out: Path) -> Recipe:
    """Return the recipe of this name, or that of a run folder: from its weights, unless it is `out`, which goes on.

    Raises UsageError if there is neither, DataError for a run whose method has parts that are gone.
    """
    folder = Path(name)
    if name in recipe_names() or not folder.is_dir():
        return get_recipe(name)
    recipe = read_run_recipe(folder)
    check_parts(RunFolder(folder).read_recipe(), folder=folder)
    if folder.resolve() == out.resolve():
        return recipe
    return replace(recipe, start_from=str(find_run_checkpoint(folder)))

"""`vection recipes`."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from tyro.conf import Positional

from vection.cli.arguments import dotted_names, parse

EXAMPLES = ("vection recipes", "vection recipes monodepth2-debug", "vection recipes monodepth2 --json")


@dataclass(frozen=True)
class Recipes:
    """List the recipes; with the name of one, all its settings by their dotted names, as vection train takes them."""

    name: Positional[str | None] = None
    """A recipe."""
    json: bool = False
    """Print JSON: the list of names and summaries, or the whole recipe."""


def run(arguments: Sequence[str]) -> None:
    """Print the list, or one recipe."""
    options = parse(Recipes, arguments, command="recipes", examples=EXAMPLES)
    from vection.recipes.recipe_file import recipe_to_json
    from vection.recipes.registry import get_recipe, recipe_names

    if options.name is not None:
        recipe = get_recipe(options.name)
        if options.json:
            print(json.dumps(recipe_to_json(recipe)))
        else:
            for name, value in dotted_names(recipe).items():
                print(f"{name} = {json.dumps(value)}")
        return
    recipes = [get_recipe(name) for name in recipe_names()]
    if options.json:
        print(json.dumps([{"name": recipe.name, "summary": recipe.summary} for recipe in recipes]))
        return
    width = max(len(recipe.name) for recipe in recipes)
    for recipe in recipes:
        print(f"{recipe.name:<{width}}  {recipe.summary}")

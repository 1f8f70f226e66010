"""`vection recipes`."""

from collections.abc import Sequence
from dataclasses import dataclass

from tyro.conf import Positional

from vection.cli.arguments import dotted_names, parse
from vection.cli.console import say
from vection.files import json_text

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
            print(json_text(recipe_to_json(recipe)))
        else:
            for name, value in dotted_names(recipe).items():
                say(f"{name} = {json_text(value)}")
        return
    recipes = [get_recipe(name) for name in recipe_names()]
    if options.json:
        print(json_text([{"name": recipe.name, "summary": recipe.summary} for recipe in recipes]))
        return
    width = max(len(recipe.name) for recipe in recipes)
    for recipe in recipes:
        say(f"{recipe.name:<{width}}  {recipe.summary}")

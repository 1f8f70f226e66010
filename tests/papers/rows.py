"""What the five scripts share: a recipe has the settings that a paper states, by their dotted names."""

from collections.abc import Iterable, Mapping
from typing import Any

from vection.cli.arguments import dotted_names
from vection.evaluation.depth.protocols import PROTOCOLS
from vection.evaluation.objects.protocol import OBJECT_PROTOCOLS
from vection.evaluation.paths.protocol import ODOMETRY_PROTOCOLS
from vection.recipes.methods import METHODS
from vection.recipes.recipe import Recipe
from vection.recipes.registry import get_recipe

Settings = Mapping[str, Any]
"""Values by dotted names, as `vection recipes NAME` prints them."""

PRECISION = {"training.precision": "float32"}
"""Papers of 2019 to 2023 name no other; GPUs of the first ones had no other."""


def differences(name: str, expected: Settings) -> dict[str, tuple[Any, Any]]:
    """Settings of a recipe that differ from the expected ones, as (what it has, what the paper says)."""
    settings = dotted_names(get_recipe(name))
    return {key: (settings[key], value) for key, value in expected.items() if settings[key] != value}


def rates(name: str, stage: int = 0, *, pose: bool = False) -> list[float]:
    """Learning rate in each epoch of a stage, without warm-up."""
    of = get_recipe(name).stages[stage]
    return [of.learning_rate_at(epoch, step=epoch, steps=of.epochs, pose=pose) for epoch in range(of.epochs)]


def protocols(recipe: Recipe) -> list[object]:
    """The protocols of a recipe's row, which must exist."""
    known = {protocol.name: protocol for protocol in (*PROTOCOLS, *ODOMETRY_PROTOCOLS, *OBJECT_PROTOCOLS.values())}
    return [known[name] for name in recipe.protocols]


def without_a_row(method: str, rows: Iterable[str]) -> set[str]:
    """Names of a method's recipes that are no row of its paper."""
    return {recipe.name for recipe in METHODS[method].recipes} - set(rows)

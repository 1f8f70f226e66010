"""What of a recipe may leave the machine."""

from dataclasses import replace
from typing import Any

from vection.data.splits.published import NAMED, split_name
from vection.hub import hub_model
from vection.methods.method import changed
from vection.recipes.recipe import OWN_CLIPS, Recipe
from vection.starts import STARTS


def public_recipe(recipe: Recipe) -> Recipe:
    """Return the recipe without the places of this machine: all settings of training and network stay.

    Left out are a list of frames or labelled images in a folder of one's own, a file of ImageNet weights, and a start
    that is neither shipped with vection nor on the Hub.
    """
    data, method = recipe.data, recipe.method
    split = data.split if split_name((data.split or "").partition(":")[0]) in NAMED else None
    data = replace(data, split=split, labels=data.labels if data.labels == OWN_CLIPS else None)
    if getattr(method, "depth_weights", None) is not None:
        method = changed(method, depth_weights=None)
    start = recipe.start_from
    known = start is None or start in STARTS or hub_model(start) is not None
    return replace(recipe, data=data, method=method, start_from=start if known else None)


def flat_settings(values: dict[str, Any], *, above: str = "") -> dict[str, bool | int | float | str]:
    """Return nested plain values by dotted names, lists by the numbers of their items; what is None is left out.

    >>> flat_settings({"data": {"height": 192, "offsets": (-1, 1)}, "start_from": None})
    {'data.height': 192, 'data.offsets.0': -1, 'data.offsets.1': 1}
    """
    flat: dict[str, bool | int | float | str] = {}
    for key, value in values.items():
        name = f"{above}{key}"
        if isinstance(value, dict):
            flat |= flat_settings(value, above=f"{name}.")
        elif isinstance(value, list | tuple):
            flat |= flat_settings({str(number): item for number, item in enumerate(value)}, above=f"{name}.")
        elif value is not None:
            flat[name] = value
    return flat

"""From a run folder to its recipe, its checkpoint, a predictor."""

import json
from dataclasses import replace
from pathlib import Path

from vection.errors import UsageError
from vection.inference.predictor import Predictor
from vection.methods.method import Method
from vection.recipes.recipe import Recipe, recipe_from_json
from vection.runs.build import build_method
from vection.runs.kitti import NOMINAL_BASELINE, TRUE_BASELINE
from vection.samples import Clip
from vection.training.checkpoint import BEST, LAST, find_checkpoint, load_weights, read_config

DESCRIPTION = "recipe.json"


def find_run_checkpoint(place: Path, *, which: str = "best") -> Path:
    """Find the best or last checkpoint of a run folder, or a checkpoint folder itself.

    Raises UsageError if there is no whole checkpoint.
    """
    order = (BEST, LAST) if which == "best" else (LAST, BEST)
    candidates = (place, *(place / name for name in order))
    found = next((found for folder in candidates if (found := find_checkpoint(folder)) is not None), None)
    if found is None:
        raise UsageError(f"There is no checkpoint in '{place}'; give a run folder of vection train.")
    return found


def read_run_recipe(folder: Path) -> Recipe:
    """Read the recipe of a run folder. Raises UsageError if there is none that can be read."""
    try:
        return recipe_from_json(json.loads((folder / DESCRIPTION).read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise UsageError(f"'{folder / DESCRIPTION}' cannot be read as the recipe of a run.") from error


def load_predictor(
    checkpoint: Path | str, *, device: str = "cpu", flip_postprocess: bool = False, which: str = "best"
) -> Predictor:
    """Load a run folder (its best or last checkpoint) or a checkpoint folder.

    Depth is in metres after stereo training, else up to scale. Raises UsageError if there is no whole checkpoint.
    """
    found = find_run_checkpoint(Path(checkpoint), which=which)
    config = read_config(found)
    recipe = recipe_from_json(config["recipe"])
    method = build_method(replace(recipe.method, pretrained=False))
    load_weights(method, found)
    for name, known in knowledge(method).items():
        setattr(method, name, known and bool(config.get("knows", {}).get(name, True)))
    predictor = Predictor(
        method,
        height=recipe.data.height,
        width=recipe.data.width,
        device=device,
        flip_postprocess=flip_postprocess,
    )
    if recipe.stereo:
        predictor.unit, predictor.scale_source = "metres", "the known baseline of the stereo pair"
        if recipe.data.source == "kitti-raw" and recipe.data.shared_intrinsics:
            predictor.depth_scale = TRUE_BASELINE / NOMINAL_BASELINE
    return predictor


def knowledge(method: Method[Clip]) -> dict[str, bool]:
    """Say what a method has learned of what it can learn, for the config of a checkpoint that lacks parts."""
    return {name: getattr(method, name) for name in ("knows_ego_motion", "knows_object_motion")}

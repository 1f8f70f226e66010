"""From a checkpoint to a predictor."""

from dataclasses import replace
from pathlib import Path

from vection.errors import UsageError
from vection.inference.predictor import Predictor
from vection.recipes.build import build_method
from vection.recipes.kitti import NOMINAL_BASELINE, TRUE_BASELINE
from vection.recipes.recipe import recipe_from_json
from vection.training.checkpoint import find_checkpoint, load_weights, read_config
from vection.training.loop import BEST, LAST


def load_predictor(
    checkpoint: Path, *, device: str = "cpu", flip_postprocess: bool = False, which: str = "best"
) -> Predictor:
    """Load a run folder (its best or last checkpoint) or a checkpoint folder.

    Depth is in metres after stereo training, else up to scale. Raises UsageError if there is no whole checkpoint.
    """
    order = (BEST, LAST) if which == "best" else (LAST, BEST)
    candidates = (checkpoint, *(checkpoint / name for name in order))
    found = next((found for folder in candidates if (found := find_checkpoint(folder)) is not None), None)
    if found is None:
        raise UsageError(f"There is no checkpoint in '{checkpoint}'; give a run folder of vection train.")
    recipe = recipe_from_json(read_config(found)["recipe"])
    method = build_method(replace(recipe.method, pretrained=False))
    load_weights(method, found)
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

"""From a run folder to its recipe, its checkpoint, a predictor."""

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from vection.data.sets.kitti_raw import NOMINAL_BASELINE, TRUE_BASELINE
from vection.errors import DataError, UsageError
from vection.formats.checkpoint import CONFIG, find_checkpoint, load_weights, read_config
from vection.formats.record import first_place
from vection.formats.run_folder import RunFolder
from vection.inference.predictor import Predictor
from vection.methods.method import Knows
from vection.recipes.methods import build_method
from vection.recipes.recipe import Recipe
from vection.recipes.recipe_file import recipe_from_json
from vection.starts import STARTS, start_folder


def find_run_checkpoint(place: Path, *, which: str = "best") -> Path:
    """Find the best or last checkpoint of a run folder, a checkpoint folder itself, or weights that ship, by name.

    Raises UsageError if there is no whole checkpoint, or if the name means two.
    """
    run, start = RunFolder(place), start_folder(str(place))
    candidates = (place, run.best, run.last) if which == "best" else (place, run.last, run.best)
    found = next((checkpoint for folder in candidates if (checkpoint := find_checkpoint(folder)) is not None), None)
    if found is not None and start is not None:
        raise UsageError(
            f"'{place}' names weights that ship with vection as well as a run folder here; give the run folder's "
            "absolute path, or work elsewhere."
        )
    if (checkpoint := found or start) is not None:
        return checkpoint
    raise UsageError(
        f"There is no checkpoint in '{place}'; give a run folder of vection train, "
        f"or the name of weights that ship with vection: {', '.join(STARTS)}."
    )


def read_run_recipe(folder: Path) -> Recipe:
    """Read the recipe of a run folder. Raises UsageError if there is none, DataError if it cannot be read."""
    run = RunFolder(folder)
    return _recipe(run.read_recipe(), path=run.recipe)


def load_predictor(
    checkpoint: Path | str, *, device: str = "cpu", flip_postprocess: bool = False, which: str = "best"
) -> Predictor:
    """Load a run folder (its best or last checkpoint) or a checkpoint folder.

    Depth is in metres after stereo training, else up to scale. Raises UsageError if there is no whole checkpoint.
    """
    folder = find_run_checkpoint(Path(checkpoint), which=which)
    config = read_config(folder)
    recipe = _recipe(config.get("recipe"), path=folder / CONFIG)
    method = build_method(replace(recipe.method, pretrained=False))
    load_weights(method, folder)
    method.knows = _known(method.knows, config.get("knows", {}))
    predictor = Predictor(
        method,
        height=recipe.data.height,
        width=recipe.data.width,
        device=device,
        flip_postprocess=flip_postprocess,
    )
    predictor.offsets = recipe.data.offsets
    if recipe.method.needs.stereo:
        predictor.unit, predictor.scale_source = "metres", "the known baseline of the stereo pair"
        if recipe.data.source == "kitti-raw" and recipe.data.shared_intrinsics:
            predictor.depth_scale = TRUE_BASELINE / NOMINAL_BASELINE
    return predictor


def _known(knows: Knows, stored: dict[str, bool]) -> Knows:
    """What a method of such settings knows and the checkpoint has; format 1 wrote `knows_` before the names."""
    return Knows(
        **{name: value and stored.get(name, stored.get(f"knows_{name}", True)) for name, value in asdict(knows).items()}
    )


def _recipe(content: Any, *, path: Path) -> Recipe:
    """Return the recipe of plain values. Raises DataError that names the file and the place."""
    if not isinstance(content, dict):
        raise DataError(f"{path} holds no recipe; train the run anew.")
    try:
        return recipe_from_json(content, path=path)
    except ValidationError as error:
        raise DataError(f"{path} is no recipe of this vection: {first_place(error)}; mend it there.") from error

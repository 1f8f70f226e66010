"""From a run folder to its recipe, its checkpoint, a predictor."""

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from vection.data.sets.kitti_raw import NOMINAL_BASELINE, TRUE_BASELINE
from vection.errors import DataError, UsageError
from vection.formats.checkpoint import CONFIG, WEIGHTS, find_checkpoint, load_weights, read_config
from vection.formats.record import first_place
from vection.formats.run_folder import SCALE_FILE, RunFolder
from vection.hub import HubModel, fetch_model, hub_model
from vection.image_sides import check_image_sides
from vection.inference.predictor import OPEN_SCALE, Predictor
from vection.inference.sources import Frame
from vection.inference.window_rule import TRAINING, WindowRule
from vection.methods.method import Knows
from vection.metric_scale.stored import apply_scale
from vection.recipes.methods import build_method
from vection.recipes.recipe import Recipe
from vection.recipes.recipe_file import recipe_from_json
from vection.runs.cameras import learned_names, trained_windows
from vection.starts import STARTS, start_folder
from vection.training.position import Position


def find_run_checkpoint(place: Path, *, checkpoint: str | None = None) -> Path:
    """Find the checkpoint of a run, a checkpoint folder itself, weights that ship, by name, or a model on the Hub.

    `checkpoint` is "best" (on held-out frames), "last", or the optimiser steps of a snapshot; None is the one that the
    run stands for: its recipe says which (`default_checkpoint`). A model on the Hub, "hf://owner/name@revision", is
    fetched into the cache of huggingface_hub. Raises UsageError if there is no whole checkpoint, if the name means
    two, or if the model cannot be fetched.

    >>> find_run_checkpoint(Path("street")).name  # weights that ship
    'street'
    """
    if (model := hub_model(place)) is not None:
        if checkpoint is not None:
            raise UsageError(f"{model} is one checkpoint and no run of several; leave `checkpoint` out.")
        return fetch_model(model, (CONFIG, WEIGHTS), optional=(SCALE_FILE,))
    run, start = RunFolder(place), start_folder(str(place))
    found = find_checkpoint(place) or _default(run)
    if checkpoint is not None and (found or start) is not None:
        return _named(run, checkpoint)
    if found is not None and start is not None:
        raise UsageError(
            f"'{place}' names weights that ship with vection as well as a run folder here; give the run folder's "
            "absolute path, or work elsewhere."
        )
    if (whole := found or start) is not None:
        return whole
    raise UsageError(
        f"There is no checkpoint in '{place}'; give a run folder of vection train, hf://OWNER/NAME of the Hub, "
        f"or the name of weights that ship with vection: {', '.join(STARTS)}."
    )


def checkpoint_name(place: Path | str, checkpoint: Path) -> str:
    """Return how a checkpoint that was found at `place` is recorded, so that it can be found again.

    Weights that ship go by their name, a model on the Hub by its address with the commit that was fetched.
    """
    if (model := hub_model(place)) is not None:
        return str(HubModel(model.name, checkpoint.name))
    return str(place if checkpoint == start_folder(str(place)) else checkpoint)


def _default(run: RunFolder) -> Path | None:
    """Return the checkpoint that the run stands for; the other where there is no such one yet."""
    last, best = find_checkpoint(run.last), find_checkpoint(run.best)
    if last is None or best is None:
        return last or best
    recipe = read_config(last).get("recipe", {})
    return last if recipe.get("default_checkpoint", "best") == "last" else best


def _named(run: RunFolder, name: str) -> Path:
    """Return the checkpoint of this name. Raises UsageError that lists those that are there."""
    named = {"best": run.best, "last": run.last} | {str(step): place for step, place in run.snapshots.items()}
    whole = {key: folder for key, place in named.items() if (folder := find_checkpoint(place)) is not None}
    key = str(int(name)) if name.isdecimal() else name
    if key in whole:
        return whole[key]
    if not whole:
        raise UsageError(
            f"'{run.path}' is one checkpoint and no run of several; leave `checkpoint` out, or name its run."
        )
    raise UsageError(f"'{run.path}' has no checkpoint '{name}'; it has {', '.join(whole)}.")


def read_run_recipe(folder: Path) -> Recipe:
    """Read the recipe of a run folder. Raises UsageError if there is none, DataError if it cannot be read."""
    run = RunFolder(folder)
    return _recipe(run.read_recipe(), path=run.recipe)


def read_checkpoint_recipe(folder: Path) -> Recipe:
    """Read the recipe of a checkpoint folder. Raises UsageError if it is none, DataError if it cannot be read."""
    return _recipe(read_config(folder).get("recipe"), path=folder / CONFIG)


def load_predictor(
    run: Path | str,
    *,
    device: str = "cpu",
    flip_postprocess: bool = False,
    checkpoint: str | None = None,
    width: int | None = None,
    height: int | None = None,
    window: str = TRAINING,
) -> Predictor:
    """Load a run folder, a checkpoint folder, weights that ship with vection, by name, or a model on the Hub.

    The last is "hf://owner/name" or "hf://owner/name@revision"; revision is a branch, a tag or, best, a commit.
    `checkpoint` is "best", "last" or the optimiser steps of a snapshot, such as "33170"; None is the one that the
    recipe says. `width` and `height` are the size at which the networks see images, if not that of training; `window`
    is the part of videos and photos that they see, as `WindowRule.choose` has it. Depth is in metres after stereo
    training or where a scale was found (`vection scale`) for that size, on images of which as much was seen as `window`
    shows of videos and photos of their shape, else up to scale. Raises UsageError if there is no whole checkpoint, or
    for sides that do not fit the networks, or a window that the run does not have.
    """
    folder = find_run_checkpoint(Path(run), checkpoint=checkpoint)
    config = read_config(folder)
    recipe = _recipe(config.get("recipe"), path=folder / CONFIG)
    if width is not None or height is not None:
        width = recipe.data.width if width is None else width
        height = recipe.data.height if height is None else height
        check_image_sides(width=width, height=height)
    method = build_method(replace(recipe.method, pretrained=False))
    load_weights(method, folder)
    method.knows = read_knows(folder)
    predictor = Predictor(
        method,
        height=height or recipe.data.height,
        width=width or recipe.data.width,
        device=device,
        flip_postprocess=flip_postprocess,
    )
    predictor.training_size = (recipe.data.height, recipe.data.width)
    predictor.camera_names = learned_names(folder)
    predictor.rule = WindowRule(predictor.height, predictor.width, trained_windows(folder)).choose(window)
    predictor.offsets = recipe.data.offsets
    scale_depth(predictor, folder)
    return predictor


def scale_depth(predictor: Predictor, checkpoint: Path, frame: Frame | None = None) -> None:
    """Give the predictor the scale and unit of frames that are seen as `frame` is; without it as `load_predictor`."""
    recipe = read_checkpoint_recipe(checkpoint)
    predictor.depth_scale, predictor.unit, predictor.scale_source = 1.0, "up-to-scale", OPEN_SCALE
    if recipe.method.needs.stereo:
        predictor.unit, predictor.scale_source = "metres", "the known baseline of the stereo pair"
        if recipe.data.source != "clips" and recipe.data.shared_intrinsics:
            predictor.depth_scale = TRUE_BASELINE / NOMINAL_BASELINE
    apply_scale(predictor, checkpoint, frame)


def read_knows(checkpoint: Path) -> Knows:
    """Return what the weights of a checkpoint know of what its method can tell.

    Older ones do not say it (format 1 wrote `knows_` before the names): of these it is what their stages taught, or
    all if they started from other weights.
    """
    config, recipe = read_config(checkpoint), read_checkpoint_recipe(checkpoint)
    whole, stored = recipe.method.knows, config.get("knows", {})
    if stored or recipe.start_from is not None or "position" not in config:
        return whole & Knows(*(stored.get(one.name, stored.get(f"knows_{one.name}", True)) for one in fields(Knows)))
    position = Position.stored(config, path=checkpoint / CONFIG)
    epochs = sum(stage.epochs for stage in recipe.stages[: position.stage]) + position.epoch
    steps = (position.step - position.batch) // epochs if epochs else position.batch
    return whole & position.learned(recipe.method, recipe.stages, steps_per_epoch=steps)


def _recipe(content: Any, *, path: Path) -> Recipe:
    """Return the recipe of plain values. Raises DataError that names the file and the place."""
    if not isinstance(content, dict):
        raise DataError(f"{path} holds no recipe; train the run anew.")
    try:
        return recipe_from_json(content, path=path)
    except ValidationError as error:
        raise DataError(f"{path} is no recipe of this vection: {first_place(error)}; mend it there.") from error

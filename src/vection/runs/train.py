"""Train a recipe: from its values to datasets, a method, and a run folder."""

import json
from pathlib import Path

import torch
from torch.utils.data import Dataset

from vection.data.sets.clip_dataset import ClipDataset, split_validation
from vection.errors import DataError, UsageError
from vection.methods.sgdepth_settings import SgDepthSettings
from vection.recipes.recipe import Recipe, recipe_from_json, recipe_to_json
from vection.runs.build import build_method
from vection.runs.kitti import kitti_raw_sets
from vection.runs.labels import check_class_maps, with_labels
from vection.runs.load import DESCRIPTION, find_run_checkpoint
from vection.runs.start import starting_recipe
from vection.samples import Clip
from vection.training.checkpoint import LAST, find_checkpoint, load_weights
from vection.training.loop import Data, Training


def train(
    recipe: Recipe | str, *, data: Path | str, out: Path | str, resume: bool = True, device: str | None = None
) -> Path:
    """Train `recipe` on `data` in the run folder `out` and return it.

    The recipe may be given by its name, or by a run folder, whose weights are then the start. A run that was stopped
    goes on from its last checkpoint, bit for bit as if it had not been stopped.
    Raises UsageError (folders, recipe) or DataError (frames, a loss that is not finite).
    """
    data, out = Path(data), Path(out)
    if isinstance(recipe, str):
        recipe = starting_recipe(recipe, out=out)
    sets = load_data(recipe, data)
    _claim(out, recipe, resume=resume)
    torch.manual_seed(recipe.training.seed)
    method = build_method(recipe.method)
    if recipe.start_from is not None:
        load_weights(method, find_run_checkpoint(Path(recipe.start_from)))
    run = Training(
        method,
        sets,
        stages=recipe.stages,
        settings=recipe.training,
        run=out,
        description={"format": 1, "recipe": recipe_to_json(recipe), "data": str(data)},
        device=device,
    )
    run.fit(resume=resume)
    return out


def load_data(recipe: Recipe, root: Path) -> Data:
    """Open the training and validation sets of a recipe. Raises DataError if the frames do not have its size."""
    settings = recipe.data
    if settings.height % 32 or settings.width % 32 or min(settings.height, settings.width) < 64:
        raise UsageError(
            f"Images of {settings.width}x{settings.height} do not fit the networks: data.width and data.height must be "
            "multiples of 32, from 64 on."
        )
    training: Dataset[Clip]
    validation: Dataset[Clip]
    if settings.source == "kitti-raw":
        training, validation = kitti_raw_sets(settings, root, temporal=recipe.temporal, stereo=recipe.stereo)
    else:
        training, validation = _clip_sets(recipe, root)
    if isinstance(recipe.method, SgDepthSettings):
        check_class_maps(recipe.method, settings)
        if recipe.method.learns != "depth":
            training, validation = with_labels(settings, root, training=training, validation=validation)
    return Data(
        training,
        validation,
        batch_size=settings.batch_size,
        augmentation=settings.augmentation,
        workers=settings.workers,
    )


def _clip_sets(recipe: Recipe, root: Path) -> tuple[ClipDataset, ClipDataset]:
    settings = recipe.data
    training, validation = split_validation(
        root,
        fraction=recipe.training.validation_fraction,
        offsets=settings.offsets,
        use_stereo=recipe.stereo,
        use_classes=settings.use_classes,
    )
    height, width = training.size
    if (height, width) != (settings.height, settings.width):
        raise DataError(
            f"The clips below '{root}' are {width}x{height}, the recipe wants {settings.width}x{settings.height}. "
            f"Ingest the video again with `width={settings.width}` `height={settings.height}`, "
            f"or train with `data.width={width}` `data.height={height}`."
        )
    return training, validation


def _claim(out: Path, recipe: Recipe, *, resume: bool) -> None:
    """Write the recipe into the run folder; refuse a folder that holds the run of another recipe."""
    description = out / DESCRIPTION
    try:
        out.mkdir(parents=True, exist_ok=True)
        if resume and find_checkpoint(out / LAST) is not None and description.is_file():
            if recipe_from_json(json.loads(description.read_text())) != recipe:
                raise UsageError(
                    f"'{out}' holds a run of other settings ({DESCRIPTION} differs); "
                    "choose another `out`, or start anew with `resume=False`."
                )
            return
        partial = description.with_suffix(".partial")
        partial.write_text(json.dumps(recipe_to_json(recipe), indent=1))
        partial.replace(description)
    except OSError as error:
        raise UsageError(f"Cannot write to the output folder '{out}': {error.strerror}.") from error

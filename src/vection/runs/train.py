"""Train a recipe: from its values to datasets, a method, and a run folder."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from time import perf_counter

import torch

from vection.errors import UsageError
from vection.formats.checkpoint import find_checkpoint, load_weights
from vection.formats.run_folder import RunFolder
from vection.locks import holding
from vection.methods.method import NOTHING, Method, MethodSettings
from vection.progress import Bars, no_bars
from vection.recipes.methods import build_method
from vection.recipes.public import flat_settings, public_recipe
from vection.recipes.recipe import Recipe
from vection.recipes.recipe_file import check_recipe, recipe_to_json
from vection.runs.cameras import Names, check_data, learned_names, remembered, take_over_cameras
from vection.runs.data import load_data, rehearse
from vection.runs.load import find_run_checkpoint, read_knows, read_run_recipe
from vection.runs.measure import measure_clips
from vection.runs.start import on_clips, starting_recipe, with_start, without_lists
from vection.training.accelerator import check_trackers, is_main_process, main_process_first, of_main_process
from vection.training.budget import checked_minutes, fit_stages, measure_pace
from vection.training.data import Data
from vection.training.loop import Training
from vection.training.settings import Stage, TrackerName, Tracking


@holding("out", when=is_main_process)
def train(
    recipe: Recipe | str,
    *,
    data: Path | str,
    out: Path | str,
    checkpoint: str | None = None,
    resume: bool = True,
    device: str | None = None,
    minutes: float | None = None,
    workers: int = 0,
    log_with: Sequence[TrackerName] = (),
    progress: Bars = no_bars,
) -> Path:
    """Train `recipe` on `data` in the run folder `out` and return it.

    The recipe may be given by its name, or by a run folder, whose weights are then the start; `checkpoint` says which
    of a start's checkpoints: "best", "last" or the optimiser steps of a snapshot. A run that was stopped
    goes on from its last checkpoint, bit for bit as if it had not been stopped. Clips whose geometry the recipe needs
    and nobody has measured are measured first, in their stored frames, by `workers` processes. `minutes` is the time
    that all this may take: a few trial steps tell how many epochs fit, and the recipe that is stored has so many.
    `log_with` names trackers that show the run besides TensorBoard: "mlflow", "trackio", "wandb". Processes that
    torchrun started divide the samples of each step, so a run may go on with another number of them.
    Raises UsageError (folders, recipe) or DataError (frames, a loss that is not finite).
    """
    began, minutes, trackers = perf_counter(), checked_minutes(minutes), check_trackers(log_with)
    data, out = Path(data), Path(out)
    if isinstance(recipe, str):
        recipe = starting_recipe(recipe, out=out)
    check_recipe(recipe)
    recipe = without_lists(with_start(recipe, checkpoint=checkpoint))
    folder = RunFolder(out)
    goes_on = (begun := _begun(folder, resume=resume)) is not None
    if goes_on:
        recipe = _same_settings(recipe, read_run_recipe(out), out=out, timed=minutes is not None)
    progress = progress if is_main_process() else no_bars
    with main_process_first(device):
        sets = _prepare(recipe, data, rehearsal=folder.rehearsal, workers=workers, progress=progress)
    torch.manual_seed(recipe.training.seed)
    method = build_method(_without_imagenet(recipe))
    check_data(method, sets, begun=begun)
    start = _load_start(method, recipe, cameras=sets.cameras)
    if minutes is not None and not goes_on:
        seconds = 60 * minutes - (perf_counter() - began)
        stages = _within(seconds, method, sets, recipe=recipe, device=device)
        recipe = replace(recipe, stages=of_main_process(stages))
    if not goes_on and is_main_process():
        folder.begin(recipe_to_json(recipe))
    run = Training(
        method,
        sets,
        stages=recipe.stages,
        settings=recipe.training,
        run=out,
        description={"recipe": recipe_to_json(recipe), "data": str(data)} | remembered(sets),
        device=device,
        tracking=Tracking(trackers, flat_settings(asdict(public_recipe(recipe)))),
        knows=NOTHING if (known := begun or start) is None else read_knows(known),
    )
    run.fit(resume=goes_on)
    return out


def _begun(folder: RunFolder, *, resume: bool) -> Path | None:
    """Return the checkpoint from which a run goes on, if it does; what a kill left beside it is removed."""
    if is_main_process():
        folder.sweep()
    return find_checkpoint(folder.last) if resume else None


def _prepare(recipe: Recipe, data: Path, *, rehearsal: Path, workers: int, progress: Bars) -> Data:
    """Measure and render what is missing, and return what the recipe learns from."""
    if recipe.needs_measured and recipe.data.source == "clips":
        measure_clips(data, workers=workers, progress=progress)
    sets = load_data(recipe, data)
    return rehearse(sets, recipe, rehearsal, workers=workers, progress=progress) if recipe.data.rehearsal else sets


def _load_start(method: Method, recipe: Recipe, *, cameras: Names) -> Path | None:
    """Load the weights that the recipe starts from, if any, and return their checkpoint."""
    if recipe.start_from is None:
        return None
    start = find_run_checkpoint(Path(recipe.start_from))
    load_weights(method, start)
    take_over_cameras(method, cameras, before=learned_names(start))
    return start


def _same_settings(recipe: Recipe, begun: Recipe, *, out: Path, timed: bool) -> Recipe:
    """Return `recipe` if it is the one that was begun, which alone knows how long it takes if it is `timed`."""
    recipe = replace(recipe, stages=begun.stages) if timed else recipe
    begun = replace(begun, data=on_clips(begun.data))  # older runs state what they did not read
    if replace(with_start(begun), summary=recipe.summary) != recipe:
        raise UsageError(
            f"'{out}' holds a run of other settings ({RunFolder(out).recipe.name} differs); "
            "choose another `out`, or start anew with `resume=False`. A run with `minutes` goes on with `minutes`."
        )
    return recipe


def _without_imagenet(recipe: Recipe) -> MethodSettings:
    """ImageNet weights are not needed where training starts from others."""
    return recipe.method if recipe.start_from is None else replace(recipe.method, pretrained=False)


def _within(seconds: float, method: Method, data: Data, *, recipe: Recipe, device: str | None) -> tuple[Stage, ...]:
    settings = recipe.training
    pace = measure_pace(method, data, stage=recipe.stages[0], settings=settings, device=device)
    batches = len(data.training) // (data.batch_size * settings.accumulation)  # type: ignore[arg-type]
    return fit_stages(
        recipe.stages, seconds=seconds, pace=pace, steps_per_epoch=settings.steps_per_epoch or max(batches, 1)
    )

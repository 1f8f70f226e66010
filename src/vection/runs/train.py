"""Train a recipe: from its values to datasets, a method, and a run folder."""

from dataclasses import replace
from pathlib import Path

import torch

from vection.errors import UsageError
from vection.formats.checkpoint import find_checkpoint, load_weights
from vection.formats.run_folder import RunFolder
from vection.progress import Bars, no_bars
from vection.recipes.methods import build_method
from vection.recipes.recipe import Recipe
from vection.recipes.recipe_file import recipe_to_json
from vection.runs.data import load_data, rehearse
from vection.runs.load import find_run_checkpoint, read_run_recipe
from vection.runs.measure import measure_clips
from vection.runs.start import starting_recipe
from vection.training.loop import Training


def train(
    recipe: Recipe | str,
    *,
    data: Path | str,
    out: Path | str,
    resume: bool = True,
    device: str | None = None,
    workers: int = 0,
    progress: Bars = no_bars,
) -> Path:
    """Train `recipe` on `data` in the run folder `out` and return it.

    The recipe may be given by its name, or by a run folder, whose weights are then the start. A run that was stopped
    goes on from its last checkpoint, bit for bit as if it had not been stopped. Clips whose geometry the recipe needs
    and nobody has measured are measured first, in their stored frames, by `workers` processes.
    Raises UsageError (folders, recipe) or DataError (frames, a loss that is not finite).
    """
    data, out = Path(data), Path(out)
    if isinstance(recipe, str):
        recipe = starting_recipe(recipe, out=out)
    if recipe.method.needs.measured and recipe.data.source == "clips":
        measure_clips(data, workers=workers, progress=progress)
    sets = load_data(recipe, data)
    torch.manual_seed(recipe.training.seed)
    method = build_method(recipe.method)
    _claim(out, recipe, resume=resume)
    if recipe.data.rehearsal:
        sets = rehearse(sets, recipe, RunFolder(out).rehearsal, workers=workers, progress=progress)
    if recipe.start_from is not None:
        load_weights(method, find_run_checkpoint(Path(recipe.start_from)))
    run = Training(
        method,
        sets,
        stages=recipe.stages,
        settings=recipe.training,
        run=out,
        description={"recipe": recipe_to_json(recipe), "data": str(data)},
        device=device,
    )
    run.fit(resume=resume)
    return out


def _claim(out: Path, recipe: Recipe, *, resume: bool) -> None:
    """Write the recipe into the run folder; refuse a folder that holds the run of another recipe."""
    run = RunFolder(out)
    if resume and find_checkpoint(run.last) is not None and run.recipe.is_file():
        if replace(read_run_recipe(out), summary=recipe.summary) != recipe:
            raise UsageError(
                f"'{out}' holds a run of other settings ({run.recipe.name} differs); "
                "choose another `out`, or start anew with `resume=False`."
            )
        return
    run.write_recipe(recipe_to_json(recipe))

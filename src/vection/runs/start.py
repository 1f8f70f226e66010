"""What a training starts from: a recipe by its name, or a run folder with its recipe and weights."""

from dataclasses import replace
from pathlib import Path

from vection.errors import UsageError
from vection.files import real_path
from vection.formats.checkpoint import CONFIG, check_parts, find_checkpoint, read_config
from vection.formats.run_folder import RunFolder
from vection.hub import hub_model
from vection.recipes.recipe import DataSettings, Recipe
from vection.recipes.registry import get_recipe, recipe_names
from vection.runs.load import checkpoint_name, find_run_checkpoint, read_checkpoint_recipe, read_run_recipe
from vection.starts import start_folder
from vection.training.position import Position

OF_LISTS = ("split", "left_only", "drop_static_frames", "shared_intrinsics")
"""Settings of KITTI's own layout; clips have none of them."""


def starting_recipe(name: str, *, out: Path) -> Recipe:
    """Return the recipe of this name, or that of a run folder: from its weights, unless it is `out`, which goes on.

    Of a model on the Hub it is the recipe of its checkpoint, from its weights.
    Raises UsageError if there is none, DataError for a run whose method has parts that are gone.
    """
    folder = Path(name)
    if hub_model(name) is not None:
        fetched = find_run_checkpoint(folder)
        recipe = read_checkpoint_recipe(fetched)
        start = checkpoint_name(name, fetched)
        return replace(recipe, data=on_clips(recipe.data), start_from=start, starts_after=None, start_epoch=None)
    if name in recipe_names() or not folder.is_dir():
        return get_recipe(name)
    recipe = read_run_recipe(folder)
    recipe = replace(recipe, data=on_clips(recipe.data))
    check_parts(RunFolder(folder).read_recipe(), folder=folder)
    if real_path(folder) == real_path(out):
        return recipe
    return replace(recipe, start_from=str(folder), starts_after=None, start_epoch=None)


def with_start(recipe: Recipe, *, checkpoint: str | None = None) -> Recipe:
    """Return the recipe with the checkpoint that it starts from in place of the run in `start_from`.

    `checkpoint` says which of the run; if not given, it is the one after `start_epoch`, or the run's choice. Raises
    UsageError if there is no such checkpoint, or if a recipe has no start that needs one: then with the command that
    makes it.
    """
    if recipe.start_from is None:
        if recipe.starts_after is not None:
            made = f"vection train {recipe.starts_after} `data=DATA` `out=runs/{recipe.starts_after}`"
            raise UsageError(
                f"{recipe.name} starts from the weights of {recipe.starts_after}; name such a run with `start_from=RUN`"
                f" (make it with: {made})."
            )
        if checkpoint is not None:
            raise UsageError("`checkpoint` is one of the run that training starts from; name it with `start_from=RUN`.")
        return recipe
    place = Path(recipe.start_from)
    if hub_model(place) is not None or (start_folder(recipe.start_from) is not None and checkpoint is None):
        start = find_run_checkpoint(place, checkpoint=checkpoint)
        return replace(recipe, start_from=checkpoint_name(place, start))
    if checkpoint is None and recipe.start_epoch is not None and find_checkpoint(place) is None:
        return replace(recipe, start_from=str(_after_epoch(place, recipe)))
    return replace(recipe, start_from=str(find_run_checkpoint(place, checkpoint=checkpoint)))


def on_clips(data: DataSettings) -> DataSettings:
    """Return data settings without those of KITTI's own layout, unless they are of such data."""
    nothing = {name: getattr(DataSettings(), name) for name in OF_LISTS}
    return replace(data, **nothing) if data.source == "clips" else data


def without_lists(recipe: Recipe) -> Recipe:
    """Return the recipe as `on_clips` has it. Raises UsageError if somebody chose for clips what goes.

    What the recipe of this name has (any recipe, if there is none), or the run from which training starts, was chosen
    for KITTI.
    """
    if on_clips(recipe.data) == recipe.data:
        return recipe
    names = [recipe.name] if recipe.name in recipe_names() else recipe_names()
    known = [DataSettings(), *(get_recipe(name).data for name in names)]
    if recipe.start_from is not None:
        known.append(read_checkpoint_recipe(find_run_checkpoint(Path(recipe.start_from))).data)
    for name in OF_LISTS:
        if getattr(recipe.data, name) not in [getattr(data, name) for data in known]:
            raise UsageError(
                f"Clips are read without `data.{name}`, which is of KITTI's own layout; leave it out, and choose "
                "frames and cameras when the clips are made (vection prepare)."
            )
    return replace(recipe, data=on_clips(recipe.data))


def _after_epoch(place: Path, recipe: Recipe) -> Path:
    """Return the snapshot of a run after the epoch from which the recipe starts."""
    for folder in RunFolder(place).snapshots.values():
        position = Position.stored(read_config(folder), path=folder / CONFIG)
        if (position.stage, position.epoch) == (0, recipe.start_epoch):
            return folder
    find_run_checkpoint(place)  # says so if it is no run
    raise UsageError(
        f"'{place}' has no snapshot after {recipe.start_epoch} epochs, from which {recipe.name} starts; train it with "
        f"`training.snapshot_every={recipe.start_epoch}`, or take another of its checkpoints with `checkpoint=last`."
    )

"""From a public checkpoint to a run folder like those of our own trainings."""

import json
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

from vection.errors import UsageError
from vection.foreign_weights.layout_names import LayoutName
from vection.foreign_weights.layouts import Imported, import_checkpoint
from vection.methods.method import Method
from vection.methods.monodepth2 import Monodepth2Settings
from vection.methods.sc_sfmlearner import ScSfmLearnerSettings
from vection.recipes.recipe import MethodSettings, Recipe, recipe_to_json
from vection.recipes.registry import get_recipe
from vection.runs.load import DESCRIPTION, knowledge
from vection.samples import Clip
from vection.training.checkpoint import LAST, save_checkpoint
from vection.training.loop import Position

PROVENANCE = "import.json"
RECIPES: dict[LayoutName, str] = {
    "lite-mono": "monodepth2",
    "sc-sfmlearner": "sc-sfmlearner-first-order",
    "sc-depth-pl": "sc-sfmlearner-as-released",
    "sgdepth": "sgdepth-as-released",
    "dynamo-depth": "dynamo-depth-as-released",
    "motion-field": "motion-field",
}
"""Whose data and schedule go with the weights of a layout; of Monodepth2's it depends on what it learned from."""


@dataclass(frozen=True)
class ImportedRun:
    """A run folder that was made of a public checkpoint."""

    folder: Path
    layout: LayoutName
    recipe: Recipe
    remarks: list[str]
    """What the files did not say or did not hold."""


def import_run(
    path: Path | str, *, out: Path | str, layout: LayoutName | None = None, size: tuple[int, int] | None = None
) -> ImportedRun:
    """Write the run folder `out` from a public checkpoint, whole or not at all.

    `size` is width and height of the images that it was trained with. Raises UsageError or DataError for checkpoints
    that cannot be read and for an `out` that holds something.
    """
    path, out = Path(path), Path(out)
    if out.is_file() or (out.is_dir() and any(out.iterdir())):
        raise UsageError(f"'{out}' holds something already; choose another `out`, or remove it first.")
    found = import_checkpoint(path, layout=layout, size=size)
    recipe = _recipe(found, source=path)
    origin: dict[str, object] = {"layout": found.layout, "source": str(path), "sha256": found.sha256}
    fresh = out.with_name(f".{out.name}.new")
    try:
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(parents=True)
        _write(fresh, found.method, recipe=recipe, origin=origin)
        if out.is_dir():
            out.rmdir()
        fresh.rename(out)
    except OSError as error:
        raise UsageError(f"Cannot write to the output folder '{out}': {error.strerror}.") from error
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return ImportedRun(out, found.layout, recipe, _remarks(found))


def _write(folder: Path, method: Method[Clip], *, recipe: Recipe, origin: dict[str, object]) -> None:
    config = {
        "format": 1,
        "recipe": recipe_to_json(recipe),
        "position": vars(Position()),
        "knows": knowledge(method),
        "imported": origin,
    }
    save_checkpoint(folder / LAST, weights=method.state_dict(), config=config)
    (folder / DESCRIPTION).write_text(json.dumps(recipe_to_json(recipe), indent=1))
    (folder / PROVENANCE).write_text(json.dumps(origin, indent=1))


def _recipe(found: Imported, *, source: Path) -> Recipe:
    """Data and schedule of the nearest recipe, the settings of the imported method."""
    settings = cast(MethodSettings, found.method.settings)
    if isinstance(settings, Monodepth2Settings) and found.layout == "monodepth2":
        names = {
            (True, False): "monodepth2",
            (False, True): "monodepth2-stereo",
            (True, True): "monodepth2-mono-stereo",
        }
        base = get_recipe(names[settings.temporal, settings.stereo])
    else:
        base = get_recipe(_released(settings, found.layout))
    return replace(
        base,
        name=f"{base.name}-imported",
        summary=f"imported from a public checkpoint, {source.name} ({found.layout})",
        method=settings,
        data=replace(base.data, width=found.width, height=found.height),
    )


def _released(settings: MethodSettings, layout: LayoutName) -> str:
    if isinstance(settings, ScSfmLearnerSettings) and settings.pose_network != "posenet":  # the later version
        return RECIPES["sc-depth-pl"]
    return RECIPES[layout]


def _remarks(found: Imported) -> list[str]:
    remarks = []
    if not found.size_is_known:
        remarks.append(
            f"the files do not say the size of the images; {found.width}x{found.height} is usual for "
            f"{found.layout}, give `width` and `height` if it was trained at another."
        )
    if not found.method.knows_ego_motion and not found.stereo:
        remarks.append("there is no pose network among the files that fits alone: depth without a path.")
    if not found.method.knows_object_motion:
        remarks.append("there are no motion networks among the files: depth and path, no object motion.")
    return remarks

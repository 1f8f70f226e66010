"""From a public checkpoint to a run folder like those of our own trainings."""

from dataclasses import asdict, dataclass, replace
from pathlib import Path

from vection.files import check_free, whole_folder
from vection.foreign_weights.layout_names import LayoutName
from vection.foreign_weights.layouts import Imported, import_checkpoint
from vection.formats.checkpoint import save_checkpoint
from vection.formats.run_folder import RunFolder
from vection.methods.method import Method
from vection.recipes.recipe import Recipe
from vection.recipes.recipe_file import recipe_to_json
from vection.recipes.registry import get_recipe
from vection.training.position import Position


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
    check_free(out)
    imported = import_checkpoint(path, layout=layout, size=size)
    recipe = _recipe(imported, source=path)
    origin: dict[str, object] = {"layout": imported.layout, "source": str(path), "sha256": imported.sha256}
    with whole_folder(out) as folder:
        _write(RunFolder(folder), imported.method, recipe=recipe, origin=origin)
    return ImportedRun(out, imported.layout, recipe, _remarks(imported))


def _write(run: RunFolder, method: Method, *, recipe: Recipe, origin: dict[str, object]) -> None:
    config = {
        "recipe": recipe_to_json(recipe),
        "position": vars(Position()),
        "knows": asdict(method.knows),
        "imported": origin,
    }
    save_checkpoint(run.last, weights=method.state_dict(), config=config)
    run.write_recipe(recipe_to_json(recipe))
    run.write_provenance(origin)


def _recipe(imported: Imported, *, source: Path) -> Recipe:
    """Data and schedule of the nearest recipe, the settings of the imported method."""
    base = get_recipe(imported.recipe)
    return replace(
        base,
        name=f"{base.name}-imported",
        summary=f"imported from a public checkpoint, {source.name} ({imported.layout})",
        method=imported.method.settings,
        data=replace(base.data, width=imported.width, height=imported.height),
    )


def _remarks(imported: Imported) -> list[str]:
    remarks = []
    if not imported.size_is_known:
        remarks.append(
            f"the files do not say the size of the images; {imported.width}x{imported.height} is usual for "
            f"{imported.layout}, give `width` and `height` if it was trained at another."
        )
    knows, whole = imported.method.knows, imported.method.settings.knows
    if not knows.ego_motion and not imported.stereo:
        remarks.append("there is no pose network among the files that fits alone: depth without a path.")
    if whole.object_motion and not knows.object_motion:
        remarks.append("there are no motion networks among the files: depth and path, no object motion.")
    return remarks

"""The second domain of a recipe: labelled images beside its clips."""

from pathlib import Path

from torch.utils.data import Dataset

from vection.data.sets.labelled import LabelledClips, LabelledDataset
from vection.errors import UsageError
from vection.methods.sgdepth_settings import SgDepthSettings
from vection.recipes.recipe import OWN_CLIPS, DataSettings
from vection.samples import Clip


def with_labels(
    settings: DataSettings, root: Path, *, training: Dataset[Clip], validation: Dataset[Clip]
) -> tuple[LabelledClips, LabelledClips]:
    """Pair every clip with a labelled image of the folder that `settings.labels` names.

    Cityscapes gives its "val" part to validation where it has one. Raises UsageError if no folder is named or found,
    DataError if it has no labels.
    """
    folder = _folder(settings.labels, root)
    size = {"height": settings.height, "width": settings.width}
    held_out = "val" if (folder / "leftImg8bit" / "val").is_dir() else "train"
    parts = [LabelledDataset(folder, **size, part=part) for part in ("train", held_out)]
    return LabelledClips(training, parts[0]), LabelledClips(validation, parts[1])


def check_class_maps(method: SgDepthSettings, settings: DataSettings) -> None:
    """Raise UsageError if masks want class maps that are neither predicted nor read."""
    if method.masking == "none" or (method.class_maps == "given" and settings.use_classes):
        return
    if method.class_maps == "given":
        raise UsageError("Masks from given class maps (method.class_maps) want `data.use_classes=True`.")
    if method.learns == "depth":
        raise UsageError(
            "Masks want classes: learn segmentation as well, give class maps (`method.class_maps=given` "
            "`data.use_classes=True`), or train without masks (`method.masking=none`)."
        )


def _folder(labels: str | None, root: Path) -> Path:
    if labels is None:
        raise UsageError(
            "This recipe learns segmentation from labelled images: name their folder (Cityscapes, or clips with class "
            f"maps) with `data.labels=FOLDER`, or `data.labels={OWN_CLIPS}` if the clips have class maps themselves."
        )
    if labels == OWN_CLIPS:
        return root
    candidates = (Path(labels), root / labels, root.parent / labels)
    for folder in candidates:
        if folder.is_dir():
            return folder
    places = ", ".join(f"'{folder}'" for folder in candidates)
    raise UsageError(
        f"The labelled images '{labels}' were not found ({places}); give their folder: `data.labels=FOLDER`."
    )

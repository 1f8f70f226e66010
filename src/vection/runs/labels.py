"""The second domain of a recipe: labelled images beside its clips."""

from pathlib import Path

from torch.utils.data import Dataset

from vection.data.sets.labelled import LabelledClips, LabelledDataset
from vection.errors import UsageError
from vection.recipes.recipe import OWN_CLIPS, DataSettings
from vection.samples import RawSample


def with_labels(
    settings: DataSettings, root: Path, *, training: Dataset[RawSample], validation: Dataset[RawSample]
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


def _folder(labels: str | None, root: Path) -> Path:
    if labels is None:
        raise UsageError(
            "This recipe learns segmentation from labelled images: name their folder (Cityscapes, or clips with class "
            f"maps) with --data.labels FOLDER, or --data.labels {OWN_CLIPS} if the clips have class maps themselves."
        )
    if labels == OWN_CLIPS:
        return root
    candidates = (Path(labels), root / labels, root.parent / labels)
    for folder in candidates:
        if folder.is_dir():
            return folder
    places = ", ".join(f"'{folder}'" for folder in candidates)
    raise UsageError(
        f"The labelled images '{labels}' were not found ({places}); give their folder: --data.labels FOLDER."
    )

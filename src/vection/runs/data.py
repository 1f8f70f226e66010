"""From a recipe's data settings to its training and validation set: clips or KITTI raw, with labelled images."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from torch.utils.data import Dataset

from vection.data.sets.changing import ChangingSamples
from vection.data.sets.clip_dataset import ClipDataset
from vection.data.sets.kitti_odometry import KittiOdometryDataset
from vection.data.sets.kitti_raw import NOMINAL_BASELINE, KittiRawDataset, KittiSettings
from vection.data.sets.labelled import LabelledClips, LabelledDataset, held_out_part
from vection.data.sets.rehearsal import rehearsal_drives, with_rehearsal, write_rehearsal
from vection.data.sets.validation_split import split_validation
from vection.data.splits.list_file import read_split, read_static_frames, without_static
from vection.data.splits.published import find_split
from vection.errors import DataError, UsageError
from vection.formats.window import TrainingWindow
from vection.image_sides import check_image_sides
from vection.methods.method import Needs
from vection.progress import Bars, no_bars
from vection.recipes.recipe import OWN_CLIPS, DataSettings, Recipe
from vection.samples import RawSample
from vection.training.data import Data

Frames = Mapping[str, Sequence[int]] | None
"""The frames of clips, by their paths below the root, that a set may use; None: all."""

STATIC = "static_frames.txt"
"""List of the frames of KITTI raw in which the camera stands still."""


def load_data(recipe: Recipe, root: Path) -> Data:
    """Open the training and validation sets of a recipe.

    Raises UsageError if its settings do not fit what the method needs, DataError if the frames do not have its size.
    """
    settings, needs = recipe.data, recipe.method.needs
    check_image_sides(width=settings.width, height=settings.height)
    _check_needs(recipe)
    training: Dataset[RawSample]
    validation: Dataset[RawSample] | None
    frames: list[Frames] = [None, None]
    cameras: tuple[str | None, ...] = ()
    windows: tuple[TrainingWindow, ...] = ()
    if settings.source != "clips":
        kitti, validation = kitti_sets(settings, root, temporal=needs.neighbours, stereo=needs.stereo)
        training, cameras = kitti, tuple(kitti.cameras)
    else:
        training, validation = clips, held_out = _clip_sets(recipe, root)
        frames = [clips.selection, held_out.selection]
        cameras, windows = clips.camera_names, clips.windows
    if settings.least_change > 0:
        training = ChangingSamples(training, least=settings.least_change)
    if needs.labels:
        training, validation = with_labels(settings, root, training=training, validation=validation, frames=frames)
    return Data(
        training,
        validation,
        batch_size=settings.batch_size,
        augmentation=settings.augmentation,
        workers=settings.workers,
        cameras=cameras,
        windows=windows,
    )


def _check_needs(recipe: Recipe) -> None:
    """Raise UsageError if the data that the settings describe cannot be what the method needs."""
    settings, needs = recipe.data, recipe.method.needs
    if recipe.needs_measured and settings.source != "clips":
        raise UsageError(
            "This recipe learns from geometry measured in clip folders; make them with vection prepare "
            "and train with `data.source=clips`."
        )
    if (needs.class_maps or settings.use_classes) and settings.source != "clips":
        raise UsageError(
            "KITTI's own layout has no class maps; make clips with vection prepare, name the folder of their class "
            "maps in each clip.json (classes), and train with `data.source=clips`."
        )
    if needs.class_maps and not settings.use_classes:
        raise UsageError("This recipe reads class maps beside the clips: `data.use_classes=True`.")
    if settings.least_change > 0 and not needs.neighbours:
        raise UsageError("This recipe sees no neighbours that could look the same: `data.least_change=0`.")
    if needs.sources not in (None, len(settings.offsets)):
        raise UsageError(
            f"This method predicts a mask for each of {needs.sources} neighbours, but `data.offsets` names "
            f"{len(settings.offsets)}; name {needs.sources}, or choose another `method.mask`."
        )


def rehearse(data: Data, recipe: Recipe, folder: Path, *, workers: int = 0, progress: Bars = no_bars) -> Data:
    """Render the synthetic street into `folder`, unless that is done, and let training learn it, too.

    Raises UsageError for methods that learn from anything but measured geometry.
    """
    settings, own = recipe.data, data.training
    if recipe.method.needs != Needs(neighbours=False, measured=True) or not isinstance(own, ClipDataset):
        raise UsageError(
            "Only methods that learn from measured geometry alone can rehearse on the synthetic street; "
            "train with `data.rehearsal=0`."
        )
    if not 0 < settings.rehearsal < 1:
        raise UsageError(f"`data.rehearsal` is a share, from 0 to below 1, but is {settings.rehearsal}.")
    drives = settings.rehearsal_drives
    if drives is None:
        drives = rehearsal_drives(len(own), share=settings.rehearsal)
    if drives < 1:
        raise UsageError(f"`data.rehearsal_drives` must be at least 1, but is {drives}.")
    seed, (height, width) = recipe.training.seed, own.size
    place = folder / f"{drives}-drives-{width}x{height}-seed-{seed}"  # what was rendered otherwise is not mixed in
    write_rehearsal(place, size=own.size, drives=drives, seed=seed, workers=workers, progress=progress)
    return replace(data, training=with_rehearsal(own, place, share=settings.rehearsal))


def _clip_sets(recipe: Recipe, root: Path) -> tuple[ClipDataset, ClipDataset]:
    settings = recipe.data
    training, validation = split_validation(
        root,
        fraction=recipe.training.validation_fraction,
        offsets=settings.offsets,
        use_sources=recipe.method.needs.neighbours,
        use_stereo=recipe.method.needs.stereo,
        use_classes=settings.use_classes,
        use_measured=recipe.needs_measured,
    )
    height, width = training.size
    if (height, width) != (settings.height, settings.width):
        raise DataError(
            f"The clips below '{root}' are {width}x{height}, the recipe wants {settings.width}x{settings.height}. "
            f"Ingest the video again with `width={settings.width}` `height={settings.height}`, "
            f"or train with `data.width={width}` `data.height={height}`."
        )
    return training, validation


def kitti_sets(
    settings: DataSettings, root: Path, *, temporal: bool, stereo: bool
) -> tuple[KittiRawDataset, KittiRawDataset | None]:
    """Training and validation set of KITTI below `root`, by the lists of `settings.split`: a folder, or a name.

    One list alone (a file, or NAME:PART) is for training, and nothing is held out. Raises UsageError if there is no
    split or it lacks a list.
    """
    if settings.split is None:
        raise UsageError(
            "This recipe reads KITTI by lists of frames: give `data.split`, a name (vection splits) or a folder."
        )
    lists = find_split(settings.split, near=root, parts=("train", "val"))
    reading = KittiSettings(
        width=settings.width,
        height=settings.height,
        offsets=settings.offsets if temporal else (),
        use_stereo=stereo,
        nominal_intrinsics=settings.shared_intrinsics,
        stereo_baseline=NOMINAL_BASELINE if settings.shared_intrinsics else None,
    )

    def open_list(file: Path) -> KittiRawDataset:
        lines = read_split(file)
        if settings.left_only:
            lines = [line for line in lines if line.side == "l"]
        if settings.drop_static_frames:
            lines = without_static(lines, read_static_frames(_static_frames(file, root)))
        kind = KittiOdometryDataset if settings.source == "kitti-odometry" else KittiRawDataset
        return kind(root, lines, settings=reading)

    if "" in lists:
        return open_list(lists[""]), None
    sets = open_list(lists["train"]), open_list(lists["val"])
    sets[0].cameras = sets[1].cameras = sorted({*sets[0].cameras, *sets[1].cameras})
    return sets


def with_labels(
    settings: DataSettings,
    root: Path,
    *,
    training: Dataset[RawSample],
    validation: Dataset[RawSample] | None,
    frames: Sequence[Frames] = (None, None),
) -> tuple[LabelledClips, LabelledClips | None]:
    """Pair every clip with a labelled image of the folder that `settings.labels` names.

    Validation has their part "val" where there is one, and nobody "test". Of the clips themselves those `frames` teach
    that training sees, and validation has those that are held out. Raises UsageError if no folder is named or found,
    DataError if it has no labels.
    """
    folder = _labels_folder(settings.labels, root)
    if settings.labels != OWN_CLIPS:
        frames = (None, None)
    read = partial(LabelledDataset, folder, height=settings.height, width=settings.width)
    labelled = read(selection=frames[0])
    if validation is None or not len(validation):  # type: ignore[arg-type]
        return LabelledClips(training, labelled), None
    held_out = read(part=held_out_part(folder), selection=frames[1])
    return LabelledClips(training, labelled), LabelledClips(validation, held_out)


def _static_frames(lists: Path, root: Path) -> Path:
    """static_frames.txt beside the folder of the lists, or in `root`/splits."""
    places = (lists.parent.parent / STATIC, root / "splits" / STATIC)
    return next((file for file in places if file.is_file()), places[-1])


def _labels_folder(labels: str | None, root: Path) -> Path:
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

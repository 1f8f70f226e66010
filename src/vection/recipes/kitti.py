"""KITTI raw as a recipe names it: the lines of a split, without static frames if wanted."""

from pathlib import Path

from vection.data.kitti_raw import KittiRawDataset, KittiSettings
from vection.data.splits import read_split, read_static_frames, without_static
from vection.errors import UsageError
from vection.recipes.recipe import DataSettings

NOMINAL_BASELINE = 0.1
"""Length of the stereo translation in the published models; 5.4 times it is KITTI's 0.54 m."""
TRUE_BASELINE = 0.54
"""Metres between the two colour cameras, as the papers round it."""


def kitti_raw_sets(
    settings: DataSettings, root: Path, *, temporal: bool, stereo: bool
) -> tuple[KittiRawDataset, KittiRawDataset]:
    """Training and validation set below `root`, by train_files.txt and val_files.txt of the folder `settings.split`.

    Raises UsageError if the folder is not named or lacks a list.
    """
    if settings.split is None:
        raise UsageError("This recipe reads KITTI by lists of frames: name their folder with --data.split FOLDER.")
    lists = _split_folder(settings.split, root)
    reading = KittiSettings(
        width=settings.width,
        height=settings.height,
        offsets=settings.offsets if temporal else (),
        use_stereo=stereo,
        nominal_intrinsics=settings.shared_intrinsics,
        stereo_baseline=NOMINAL_BASELINE if settings.shared_intrinsics else None,
    )
    sets = []
    for name in ("train_files.txt", "val_files.txt"):
        lines = read_split(lists / name)
        if settings.drop_static_frames:
            lines = without_static(lines, read_static_frames(lists.parent / "static_frames.txt"))
        sets.append(KittiRawDataset(root, lines, settings=reading))
    return sets[0], sets[1]


def _split_folder(split: str, root: Path) -> Path:
    candidates = (Path(split), root / "splits" / split)
    for folder in candidates:
        if (folder / "train_files.txt").is_file():
            return folder
    places = " nor ".join(f"'{folder}'" for folder in candidates)
    raise UsageError(
        f"The split '{split}' was not found: neither {places} holds train_files.txt and val_files.txt. "
        "Give its folder with --data.split FOLDER."
    )

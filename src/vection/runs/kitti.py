"""KITTI raw as a recipe names it: the lines of a split, without static frames if wanted."""

from pathlib import Path

from vection.data.sets.kitti_raw import KittiRawDataset, KittiSettings
from vection.data.splits.list_file import read_split, read_static_frames, without_static
from vection.data.splits.published import find_split
from vection.errors import UsageError
from vection.recipes.recipe import DataSettings

NOMINAL_BASELINE = 0.1
"""Length of the stereo translation in the published models; 5.4 times it is KITTI's 0.54 m."""
STATIC = "static_frames.txt"
TRUE_BASELINE = 0.54
"""Metres between the two colour cameras, as the papers round it."""


def kitti_raw_sets(
    settings: DataSettings, root: Path, *, temporal: bool, stereo: bool
) -> tuple[KittiRawDataset, KittiRawDataset]:
    """Training and validation set below `root`, by the lists of `settings.split`: a folder, or a published name.

    Raises UsageError if there is no split or it lacks a list.
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
    sets = []
    for part in ("train", "val"):
        lines = read_split(lists[part])
        if settings.drop_static_frames:
            lines = without_static(lines, read_static_frames(_static_frames(lists[part], root)))
        sets.append(KittiRawDataset(root, lines, settings=reading))
    return sets[0], sets[1]


def _static_frames(lists: Path, root: Path) -> Path:
    """static_frames.txt beside the folder of the lists, or in `root`/splits."""
    places = (lists.parent.parent / STATIC, root / "splits" / STATIC)
    return next((file for file in places if file.is_file()), places[-1])

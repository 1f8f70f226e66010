"""Depth measured in clips without learning, in the place of the truth that own video lacks."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from vection.data.clips.folder import ClipInfo, find_clips, read_clip
from vection.data.clips.truth_sources import MEASURED
from vection.data.measure.clip import measured_geometry
from vection.errors import DataError, UsageError
from vection.evaluation.truth.clip_frames import first_frames, focal_of_frame, frame_seconds, frame_windows
from vection.evaluation.truth.truth_set import GroundTruth, TruthSet
from vection.formats.measured_geometry import MeasuredClip, is_measured

HOW = "vection ingest and prepare measure on request, vection.data.measure.measure_clip a clip that is there"


def measured_truth(root: Path) -> TruthSet:
    """Measured depth of a clip folder (names: file stems) or of all measured clips below `root` (names: `clip/stem`).

    Depth stands where it is comparable (`DepthWithWeight.comparable`), in a unit of its own in each part
    of a clip between cuts: the median of its frames' median depths, so that clips can be averaged. Frames without such
    depth are left out, and of a clip made by a published list all but its targets; the description says how many.
    Raises UsageError if no clip is measured, DataError if nothing could be measured or it is of other frames.

    >>> from vection.data.measure import measure_clip
    >>> from vection.data.synthetic import still_street, write_drive
    >>> settings = still_street(width=256, height=96, frames=4, antialias=False)
    >>> _ = write_drive(Path("measured_street"), settings, seed=3)
    >>> _ = measure_clip("measured_street")
    >>> truths = measured_truth(Path("measured_street"))
    >>> truths.source, truths.names[0], truths.read(truths.names[0]).depth.shape
    ('measured', '000000', (96, 256))
    """
    if not root.is_dir():
        raise UsageError(f"{root} is no folder of clips, in which alone depth is measured.")
    folders = find_clips(root)
    measured_folders = [folder for folder in folders if is_measured(folder)]
    if not measured_folders:
        raise UsageError(f"No clip at or below {root} is measured; {HOW}.")
    places: dict[str, tuple[ClipInfo, MeasuredClip, int, float]] = {}
    frames = 0
    for folder in measured_folders:
        info = read_clip(folder)
        measured = measured_geometry(info)
        prefix = "" if folder == root else f"{folder.relative_to(root).as_posix()}/"
        targets = range(len(info)) if info.targets is None else info.targets
        units = _units(measured, targets)
        places |= {f"{prefix}{info.frames[index].stem}": (info, measured, index, unit) for index, unit in units.items()}
        frames += len(targets)
    if not places:
        raise DataError(f"In the clips at {root} no depth could be measured; see the reasons of their pairs.")

    def read(name: str) -> GroundTruth:
        info, measured, index, unit = places[name]
        found = measured.read_depth(index)
        depth = np.where(found.comparable, found.depth / np.float32(unit), np.float32(0))
        focal = focal_of_frame(info, index, depth.shape)
        return GroundTruth(name, depth, image=info.image_file(index), group=info.name, focal=focal)

    description = f"clips at {root} (measured in {len(places)} of {frames} frames)"
    if len(measured_folders) < len(folders):
        count = f"{len(folders) - len(measured_folders)} of {len(folders)} clips"
        description += f"; {count} are not measured: {HOW}"
    of_clips = {name: (info, index) for name, (info, _, index, _) in places.items()}
    return TruthSet(
        description,
        tuple(places),
        read,
        source=MEASURED,
        windows=frame_windows(of_clips),
        seconds=frame_seconds(of_clips),
        first=first_frames(of_clips),
    )


def _units(measured: MeasuredClip, indices: Sequence[int]) -> dict[int, float]:
    """Return by frame with comparable depth the median of the median depths of its segment."""
    medians: dict[int, float] = {}
    for index in indices:
        if measured.has_depth(index):
            found = measured.read_depth(index)
            if found.comparable.any():
                medians[index] = float(np.median(found.depth[found.comparable]))
    segments: dict[int, list[float]] = {}
    for index, median in medians.items():
        segments.setdefault(measured.frames[index].segment, []).append(median)
    return {index: float(np.median(segments[measured.frames[index].segment])) for index in medians}

"""Which frames of a prediction folder are exported, and where they are: frames between two cuts lie in one world."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from vection.arrays import Pose
from vection.errors import DataError, UsageError
from vection.formats.camera_path import KITTI_FILE, read_path
from vection.formats.prediction_folder import PredictedFrame, PredictionList, stretches

RANGE = ".."
"""Stands between the first and the last of frames that follow each other."""
SHOWN = 5
"""Stretches in an error."""


def range_of(frames: Sequence[PredictedFrame], stretch: range) -> str:
    """Return how `only` names the frames of a stretch."""
    first, last = frames[stretch[0]].name, frames[stretch[-1]].name
    return first if first == last else f"{first}{RANGE}{last}"


def chosen_numbers(predictions: PredictionList, only: Sequence[str]) -> tuple[int, ...]:
    """Return the numbers of the frames that `only` names, of all if it is empty; UsageError if there are none such."""
    names = {frame.name: number for number, frame in enumerate(predictions.frames)}
    numbers: set[int] = set()
    for one in only:
        first, _, last = (one, "", one) if one in names or RANGE not in one else one.partition(RANGE)
        for name in (first, last):
            if name not in names:
                start, end = predictions.frames[0].name, predictions.frames[-1].name
                raise UsageError(f"There is no predicted frame '{name}'; the names go from '{start}' to '{end}'.")
        if names[last] < names[first]:
            raise UsageError(f"The frames '{one}' end before they begin; give `only={last}{RANGE}{first}`.")
        numbers.update(range(names[first], names[last] + 1))
    return tuple(sorted(numbers)) if only else tuple(range(len(names)))


def read_poses(
    folder: Path, predictions: PredictionList, numbers: Sequence[int], *, in_one_world: bool
) -> tuple[Pose, ...]:
    """Read T_camera_to_world of all frames; frames that stand alone need none.

    Raises UsageError if the frames `numbers` have to lie in one world and do not, DataError for a broken path.
    """
    frames, file = predictions.frames, folder / KITTI_FILE
    if file.is_file():
        poses = read_path(file).poses
        if len(poses) != len(frames):
            raise DataError(f"{file} has {len(poses)} poses for {len(frames)} frames; predict again.")
        if in_one_world:
            _check_one_world(folder, frames, numbers)
        return tuple(poses)
    if in_one_world and len(numbers) > 1:
        raise UsageError(
            f"{folder} has no camera path ({KITTI_FILE}), so its frames do not lie in one world; predict with motion,"
            " or export a frame that stands alone with `only=NAME`."
        )
    return tuple(np.eye(4) for _ in frames)


def _check_one_world(folder: Path, frames: Sequence[PredictedFrame], numbers: Sequence[int]) -> None:
    chosen = set(numbers)
    touched = [stretch for stretch in stretches(frames) if chosen.intersection(stretch)]
    if len(touched) < 2:
        return
    words = ", ".join(range_of(frames, stretch) for stretch in touched[:SHOWN])
    longest = max(touched, key=len)
    raise UsageError(
        f"The frames of {folder} are cut into {len(touched)} stretches, and where these lie to each other nobody knows:"
        f" {words}{', ...' if len(touched) > SHOWN else ''}. A scene holds one of them; give this folder alone, with"
        f" `only={range_of(frames, longest)}`."
    )

"""The stretches of a predicted path between cuts: at a cut the path goes on where it was, which the camera did not."""

from dataclasses import replace
from pathlib import Path

from vection.errors import DataError, UsageError
from vection.evaluation.paths.odometry import rebase
from vection.formats.camera_path import CameraPath
from vection.formats.prediction_folder import is_prediction_folder, read_prediction_list, stretches


def stretches_of(path: CameraPath, folder: Path) -> dict[str, CameraPath]:
    """Cut the path of a prediction folder as `predictions.json` says, each part in its first camera; empty if uncut.

    The names are those of the first and the last frame. A part of one frame is left out. DataError if the path is not
    that of the listed frames, UsageError if no two of them follow each other.
    """
    frames = read_prediction_list(folder).frames if is_prediction_folder(folder) else ()
    parts = stretches(frames)
    if len(parts) < 2:
        return {}
    if len(path) != len(frames):
        raise DataError(
            f"{path.description} has {len(path)} poses, but the predictions beside it {len(frames)} frames with cuts"
            " among them, so nobody can tell where the path is cut; predict again."
        )
    paths = {
        f"{frames[part[0]].name}-{frames[part[-1]].name}": replace(
            path,
            poses=rebase(path.poses[part.start : part.stop]),
            seconds=None if path.seconds is None else path.seconds[part.start : part.stop],
            numbers=None if path.numbers is None else path.numbers[part.start : part.stop],
        )
        for part in parts
        if len(part) > 1
    }
    if not paths:
        raise UsageError(f"{path.description} has no two frames that follow each other; a path needs them.")
    return paths

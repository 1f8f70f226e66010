"""Camera paths from files: TUM, KITTI, CSV and clip folders with true poses, and how two of them are paired."""

from pathlib import Path

import numpy as np
from jaxtyping import Float

from vection.array_files import read_array
from vection.arrays import Poses
from vection.data.clips.folder import ClipInfo, find_clips, has_clips, natural_key, read_clip
from vection.errors import DataError, UsageError
from vection.evaluation.paths.stretches import stretches_of
from vection.evaluation.paths.trajectory import poses_from_steps
from vection.files import visible
from vection.formats.camera_path import (
    CSV_FILE,
    KITTI_FILE,
    TRUE_FILE,
    TUM_FILE,
    CameraPath,
    FrameNumbers,
    read_path,
)

PATH_FILES = (CSV_FILE, TUM_FILE, KITTI_FILE)
"""What vection writes of a path, the one that knows most first."""
SUFFIXES = (".txt", ".csv", ".tum", ".kitti")
LONGEST_NUMBER = 18
"""Digits that fit into 64 bits."""
NEAREST_SECONDS = 0.01
"""Poses of two files belong together if their times differ by at most so much."""


def open_paths(place: Path) -> dict[str, CameraPath]:
    """Open a path file, a folder of them, prediction folders, or clip folders with true poses; by name.

    A file `.npy` is Monodepth2's `poses.npy`: see `read_steps`. Names are the files' stems, or the subfolders of clips
    and predictions. What `vection predict` wrote is divided where it lists a cut: see `open_stretches`. UsageError
    where there is nothing.
    """
    return open_stretches(place)[0]


def open_stretches(place: Path) -> tuple[dict[str, CameraPath], dict[str, str]]:
    """Open paths as `open_paths` does; of those that are stretches between cuts return the name of the whole as well.

    A stretch is named NAME/FIRST-LAST, by the whole path and its first and last frame, as `vection odometry` does.
    """
    paths: dict[str, CameraPath] = {}
    wholes: dict[str, str] = {}
    for name, path in whole_paths(place).items():
        file = Path(path.description)  # of paths from files
        stretches = stretches_of(path, file.parent) if file.name in PATH_FILES else {}
        for frames, stretch in stretches.items():
            title = f"{name}/{frames}".lstrip("/")
            paths[title], wholes[title] = stretch, name
        if not stretches:
            paths[name] = path
    return paths, wholes


def whole_paths(place: Path) -> dict[str, CameraPath]:
    """Open paths as `open_paths` does, but undivided: behind a cut a predicted path goes on where it was."""
    if place.is_file():
        return {place.stem: read_steps(place) if place.suffix.lower() == ".npy" else read_path(place)}
    if not place.is_dir():
        raise UsageError(f"There is no camera path at {place}: no file and no folder.")
    if has_clips(place):
        return _clip_paths(place)
    files: dict[str, Path] = {}
    for name in reversed(PATH_FILES):
        files |= {_name(path.parent, place): path for path in visible(place.rglob(name), place)}
    files = files or {path.stem: path for path in place.iterdir() if _is_path(path)}
    if not files:
        raise UsageError(f"{place} holds no camera path: no {', no '.join(PATH_FILES)} and no other .txt or .csv.")
    return {name: read_path(files[name]) for name in sorted(files, key=natural_key)}


def read_steps(file: Path) -> CameraPath:
    """Read `poses.npy` of Monodepth2's `evaluate_pose`: step x 4 x 4 of T_current_to_next; one pose more than steps.

    Nothing that is pickled is read. UsageError if it cannot be opened, DataError for anything else: also for poses that
    begin with the identity, which are no steps but a path.
    """
    if not file.is_file():
        raise UsageError(f"The camera path {file} cannot be read: there is no such file.")
    steps = read_array(file, what="The camera path")
    if steps.ndim != 3 or steps.shape[1:] != (4, 4) or steps.dtype.kind != "f":
        raise DataError(f"{file} is no array of steps T_current_to_next, N x 4 x 4, as Monodepth2's poses.npy is.")
    steps = steps.astype(np.float64)
    rotation = steps[:, :3, :3]
    if not len(steps) or not np.allclose(rotation @ rotation.transpose(0, 2, 1), np.eye(3), atol=0.01):
        raise DataError(f"{file} holds no step, or a matrix that is no rotation and translation.")
    if np.array_equal(steps[0], np.eye(4)):
        raise DataError(
            f"{file} begins with the identity, so it holds poses of a path and not steps from frame to frame; write "
            "them in KITTI's format (12 numbers a line)."
        )
    return CameraPath(str(file), poses_from_steps(steps))


def pair_paths(
    predicted: CameraPath, true: CameraPath, *, first_frame: int | None = None, seconds: float = NEAREST_SECONDS
) -> tuple[Poses, FrameNumbers]:
    """Return the predicted poses that have a true one, and the rows of those in `true`.

    By frame number where both state them, or `first_frame`, the number of the first predicted pose, behind which the
    others follow frame by frame (where the truth states none, its row n is frame n); by time, within `seconds`, where
    both know it, each true pose with the nearest predicted one; by the numbers of the prediction and the truth's rows;
    else one by one, which needs as many poses. UsageError if none of it is possible, or fewer than two poses remain.
    """
    rows = np.arange(len(predicted))
    timed = predicted.seconds is not None and true.seconds is not None
    if first_frame is not None:
        numbers = rows if predicted.numbers is None else predicted.numbers - predicted.numbers[0]
        matched = _rows_of_numbers(numbers + first_frame, true)
    elif predicted.numbers is not None and (true.numbers is not None or not timed):
        matched = _rows_of_numbers(predicted.numbers, true)
    elif len(predicted) == len(true) and (predicted.seconds is None or true.seconds is None):
        matched = rows
    elif predicted.seconds is not None and true.seconds is not None:
        matched = _nearest(predicted.seconds, true.seconds, within=seconds)
    else:
        raise UsageError(
            f"{predicted.description} has {len(predicted)} poses and {true.description} {len(true)}, without times or"
            " frame numbers in both; say with `first_frame` which true frame is the first predicted one."
        )
    inside = (matched >= 0) & (matched < len(true))
    if inside.sum() < 2 or (first_frame is not None and true.numbers is None and not inside.all()):
        remedy = "if times or frame numbers differ, say with `first_frame` which true frame is the first predicted one."
        if first_frame is not None:
            remedy = f"the truth states {_stated(true)}, and `first_frame={first_frame}` leads beyond."
        elif predicted.seconds is not None and true.seconds is not None:
            remedy = f"the first has times {_range(predicted.seconds)}, the truth {_range(true.seconds)}; {remedy}"
        raise UsageError(
            f"Of the {len(predicted)} poses of {predicted.description} {int(inside.sum())} have a true one among the"
            f" {len(true)} of {true.description}; {remedy}"
        )
    return predicted.poses[inside], matched[inside]


def _clip_paths(root: Path) -> dict[str, CameraPath]:
    """True poses of all clips that have some, from one file or from the truth of those frames that have it."""
    paths: dict[str, CameraPath] = {}
    for folder in find_clips(root):
        info = read_clip(folder)
        whole = folder / TRUE_FILE
        if whole.is_file():
            path = read_path(whole)
            if len(path) != len(info):
                raise DataError(f"{whole} has {len(path)} poses, but the clip {len(info)} frames; prepare it again.")
            times = np.array([frame.seconds for frame in info.frames])
            numbers = _frame_numbers(info)
            paths[_name(folder, root)] = CameraPath(str(folder), path.poses, seconds=times, numbers=numbers)
            continue
        found = {index: pose for index in range(len(info)) if (pose := info.read_true_pose(index)) is not None}
        if found:
            poses, known = np.stack([pose.astype(np.float64) for pose in found.values()]), list(found)
            seconds = np.array([info.frames[index].seconds for index in known])
            numbers = _frame_numbers(info)[known]
            paths[_name(folder, root)] = CameraPath(str(folder), poses, seconds=seconds, numbers=numbers)
    if not paths:
        raise UsageError(f"No clip at or below {root} holds true poses; give a file in TUM or KITTI format.")
    return paths


def _frame_numbers(info: ClipInfo) -> FrameNumbers:
    """Return what the frames are named by, their numbers in the data set; else their places in the clip."""
    stems = [frame.stem for frame in info.frames]
    if all(stem.isdecimal() and len(stem) <= LONGEST_NUMBER for stem in stems):
        numbers = np.array([int(stem) for stem in stems], np.int64)
        if (np.diff(numbers) > 0).all():
            return numbers
    return np.arange(len(info), dtype=np.int64)


def _rows_of_numbers(numbers: FrameNumbers, true: CameraPath) -> FrameNumbers:
    if true.numbers is None:
        return numbers
    row = {int(number): index for index, number in enumerate(true.numbers)}
    return np.array([row.get(int(number), -1) for number in numbers], np.int64)


def _nearest(
    wanted: Float[np.ndarray, " frame"], times: Float[np.ndarray, " true_frame"], *, within: float
) -> FrameNumbers:
    """Rows of the nearest times, -1 where none is near, or where another wanted one is nearer to it."""
    after = np.clip(np.searchsorted(times, wanted), 1, max(len(times) - 1, 1))
    before = after - 1
    after = np.minimum(after, len(times) - 1)
    nearest = np.where(np.abs(times[after] - wanted) < np.abs(wanted - times[before]), after, before)
    distance = np.abs(times[nearest] - wanted)
    closest = np.full(len(times), np.inf)
    np.minimum.at(closest, nearest, distance)
    candidates = np.flatnonzero((distance == closest[nearest]) & (distance <= within))
    _, first = np.unique(nearest[candidates], return_index=True)  # of two that are as near, the earlier
    rows = np.full(len(wanted), -1)
    rows[candidates[first]] = nearest[candidates[first]]
    return rows.astype(np.int64)


def _stated(true: CameraPath) -> str:
    if true.numbers is None:
        return f"{len(true)} poses"
    return f"frames {true.numbers[0]} to {true.numbers[-1]}, {len(true)} in all"


def _range(seconds: Float[np.ndarray, " frame"]) -> str:
    return f"{seconds[0]:g} s to {seconds[-1]:g} s"


def _is_path(file: Path) -> bool:
    return file.suffix.lower() in SUFFIXES and not file.name.startswith(".")


def _name(folder: Path, root: Path) -> str:
    return "" if folder == root else folder.relative_to(root).as_posix()

"""Camera paths from files: TUM, KITTI, CSV and clip folders with true poses, and how two of them are paired."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int64

from vection.data.clips.folder import CLIP_FILE, find_clips, natural_key, read_clip
from vection.data.prepare.clip import PATH_FILE
from vection.errors import DataError, UsageError
from vection.evaluation.paths.trajectory import Poses
from vection.inference.path import CSV_HEADER, rotation_matrix

Rows = Float[np.ndarray, "line number"]
FrameNumbers = Int64[np.ndarray, " frame"]

PATH_FILES = ("path_tum.txt", "path_kitti.txt", "path.csv")
"""What vection writes of a path, the one that knows most first."""
SUFFIXES = (".txt", ".csv", ".tum", ".kitti")
NEAREST_SECONDS = 0.01
"""Poses of two files belong together if their times differ by at most so much."""


@dataclass(frozen=True)
class CameraPath:
    """Where a camera was."""

    description: str
    poses: Poses
    """T_camera_to_world."""
    seconds: Float[np.ndarray, " frame"] | None = None
    numbers: FrameNumbers | None = None
    """Numbers of the frames in their sequence, where the file states them; increasing."""

    def __len__(self) -> int:
        """Return the number of poses."""
        return len(self.poses)


def open_paths(place: Path) -> dict[str, CameraPath]:
    """Open a path file, a folder of them, prediction folders, or clip folders with true poses; by name.

    Names are the files' stems, or the subfolders of clips and predictions. UsageError where there is nothing.
    """
    if place.is_file():
        return {place.stem: read_path(place)}
    if not place.is_dir():
        raise UsageError(f"There is no camera path at {place}: no file and no folder.")
    if any(place.rglob(CLIP_FILE)):
        return _clip_paths(place)
    found: dict[str, Path] = {}
    for name in reversed(PATH_FILES):
        found |= {_name(path.parent, place): path for path in place.rglob(name)}
    found = found or {path.stem: path for path in place.iterdir() if path.suffix in SUFFIXES}
    if not found:
        raise UsageError(f"{place} holds no camera path: no {', no '.join(PATH_FILES)} and no other .txt or .csv.")
    return {name: read_path(found[name]) for name in sorted(found, key=natural_key)}


def read_path(file: Path) -> CameraPath:
    """Read T_camera_to_world of every frame; the number of columns tells the format.

    8: TUM (seconds, position, quaternion x y z w); 9 below our header: CSV (the same after a frame number); 12: KITTI
    (upper three rows); 13: the same after a frame number; 16: 4 x 4. DataError for anything else.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"The path {file} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{file} is no text, so no camera path; TUM, KITTI or CSV is expected.") from error
    lines = [line.replace(",", " ").split() for line in text.splitlines() if line.strip() and line.strip()[0] != "#"]
    if lines and lines[0] == CSV_HEADER.split(","):
        lines = lines[1:]
    columns = {len(line) for line in lines}
    if len(columns) != 1 or not columns <= {8, 9, 12, 13, 16}:
        raise DataError(
            f"{file} is no camera path: its lines have {', '.join(map(str, sorted(columns))) or 'no'} columns; TUM has"
            " 8, our CSV 9, KITTI 12 (13 with a frame number)."
        )
    try:
        rows = np.array(lines, np.float64)
    except ValueError as error:
        raise DataError(f"{file} is no camera path: {error}.") from error
    if not np.isfinite(rows).all():
        raise DataError(f"{file} holds a number that is not finite in line {_first_bad(rows)}.")
    return _path_of_rows(rows, file)


def pair_paths(
    predicted: CameraPath, true: CameraPath, *, first_frame: int | None = None, seconds: float = NEAREST_SECONDS
) -> tuple[Poses, FrameNumbers]:
    """Return the predicted poses that have a true one, and the rows of those in `true`.

    By frame number where the prediction states them (row n is frame n of the truth); by `first_frame`, the number of
    the prediction's first pose; by time, the nearest within `seconds`, where both know it; else one by one, which
    needs equal numbers. UsageError if none of it is possible, or fewer than two poses remain.
    """
    rows = np.arange(len(predicted))
    if first_frame is not None:
        matched = rows + first_frame
    elif predicted.numbers is not None:
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
    if inside.sum() < 2 or (first_frame is not None and not inside.all()):
        raise UsageError(
            f"Of the {len(predicted)} poses of {predicted.description} {int(inside.sum())} have a true one among the"
            f" {len(true)} of {true.description}; if times or frame numbers differ, say with `first_frame` which true"
            " frame is the first predicted one."
        )
    return predicted.poses[inside], matched[inside]


def _path_of_rows(rows: Rows, file: Path) -> CameraPath:
    columns = rows.shape[1]
    numbers = rows[:, 0].astype(np.int64) if columns in (9, 13) else None
    if numbers is not None and ((numbers != rows[:, 0]).any() or (np.diff(numbers) <= 0).any()):
        raise DataError(f"The first column of {file} does not hold increasing frame numbers.")
    poses = np.tile(np.eye(4), (len(rows), 1, 1))
    if columns in (8, 9):
        seconds, rest = rows[:, -8], rows[:, -7:]
        if (np.diff(seconds) <= 0).any():
            raise DataError(f"The times of {file} do not increase; sort its lines.")
        if (np.abs(np.linalg.norm(rest[:, 3:], axis=1) - 1) > 0.01).any():
            raise DataError(f"{file} holds a quaternion that is not of length 1; the order is x y z w, last columns.")
        poses[:, :3, :3] = rotation_matrix(rest[:, 3:])
        poses[:, :3, 3] = rest[:, :3]
        return CameraPath(str(file), poses, seconds=seconds, numbers=numbers)
    poses[:, :3] = (rows[:, :12] if columns == 16 else rows[:, -12:]).reshape(-1, 3, 4)
    if (np.abs(poses[:, :3, :3] @ poses[:, :3, :3].transpose(0, 2, 1) - np.eye(3)) > 0.01).any():
        raise DataError(f"{file} holds a matrix that is no rotation; KITTI's lines are the rows of [R | t].")
    return CameraPath(str(file), poses, numbers=numbers)


def _clip_paths(root: Path) -> dict[str, CameraPath]:
    """True poses of all clips that have some, from one file or from the truth of those frames that have it."""
    found = {}
    for folder in find_clips(root):
        info = read_clip(folder)
        whole = folder / PATH_FILE
        if whole.is_file():
            path = read_path(whole)
            if len(path) != len(info):
                raise DataError(f"{whole} has {len(path)} poses, but the clip {len(info)} frames; prepare it again.")
            times = np.array([frame.seconds for frame in info.frames])
            found[_name(folder, root)] = CameraPath(str(folder), path.poses, seconds=times)
            continue
        poses, seconds = [], []
        for frame in info.frames if info.truth is not None else ():
            file = folder / str(info.truth) / f"{frame.stem}.npz"
            if not file.is_file():
                continue
            try:
                with np.load(file, allow_pickle=False) as arrays:
                    if "T_camera_to_world" in arrays:
                        poses.append(arrays["T_camera_to_world"].astype(np.float64))
                        seconds.append(frame.seconds)
            except (OSError, ValueError, EOFError) as error:
                raise DataError(f"The ground truth file {file} is broken ({error}); prepare the clip again.") from error
        if poses:
            found[_name(folder, root)] = CameraPath(str(folder), np.stack(poses), seconds=np.array(seconds))
    if not found:
        raise UsageError(f"No clip at or below {root} holds true poses; give a file in TUM or KITTI format.")
    return found


def _rows_of_numbers(numbers: FrameNumbers, true: CameraPath) -> FrameNumbers:
    if true.numbers is None:
        return numbers
    row = {int(number): index for index, number in enumerate(true.numbers)}
    return np.array([row.get(int(number), -1) for number in numbers], np.int64)


def _nearest(
    wanted: Float[np.ndarray, " frame"], times: Float[np.ndarray, " true_frame"], *, within: float
) -> FrameNumbers:
    """Rows of the nearest times, -1 where none is near."""
    after = np.clip(np.searchsorted(times, wanted), 1, max(len(times) - 1, 1))
    before = after - 1
    after = np.minimum(after, len(times) - 1)
    nearest = np.where(np.abs(times[after] - wanted) < np.abs(wanted - times[before]), after, before)
    return np.where(np.abs(times[nearest] - wanted) <= within, nearest, -1).astype(np.int64)


def _name(folder: Path, root: Path) -> str:
    return "" if folder == root else folder.relative_to(root).as_posix()


def _first_bad(rows: Rows) -> int:
    return int(np.flatnonzero(~np.isfinite(rows).all(axis=1))[0]) + 1

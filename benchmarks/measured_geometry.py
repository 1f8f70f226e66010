"""Measured geometry against truth: KITTI and synthetic drives; prints the tables of docs/measured_geometry.md.

    OMP_NUM_THREADS=1 python benchmarks/measured_geometry.py --shared ../shared/data

`kitti_odometry` (51 frames of sequence 06) tells rotation and direction, `kitti_raw` (7 frames, laser) depth, drives of
the synthetic street all of it. Everything is measured 832 pixels wide and stored 416 wide, in one thread.
"""

import math
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from time import process_time

import cv2
import numpy as np
import tyro

from vection.arrays import CameraNumbers, CategoryMap, DepthMap, Poses
from vection.data.clips.folder import read_clip
from vection.data.clips.resizing import resize_nearest
from vection.data.measure.sequence import StoredFrames, measure_sequence
from vection.data.measure.settings import MeasureSettings
from vection.data.measure.views import View, narrowed, read_view
from vection.data.readers.kitti.cameras import read_odometry_cameras
from vection.data.readers.kitti.lidar import read_lidar_calibration
from vection.data.synthetic import DriveSettings, night, still_street, street, turning, write_drive
from vection.formats.camera_path import read_path
from vection.formats.measured_geometry import MeasuredClip

WIDTH = 832
STORED_WIDTH = 416
MOVING = 2
WRONG = 0.15
"""Relative error of depth from which a moving pixel counts as slipped through: its motion shows as wrong depth."""

DRIVES: dict[str, tuple[DriveSettings, int]] = {
    "straight": (still_street(route="straight"), 11),
    "turns": (turning(), 12),
    "traffic": (
        street(route="straight", oncoming_cars=2.0, crossing_cars=1.5, pedestrians=1.5, lead_car=1.0),
        13,
    ),
    "night": (night(), 14),
}
"""Settings and seed."""

FILTERS: dict[str, MeasureSettings] = {
    "in front of both cameras, parallax": MeasureSettings(
        round_trip_error=math.inf, epipolar_distance=math.inf, contradiction=math.inf, ground_margin=math.inf
    ),
    "and there and back": MeasureSettings(epipolar_distance=math.inf, contradiction=math.inf, ground_margin=math.inf),
    "and epipolar distance": MeasureSettings(contradiction=math.inf, ground_margin=math.inf),
    "and no contradiction of pairs": MeasureSettings(ground_margin=math.inf),
    "and a foot on the ground (all)": MeasureSettings(),
}


@dataclass(frozen=True)
class Arguments:
    """Measure and print."""

    shared: Path | None = None
    """Folder with `kitti_odometry` and `kitti_raw`; without it only synthetic drives."""
    drives: Path | None = None
    """Folder that keeps the rendered drives; a temporary one if not given."""
    frames: int = 24
    """Of each synthetic drive."""


@dataclass(frozen=True)
class Case:
    """Views with what is true of them."""

    name: str
    views: Sequence[partial[View]]
    poses: Poses | None = None
    depth: Sequence[DepthMap] = ()
    """Of any size of the same shape; 0 where unknown."""
    category: Sequence[CategoryMap] = ()


@dataclass(frozen=True)
class Scores:
    """Errors of one case."""

    rotation: float
    """Degrees, median of neighbours; so is the next."""
    direction: float
    error: float
    """Mean relative error of depth with one scale for the clip."""
    median_error: float
    share: float
    """Of the pixels whose depth is true, those that are measured."""
    moving: float
    """Of the moving pixels, those with a depth that is wrong by more than 15 %."""
    f1: float
    """Of what was seen to move, as a mask of what moves."""
    seconds: float
    """Of one core, a frame."""


def main(arguments: Arguments) -> None:
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory() as temporary:
        drives = [drive(name, arguments.drives or Path(temporary), frames=arguments.frames) for name in DRIVES]
        cases = [*kitti(arguments.shared), *drives]
        print("| clip | rotation (degrees) | direction (degrees) | AbsRel | median | share ", end="")
        print("| moving, wrong | moving, F1 | s/frame |")
        print("|---|---|---|---|---|---|---|---|---|")
        for case in cases:
            print(row(case.name, score(case)))
        print("\n| filters | clip | AbsRel | share | moving, wrong |\n|---|---|---|---|---|")
        for case in drives[1:]:
            for name, settings in FILTERS.items():
                scores = score(case, settings)
                print(f"| {name} | {case.name} | {scores.error:.3f} | {scores.share:.2f} | {scores.moving:.3f} |")


def score(case: Case, settings: MeasureSettings | None = None) -> Scores:
    """Measure a case and compare it with the truth."""
    height, width = case.views[0]().size
    stored = StoredFrames(
        names=tuple(f"{number:06d}" for number in range(len(case.views))),
        size=(round(STORED_WIDTH * height / width), STORED_WIDTH),
    )
    with tempfile.TemporaryDirectory() as folder:
        began = process_time()
        measured = measure_sequence(Path(folder), case.views, stored, source="benchmark", settings=settings)
        seconds = (process_time() - began) / len(case.views)
        rotation, direction = motion_errors(measured, case.poses)
        error, median_error, share, moving = depth_errors(measured, case)
        f1 = moving_f1(measured, case)
    return Scores(rotation, direction, error, median_error, share, moving, f1, seconds)


def motion_errors(measured: MeasuredClip, poses: Poses | None) -> tuple[float, float]:
    """Return median angles in degrees between measured and true motion of neighbours."""
    if poses is None:
        return math.nan, math.nan
    rotations, directions = [], []
    for pair in measured.pairs:
        if pair.reason is not None or pair.gap != 1:
            continue
        T = np.linalg.inv(poses[pair.second]) @ poses[pair.first]
        between = np.array(pair.rotation).T @ T[:3, :3]
        rotations.append(np.linalg.norm(cv2.Rodrigues(between)[0]))
        cosine = np.array(pair.direction) @ T[:3, 3] / np.linalg.norm(T[:3, 3])
        directions.append(np.arccos(np.clip(cosine, -1, 1)))
    return float(np.degrees(np.median(rotations))), float(np.degrees(np.median(directions)))


def depth_errors(measured: MeasuredClip, case: Case) -> tuple[float, float, float, float]:
    """Return mean and median relative error, the share of true pixels, and that of moving ones that are wrong."""
    if not case.depth:
        return math.nan, math.nan, math.nan, math.nan
    ratios, moving = [], []
    count = 0
    for index, truth in enumerate(case.depth):
        rows, columns = np.nonzero(truth)
        depth = measured.read_depth(index).depth
        scale_y, scale_x = depth.shape[0] / truth.shape[0], depth.shape[1] / truth.shape[1]
        at = (((rows + 0.5) * scale_y).astype(int), ((columns + 0.5) * scale_x).astype(int))
        ratios.append(depth[at] / truth[rows, columns])
        moving.append(case.category[index][rows, columns] == MOVING if case.category else np.zeros(len(rows), bool))
        count += len(rows)
    ratio, moves = np.concatenate(ratios), np.concatenate(moving)
    known = ratio > 0
    error = np.abs(ratio / np.median(ratio[known]) - 1)
    slipped = float((known & moves & (error > WRONG)).sum() / moves.sum()) if moves.any() else math.nan
    return float(error[known].mean()), float(np.median(error[known])), float(known.mean()), slipped


def moving_f1(measured: MeasuredClip, case: Case) -> float:
    """Return F1 of what was seen to move against what moves, over all frames; NaN where nothing moves."""
    found = right = moves = 0
    for index, category in enumerate(case.category):
        seen, truth = measured.read_depth(index).moving, category == MOVING
        if seen is not None:
            found, right = found + np.count_nonzero(seen), right + np.count_nonzero(seen & truth)
        moves += np.count_nonzero(truth)
    return 2 * right / (found + moves) if moves else math.nan


def row(name: str, scores: Scores) -> str:
    """Return a row of the table."""

    def text(value: float, digits: int) -> str:
        return "" if math.isnan(value) else f"{value:.{digits}f}"

    cells = [
        text(scores.rotation, 3),
        text(scores.direction, 2),
        text(scores.error, 3),
        text(scores.median_error, 3),
        text(scores.share, 2),
        text(scores.moving, 3),
        text(scores.f1, 2),
        text(scores.seconds, 2),
    ]
    return f"| {name} | {' | '.join(cells)} |"


def drive(name: str, folder: Path, *, frames: int) -> Case:
    """Return a drive of the synthetic street, rendered into `folder` unless it is there."""
    settings, seed = DRIVES[name]
    place = folder / name
    if not place.is_dir():
        write_drive(place, replace(settings, width=WIDTH, height=256, frames=frames), seed=seed)
    clip = read_clip(place)
    truth = [clip.read_truth(index) for index in range(len(clip))]
    small = (128, STORED_WIDTH)
    return Case(
        f"synthetic, {name}",
        [partial(read_view, clip.folder / frame.file, frame.intrinsics) for frame in clip.frames],
        poses=np.stack([one.T_camera_to_world for one in truth]),
        depth=[resize_nearest(one.depth, small) for one in truth],
        category=[resize_nearest(one.category, small) for one in truth],
    )


def kitti(shared: Path | None) -> list[Case]:
    """Return the two cases of KITTI; none without the folder."""
    if shared is None:
        return []
    sequence = shared / "kitti_odometry/sequences/06"
    camera = read_odometry_cameras(sequence / "calib.txt")["00"]
    files = sorted((sequence / "image_0").glob("*.png"))
    day = shared / "kitti_raw/2011_09_26"
    raw = day / "2011_09_26_drive_0023_sync"
    P = read_lidar_calibration(day).P_rect
    laser = sorted((raw / "proj_depth/velodyne/image_02").glob("*.npz"))
    return [
        Case(
            "KITTI odometry 06",
            [partial(narrow_view, file, camera.intrinsics(height=370, width=1226).numbers) for file in files],
            poses=read_path(sequence / "poses_first_51.txt").poses,
        ),
        Case(
            "KITTI raw 0023, laser",
            [
                partial(narrow_view, raw / f"image_02/data/{file.stem}.png", (P[0, 0], P[1, 1], P[0, 2], P[1, 2]))
                for file in laser
            ],
            depth=[np.load(file)["velodyne_depth"] for file in laser],
        ),
    ]


def narrow_view(file: Path, camera: CameraNumbers) -> View:
    """Read an image at the measured width."""
    return narrowed(read_view(file, camera), width=WIDTH)


if __name__ == "__main__":
    main(tyro.cli(Arguments))

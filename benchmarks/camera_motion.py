"""Paths of trained runs: motion predicted, measured in the frames, and both together; prints a table.

    OMP_NUM_THREADS=1 python benchmarks/camera_motion.py runs/first runs/second --shared ../shared/data --drives drives

Drives of the synthetic street of 100 frames (straight, turning, traffic; 832 pixels wide) and the 51 grey frames of
KITTI odometry 06 (`kitti_odometry`) with their true camera. `network` is the pose network's path, `measured` takes
rotation and direction from the frames and each length from the predicted depth, `both` takes the lengths from the
network. One scale for the path by least squares. These paths are shorter than KITTI's segments, so t_err and r_err are
means over all segments of 10, 20, 30, 40 and 50 m, one from every frame. A run without motion has measured paths only.
"""

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from time import process_time

import cv2
import numpy as np
import torch
import tyro
from tyro.conf import Positional

from vection.arrays import Pose, Poses
from vection.data.clips.folder import read_clip, read_rgb
from vection.data.readers.kitti.cameras import read_odometry_cameras
from vection.data.synthetic import DriveSettings, still_street, street, turning, write_drive
from vection.evaluation.paths.odometry import odometry_errors, rebase, segment_errors
from vection.evaluation.paths.trajectory import align
from vection.formats.camera_path import read_path
from vection.inference.motion.source import MotionChoice, describe_motion
from vection.inference.predictor import Predictor
from vection.inference.sources import Frame, open_sources
from vection.runs.load import load_predictor

WIDTH, HEIGHT = 832, 256
LENGTHS = (10.0, 20.0, 30.0, 40.0, 50.0)
"""Metres."""

DRIVES: dict[str, tuple[DriveSettings, int]] = {
    "straight": (still_street(route="straight"), 7011),
    "turning": (turning(), 7012),
    "traffic": (
        street(route="straight", oncoming_cars=2.0, crossing_cars=1.5, pedestrians=1.5, lead_car=1.0),
        7013,
    ),
}
"""Settings and seed; no other benchmark trains on these seeds."""


@dataclass(frozen=True)
class Arguments:
    """Predict, measure, compare."""

    runs: Positional[tuple[Path, ...]]
    """Run or checkpoint folders."""
    shared: Path | None = None
    """Folder with `kitti_odometry`; without it only synthetic drives."""
    drives: Path | None = None
    """Folder that keeps the rendered drives; a temporary one if not given."""
    frames: int = 100
    """Of each synthetic drive."""
    device: str = "cpu"


@dataclass(frozen=True)
class Case:
    """Frames with a known camera, and where it truly was."""

    name: str
    frames: Callable[[], Iterator[Frame]]
    true: Poses


@dataclass(frozen=True)
class PredictedPath:
    """A path, where its steps come from, and the seconds of processor time that a frame took."""

    poses: Poses
    said: str
    seconds: float


def main(arguments: Arguments) -> None:
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory() as temporary:
        cases = [drive(name, arguments.drives or Path(temporary), frames=arguments.frames) for name in DRIVES]
        cases += kitti(arguments.shared)
        print("| run | frames | motion | t_err, % | r_err, °/100 m | ATE, m | s/frame | steps |")
        print("|---|---|---|---|---|---|---|---|", flush=True)
        for run in arguments.runs:
            predictor = load_predictor(run, device=arguments.device)
            for case in cases:
                for motion, path in paths(predictor, case).items():
                    numbers = " | ".join(f"{number:.3g}" for number in (*errors(path.poses, case.true), path.seconds))
                    print(f"| {run} | {case.name} | {motion} | {numbers} | {path.said} |", flush=True)


def paths(predictor: Predictor, case: Case) -> dict[str, PredictedPath]:
    """Return the paths of a case by where the motion comes from."""
    measured = predict(predictor, case, "measured")
    if not predictor.method.knows.ego_motion:
        return {"measured": measured}
    network = predict(predictor, case, "network")
    both = PredictedPath(with_lengths(measured.poses, network.poses), "", measured.seconds + network.seconds)
    return {"network": network, "measured": measured, "both": both}


def predict(predictor: Predictor, case: Case, motion: MotionChoice) -> PredictedPath:
    """Predict the path of a case."""
    began = process_time()
    placed = list(predictor.path(case.frames(), motion=motion))
    seconds = (process_time() - began) / len(placed)
    said = describe_motion(one.motion_source for one in placed)
    return PredictedPath(np.stack([one.T_camera_to_world for one in placed]), said, seconds)


def with_lengths(measured: Poses, network: Poses) -> Poses:
    """Chain the measured steps at the lengths of the network's."""
    poses = [np.eye(4)]
    for one, other in zip(steps(measured), steps(network), strict=True):
        length = np.linalg.norm(one[:3, 3])
        step = one.copy()
        step[:3, 3] *= np.linalg.norm(other[:3, 3]) / length if length > 0 else 0.0
        poses.append(poses[-1] @ step)
    return np.stack(poses)


def steps(poses: Poses) -> list[Pose]:
    """Return T_second_to_first of all neighbours."""
    return [np.linalg.inv(first) @ second for first, second in pairwise(poses)]


def errors(predicted: Poses, true: Poses) -> tuple[float, float, float]:
    """Return t_err in percent and r_err in degrees per 100 m over short segments, and the ATE in metres."""
    aligned, _ = align(rebase(predicted), rebase(true), alignment="scale")
    t_err, r_err = segment_errors(aligned, rebase(true), lengths=LENGTHS, stride=1).mean()
    return t_err, r_err, odometry_errors(predicted, true, alignment="scale").path.ate


def drive(name: str, folder: Path, *, frames: int) -> Case:
    """Return a drive of the synthetic street, rendered into `folder` unless it is there."""
    settings, seed = DRIVES[name]
    place = folder / f"{name}_{frames}"
    if not place.is_dir():
        write_drive(place, replace(settings, width=WIDTH, height=HEIGHT, frames=frames), seed=seed)
    clip = read_clip(place)
    poses = np.stack([clip.read_truth(index).T_camera_to_world for index in range(len(clip))])
    return Case(f"synthetic, {name}", open_sources(place)[0].frames, poses)


def kitti(shared: Path | None) -> list[Case]:
    """Return the frames of sequence 06; nothing without the folder."""
    if shared is None:
        return []
    sequence = shared / "kitti_odometry/sequences/06"
    files = sorted((sequence / "image_0").glob("*.png"))
    cameras = read_odometry_cameras(sequence / "calib.txt")["00"]

    def frames() -> Iterator[Frame]:
        for index, file in enumerate(files):
            image = read_rgb(file)
            camera = cameras.intrinsics(height=image.shape[0], width=image.shape[1]).numbers
            yield Frame(file.stem, image, seconds=index / 10, intrinsics=camera)

    return [Case("KITTI odometry 06", frames, read_path(sequence / "poses_first_51.txt").poses)]


if __name__ == "__main__":
    main(tyro.cli(Arguments))

"""Does block matching help a short training to learn how the camera turns?

    python benchmarks/pose_matching.py --out runs/matching

Trains Monodepth2 on synthetic drives with right-angled bends, with and without `pose_matching`, and compares depth
and the predicted rotation on unseen drives. What is done already is kept.
"""

import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import tyro
from learned_intrinsics import HEIGHT, WIDTH, recipe

from vection.data.clips.folder import find_clips, read_clip
from vection.data.synthetic.drive import write_drive
from vection.data.synthetic.settings import turning
from vection.evaluation.depth.baselines import computed_predictions, row_mean_predictions
from vection.evaluation.depth.evaluate import evaluate_depth
from vection.evaluation.depth.protocol import ALL
from vection.evaluation.depth.protocols import SYNTHETIC
from vection.evaluation.paths.trajectory import steps_from_poses
from vection.evaluation.predictions.kinds import PredictionReader
from vection.evaluation.truth.truth_set import clip_truth
from vection.files import write_text
from vection.inference.predictor import Predictor
from vection.inference.sources import open_sources
from vection.methods.method import changed
from vection.runs.load import load_predictor
from vection.runs.train import train


@dataclass(frozen=True)
class Arguments:
    """Train both ways and print the table."""

    out: Path
    seeds: int = 1
    steps: int = 300


def main(arguments: Arguments) -> None:
    """Print AbsRel, the mean size of the rotation, and how predicted and true rotation about the vertical agree."""
    training, held_out = worlds(arguments.out)
    truths = clip_truth(held_out)
    row_mean = abs_rel(row_mean_predictions(truths, clip_truth(training)), held_out)
    print(f"row-mean depth: AbsRel {row_mean:.3f}")
    print("| pose network | seed | AbsRel | true rotation, rad (RMS) | predicted | correlation |\n" + "|---" * 6 + "|")
    for seed in range(arguments.seeds):
        for matching in (False, True):
            folder = arguments.out / f"{'matching' if matching else 'plain'}-{arguments.steps}-{seed}"
            if not (folder / "scores.json").exists():
                wanted = recipe(arguments.steps, seed=seed)
                method = changed(wanted.method, intrinsics="given", pose_matching=matching)
                train(replace(wanted, method=method), data=training, out=folder)
                write_text(folder / "scores.json", json.dumps(score(load_predictor(folder, which="last"), held_out)))
            numbers = json.loads((folder / "scores.json").read_text())
            cells = " | ".join(f"{number:.3f}" for number in numbers)
            print(f"| {'with block matching' if matching else 'alone'} | {seed} | {cells} |", flush=True)


def score(predictor: Predictor, held_out: Path) -> list[float]:
    """AbsRel, RMS of true and predicted rotation about the vertical a frame, and their correlation."""
    truths = clip_truth(held_out)
    depth = computed_predictions(lambda image: predictor.predict(image).depth, truths, description="model")
    predicted, true = [], []
    for clip in find_clips(held_out):
        info = read_clip(clip)
        path = np.stack([info.read_truth(index).T_camera_to_world for index in range(len(info))])
        found = np.stack([one.T_camera_to_world for one in predictor.stream(open_sources(clip)[0], motion="network")])
        true.append(steps_from_poses(path)[:, 0, 2])
        predicted.append(steps_from_poses(found)[:, 0, 2])
    angles = np.concatenate(true), np.concatenate(predicted)
    sizes = [float(np.sqrt((angle**2).mean())) for angle in angles]
    return [abs_rel(depth, held_out), *sizes, float(np.corrcoef(*angles)[0, 1])]


def abs_rel(predictions: PredictionReader, held_out: Path) -> float:
    """Mean error over all pixels, median scaled."""
    result = evaluate_depth(predictions, clip_truth(held_out), SYNTHETIC, name="")
    return float(result.categories[ALL].mean.abs_rel)


def worlds(place: Path) -> tuple[Path, Path]:
    """Folders of training drives and of others; rendered if missing."""
    for part, count, frames, first in (("training", 12, 40, 0), ("held_out", 4, 60, 5000)):
        for index in range(count):
            folder = place / "worlds" / part / f"drive_{index:02d}"
            if not folder.exists():
                folder.parent.mkdir(parents=True, exist_ok=True)
                write_drive(folder, turning(width=WIDTH, height=HEIGHT, frames=frames), seed=first + index)
    return place / "worlds" / "training", place / "worlds" / "held_out"


if __name__ == "__main__":
    main(tyro.cli(Arguments))

"""Does one scale fit a whole path? SC-SfMLearner with and without geometry consistency, on unseen synthetic drives.

    python benchmarks/scale_consistency.py --out runs/scale

Trains `sc-sfmlearner-synthetic` each way, chains the predicted steps over held-out drives of 100 frames, and prints the
root mean square position error (ATE) with one scale for the path and with a scale of its own for every step, how much
the scales of steps and depth vary over the drive, and how far neighbouring frames disagree. What is done already is
kept; a stopped training goes on.
"""

import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
import tyro
from moving_objects import chosen

from vection.data.clips.folder import FrameTruth, read_clip
from vection.data.synthetic.drive import write_drive
from vection.data.synthetic.settings import drive_settings
from vection.evaluation.depth.evaluate import ComparedPixels
from vection.evaluation.paths.trajectory import scale_every_step, steps_from_poses, trajectory_errors
from vection.files import write_text
from vection.geometry.warp import warp_with_depth
from vection.inference.prediction import Prediction
from vection.inference.sources import open_sources
from vection.losses.geometry_consistency import depth_inconsistency
from vection.methods.method import changed
from vection.networks.cameras import camera_matrices
from vection.recipes.recipe import Recipe
from vection.recipes.registry import get_recipe
from vection.runs.load import load_predictor
from vection.runs.train import train

HELD_OUT_SEEDS = 5000
LEARNED: dict[str, Any] = {"measured": False}
NEITHER: dict[str, Any] = {"self_discovered_mask": False, "geometry_weight": 0.0}
TWICE = {"motion_back": "second-pass"}
VARIANTS: dict[str, dict[str, Any]] = {
    "geometry consistency and mask": LEARNED,
    "geometry consistency": LEARNED | {"self_discovered_mask": False},
    "neither": LEARNED | NEITHER,
    "geometry consistency and mask, as in the paper": LEARNED | TWICE,
    "neither, as in the paper": LEARNED | NEITHER | TWICE,
}
"""The mask weights the photometric error by the depths' agreement, so it goes with the consistency.

In the paper the motion back is predicted too; the short recipe inverts the motion forth, so that one motion serves the
depth of both frames, which by itself makes their scales agree.
"""


@dataclass(frozen=True)
class Arguments:
    """Train, predict, compare."""

    out: Path
    """Folder of drives, runs and scores."""
    seeds: int = 1
    steps: int = 600
    drives: int = 24
    """Training drives of 30 frames."""
    held_out: int = 8
    frames: int = 100
    """Frames of a held-out drive."""
    world: str = "still_street"
    """Synthetic drives: still_street, street, turning ..."""
    auto_mask: bool = True
    """As the short recipe has it; the paper knows only the mask from depths that disagree."""
    only: str = ""
    """Only the variant of this name, or those whose names contain it."""


@dataclass(frozen=True)
class DriveScore:
    """Errors of one predicted drive, in metres where not said otherwise."""

    length: float
    """Of the true path."""
    ate_one_scale: float
    ate_scale_per_frame: float
    scale_spread: float
    """Standard deviation of the logarithm of true over predicted step length: 0.1 is about 10 %."""
    depth_spread: float
    """The same of the median true over the median predicted depth of a frame."""
    depth_jumps: float
    """The same of a frame's depth, as its neighbour must see it, over the neighbour's (median); needs no truth."""
    depth_inconsistency: float
    """Mean D_diff of neighbouring frames (eq. 5), in [0, 1]; needs no truth."""


def main(arguments: Arguments) -> None:
    """Score every variant and print the table after each."""
    for seed in range(arguments.seeds):
        for name in chosen(VARIANTS, arguments.only):
            score(name, arguments, seed=seed)
            print_table(arguments)


def score(name: str, arguments: Arguments, *, seed: int) -> None:
    """Train one variant, predict the held-out drives and store their errors, if that is not done yet."""
    file = score_file(name, arguments, seed=seed)
    folder = file.parent
    if file.exists():
        return
    training, held_out = worlds(arguments)
    train(variant(name, arguments, seed=seed), data=training, out=folder)
    predictor = load_predictor(folder, checkpoint="last")
    scores = []
    for clip in sorted(held_out.iterdir())[: arguments.held_out]:
        predictions = list(predictor.stream(open_sources(clip)[0], motion="network"))
        info = read_clip(clip)
        truth = [info.read_truth(index) for index in range(len(info))]
        scores.append(asdict(compare(predictions, truth)))
    write_text(file, json.dumps(scores))


def compare(predictions: Sequence[Prediction], truth: Sequence[FrameTruth]) -> DriveScore:
    """Errors of a path with one scale (least squares) and with the true length of every step; spreads of scales."""
    predicted, true = (np.stack([frame.T_camera_to_world for frame in frames]) for frames in (predictions, truth))
    true = np.linalg.inv(true[0]) @ true
    steps, true_steps = steps_from_poses(predicted), steps_from_poses(true)
    lengths = np.linalg.norm(steps[:, :3, 3], axis=1)
    true_lengths = np.linalg.norm(true_steps[:, :3, 3], axis=1)
    ratio = true_lengths / np.maximum(lengths, 1e-12)
    moving = true_lengths > 0.1 * np.median(true_lengths)
    scales = [depth_scale(*frame) for frame in zip(predictions, truth, strict=True)]
    jumps, inconsistencies = zip(*(depth_agreement(*pair) for pair in pairwise(predictions)), strict=True)
    return DriveScore(
        length=float(true_lengths.sum()),
        ate_one_scale=trajectory_errors(predicted, true, alignment="scale").ate,
        ate_scale_per_frame=trajectory_errors(scale_every_step(predicted, true), true, alignment="none").ate,
        scale_spread=float(np.log(ratio[moving]).std()),
        depth_spread=float(np.log(scales).std()),
        depth_jumps=float(np.log(jumps).std()),
        depth_inconsistency=float(np.mean(inconsistencies)),
    )


def depth_scale(prediction: Prediction, truth: FrameTruth) -> float:
    """Median true over median predicted depth, where the truth is known."""
    known = np.isfinite(truth.depth) & (truth.depth > 0)
    return ComparedPixels(truth.depth[known], prediction.depth[known], categories={}).ratio


def depth_agreement(first: Prediction, second: Prediction) -> tuple[float, float]:
    """Median ratio of the first frame's depth, moved to the second, to the second's own; mean D_diff (eq. 5)."""
    own, other = (torch.from_numpy(frame.depth).float()[None, None] for frame in (first, second))
    K, other_K = (camera_matrices(*torch.tensor([frame.intrinsics]).split(2, dim=1)) for frame in (first, second))
    T = torch.from_numpy(first.T_to_next).float()[None]
    seen = warp_with_depth(torch.zeros(1, 3, *own.shape[2:]), other, own, T, intrinsics=K, source_intrinsics=other_K)
    inside = seen.inside_image
    ratio = (seen.computed_depth / seen.sampled_depth)[inside].median()
    return float(ratio), float(depth_inconsistency(seen.computed_depth, seen.sampled_depth)[inside].mean())


def variant(name: str, arguments: Arguments, *, seed: int) -> Recipe:
    """The synthetic recipe with the variant's changes and the wanted number of steps."""
    recipe = get_recipe("sc-sfmlearner-synthetic")
    method = changed(recipe.method, auto_mask=arguments.auto_mask, **VARIANTS[name])
    steps = max(arguments.steps // recipe.stages[0].epochs, 1)
    return replace(recipe, method=method, training=replace(recipe.training, seed=seed, steps_per_epoch=steps))


def worlds(arguments: Arguments) -> tuple[Path, Path]:
    """Folders of training and held-out drives, rendered if missing."""
    recipe = get_recipe("sc-sfmlearner-synthetic")
    size = {"width": recipe.data.width, "height": recipe.data.height}
    place = arguments.out / "worlds" / arguments.world
    training, held_out = place / f"training_{arguments.drives}", place / f"held_out_{arguments.frames}"
    wanted = [(training / f"drive_{index:03d}", index, 30) for index in range(arguments.drives)]
    wanted += [
        (held_out / f"drive_{index:03d}", HELD_OUT_SEEDS + index, arguments.frames)
        for index in range(arguments.held_out)
    ]
    for folder, seed, frames in wanted:
        if not folder.exists():
            folder.parent.mkdir(parents=True, exist_ok=True)
            write_drive(folder, drive_settings(arguments.world, frames=frames, **size), seed=seed)
    return training, held_out


def score_file(name: str, arguments: Arguments, *, seed: int) -> Path:
    """Scores of one run on the held-out drives, in the folder of the run."""
    masks = "" if arguments.auto_mask else "-no-auto-mask"
    name = name.replace(", ", "-").replace(" ", "-")
    run = f"{arguments.world}{masks}-{name}-{arguments.drives}-drives-{arguments.steps}-steps-{seed}"
    return arguments.out / run / f"scores_{arguments.held_out}_of_{arguments.frames}.json"


def print_table(arguments: Arguments) -> None:
    """Mean over the held-out drives and the seeds that are done."""
    lines = [
        "| losses | seeds | path, m | ATE with one scale, m | with a scale a frame | spread of steps | spread of depth "
        "| jumps of depth | D_diff |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name in VARIANTS:
        files = [score_file(name, arguments, seed=seed) for seed in range(arguments.seeds)]
        done = [json.loads(file.read_text()) for file in files if file.exists()]
        scores = [DriveScore(**values) for paths in done for values in paths]
        if scores:
            length, one, each, *others = np.mean([list(asdict(score).values()) for score in scores], axis=0)
            rest = " | ".join(f"{value:.4f}" for value in others)
            lines.append(f"| {name} | {len(done)} | {length:.0f} | {one:.2f} | {each:.2f} | {rest} |")
    print("\n".join(["", f"{arguments.held_out} drives of {arguments.frames} frames, {arguments.world}", *lines, ""]))


if __name__ == "__main__":
    main(tyro.cli(Arguments))

"""All five methods, with and without measured geometry, at equal compute on a synthetic street full of moving things.

    python benchmarks/moving_objects.py --out runs/moving --minutes 20

Every variant gets the same training time: its seconds a step are measured first, on the same machine, and its schedule
is shrunk or stretched to fit; measuring counts as training time. Held-out drives have other seeds; on some of them
nothing moves but a lead car. What is done already is kept, a stopped training goes on, and `--only` lets several
processes share the work (in one folder).
"""

import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import json
import math
import shutil
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import mean, median
from time import perf_counter
from typing import Any

import numpy as np
import torch
import tyro

from vection.data.clips.folder import find_clips, read_clip
from vection.data.synthetic.drive import write_drive
from vection.data.synthetic.settings import street
from vection.evaluation.depth.baselines import row_mean_predictions
from vection.evaluation.depth.evaluate import evaluate_depth
from vection.evaluation.depth.protocol import ALL
from vection.evaluation.depth.protocols import SYNTHETIC
from vection.evaluation.depth.result import DepthResult
from vection.evaluation.objects.motion import motion_curve
from vection.evaluation.objects.scores import ObjectScores, evaluate_objects
from vection.evaluation.paths.trajectory import trajectory_errors
from vection.evaluation.predictions.read import open_predictions
from vection.evaluation.truth.truth_set import clip_truth
from vection.files import write_text
from vection.formats.camera_path import KITTI_FILE, read_path
from vection.formats.metrics_log import read_events
from vection.formats.run_folder import RunFolder
from vection.geometry.camera import backproject, project
from vection.geometry.flow import points_in_source
from vection.geometry.views import Views
from vection.inference.sources import open_sources
from vection.inference.write import write_predictions
from vection.losses.photometric import Target, photometric_error
from vection.methods.method import changed
from vection.networks.cameras import camera_matrices
from vection.recipes.recipe import Recipe
from vection.recipes.registry import get_recipe
from vection.runs.load import load_predictor
from vection.runs.measure import measure_clips
from vection.runs.train import train
from vection.training.settings import TrainingSettings

HELD_OUT_SEEDS = 5000
ONLY_LEAD_CAR = {
    "lead_car": 1.0,
    "lead_relative_speed": 0.15,
    "oncoming_cars": 0.0,
    "crossing_cars": 0.0,
    "pedestrians": 0.0,
}
VARIANTS: dict[str, tuple[str, dict[str, Any]]] = {
    "static baseline": ("monodepth2-demo", {"mask": "none"}),
    "monodepth2": ("monodepth2-demo", {}),
    "monodepth2, ground": ("monodepth2-demo", {"derotated_mask": True, "ground_weight": 0.1}),
    "monodepth2, measured": ("monodepth2-demo", {"measured": True}),
    "sc_sfmlearner": ("sc-sfmlearner-synthetic", {"measured": False}),
    "sc_sfmlearner, measured": ("sc-sfmlearner-synthetic", {}),
    "sgdepth": ("sgdepth-synthetic", {"measured": False}),
    "sgdepth, measured": ("sgdepth-synthetic", {}),
    "motion_field": ("motion-field-synthetic", {"measured": False}),
    "motion_field, measured": ("motion-field-synthetic", {}),
    "dynamo_depth": ("dynamo-depth-synthetic", {"measured": False}),
    "dynamo_depth, measured": ("dynamo-depth-synthetic", {}),
}
"""The baseline is Monodepth2 with its auto-mask; without the mask it takes the world to be at rest."""
CATEGORIES = (ALL, "static background", "static objects", "moving objects")


@dataclass(frozen=True)
class Arguments:
    """Train, predict and score every variant, then print the table."""

    out: Path
    minutes: float = 20.0
    """Training time of each run."""
    seeds: int = 2
    drives: int = 40
    frames: int = 20
    """Of a training drive."""
    held_out: int = 12
    held_out_frames: int = 12
    lead_car: float = 0.5
    """Share of drives with a car ahead at nearly the camera's own speed."""
    only: str = ""
    """Only the variant of this name, or those whose names contain it."""


def main(arguments: Arguments) -> None:
    """Run what is missing; print the table after each run."""
    worlds(arguments)
    for seed in range(arguments.seeds):
        for name in chosen(VARIANTS, arguments.only):
            score(name, arguments, seed=seed)
            print_table(arguments)
    f1, far = what_shows(worlds(arguments)[1])
    print(f"Moving pixels that move by more than two pixels beside the camera's motion: {far:.0%}")
    print(f"F1 of what true depth and motion do not explain: {f1:.3f}")


def chosen(names: Iterable[str], only: str) -> list[str]:
    """The one of this name, or else those whose names contain it."""
    names = list(names)
    return [only] if only in names else [name for name in names if only in name]


def score(name: str, arguments: Arguments, *, seed: int) -> None:
    """Train one variant on one seed and store its scores, if that is not done yet."""
    folder = run_folder(name, arguments, seed=seed)
    file = folder / "scores.json"
    if file.exists():
        return
    training, held_out, lead_car = worlds(arguments)
    measuring = measuring_seconds(arguments) if variant(name, steps=1, seed=seed).method.needs.measured else 0.0
    steps = max(int((arguments.minutes * 60 - measuring) / seconds_per_step(name, arguments)), 1)
    train(variant(name, steps=steps, seed=seed), data=training, out=folder)
    scores = evaluate(folder, held_out, training=training)
    hole = evaluate(folder, lead_car, training=training)["hole"]["moving objects"]
    write_text(file, json.dumps({"steps": steps, "lead_car_hole": hole, **scores}, indent=1))


def evaluate(run: Path, held_out: Path, *, training: Path) -> dict[str, Any]:
    """Predict every held-out drive as a video and score depth, motion and path."""
    predictor = load_predictor(run, checkpoint="last")
    drives, paths = [], []
    for clip in find_clips(held_out):
        place = RunFolder(run).predictions / clip.name
        write_predictions(
            predictor.stream(open_sources(clip)[0], motion="network"),
            place,
            model=run.name,
            png=False,
            video=False,
            overwrite=True,
        )
        truths = clip_truth(clip)
        result = evaluate_depth(open_predictions(place), truths, SYNTHETIC, name=run.name)
        drives.append((result, evaluate_objects(open_predictions(place), truths, scales=result.scales())))
        paths.append(path_error(place, clip))
    objects = ObjectScores()
    for _, more in drives:
        objects = objects if more is None else objects + more
    shutil.rmtree(RunFolder(run).predictions)
    rows = row_mean_predictions(clip_truth(held_out), clip_truth(training))
    baseline = evaluate_depth(rows, clip_truth(held_out), SYNTHETIC, name="row-mean depth")
    return {
        "abs_rel": {category: mean_over(drives, category, "abs_rel") for category in CATEGORIES},
        "a1": {category: mean_over(drives, category, "a1") for category in CATEGORIES},
        "hole": {
            category: nanmedian([result.depth_ratio.get(category, math.nan) for result, _ in drives])
            for category in CATEGORIES
        },
        "row_mean": {category: baseline.categories[category].mean.abs_rel for category in CATEGORIES},
        "path_error": mean(paths),
        "objects": objects.to_note().to_json(),
    }


def mean_over(drives: list[tuple[DepthResult, Any]], category: str, metric: str) -> float:
    """Mean of a metric over all images that have pixels of the category."""
    rows = [row for result, _ in drives for row in result.rows if row.category == category]
    return mean(getattr(row.errors, metric) for row in rows) if rows else math.nan


def nanmedian(values: list[float]) -> float:
    """Median of the numbers that are known."""
    known = [value for value in values if not math.isnan(value)]
    return median(known) if known else math.nan


def path_error(predictions: Path, clip: Path) -> float:
    """ATE in per cent of the path's length, one scale for the whole path."""
    predicted = read_path(predictions / KITTI_FILE).poses
    info = read_clip(clip)
    true = np.stack([info.read_truth(index).T_camera_to_world for index in range(len(info))])
    true = np.linalg.inv(true[0]) @ true
    length = float(np.linalg.norm(np.diff(true[:, :3, 3], axis=0), axis=1).sum())
    return 100 * trajectory_errors(predicted, true, alignment="scale").ate / max(length, 1e-9)


def what_shows(held_out: Path) -> tuple[float, float]:
    """What this world shows of motion to whoever compares pixels.

    Best F1 of a mask without learning, the photometric error that true depth and true motion leave (the smaller one of
    the two neighbouring frames); and the share of the moving pixels that move by more than two pixels in the image.
    """
    curves, displacements = [], []
    for clip in find_clips(held_out):
        info = read_clip(clip)
        truths = [info.read_truth(index) for index in range(len(info))]
        frames = torch.stack([torch.from_numpy(info.read_image(index)) for index in range(len(info))])
        images = frames.permute(0, 3, 1, 2) / 255
        poses = torch.stack([torch.from_numpy(truth.T_camera_to_world) for truth in truths]).float()
        depth = torch.stack([torch.from_numpy(truth.depth) for truth in truths])[:, None]
        for index in range(1, len(info) - 1):
            others = [index - 1, index + 1]
            K = camera_matrices(*torch.tensor([info.frames[index].intrinsics]).split(2, dim=1))
            views = Views(images[index][None], images[others][None], K, K[:, None].expand(-1, 2, -1, -1))
            T = torch.linalg.solve(poses[others], poses[index])
            errors = photometric_error(views.synthesise(depth[index][None], T[None]), Target.of(views.target))
            flow = torch.from_numpy(truths[index].object_flow)[None]
            moving = flow[0].norm(dim=0) > 0
            curves.append(motion_curve(errors.amin(dim=1)[0].numpy(), moving=moving.numpy()))
            points = backproject(depth[index][None], K)
            places = [project(points_in_source(points, T[1:], one, order="object-first"), K) for one in (None, flow)]
            displacements.append((places[0] - places[1])[0, moving].norm(dim=1))
    curve = sum(curves[1:], start=curves[0])
    return float(curve.f1[curve.best]), float((torch.cat(displacements) > 2).float().mean())


def variant(name: str, *, steps: int, seed: int) -> Recipe:
    """The short recipe with the variant's changes, its schedule fitted to `steps`."""
    recipe_name, changes = VARIANTS[name]
    recipe = get_recipe(recipe_name)
    epochs = sum(stage.epochs for stage in recipe.stages)
    training = replace(recipe.training, seed=seed, steps_per_epoch=max(steps // epochs, 1), validation_batches=2)
    if name.startswith("motion_field"):
        changes = {"burn_in": steps // 2, **changes}  # the short recipe's share of its steps
    return replace(recipe, method=changed(recipe.method, **changes), training=training)


def measuring_seconds(arguments: Arguments) -> float:
    """Seconds that measuring the training drives takes in one process; done once a folder."""
    file, training = arguments.out / "measuring.json", worlds(arguments)[0]
    if not file.exists():
        began = perf_counter()
        measure_clips(training)
        write_text(file, json.dumps({"seconds": perf_counter() - began}))
    return float(json.loads(file.read_text())["seconds"])


def seconds_per_step(name: str, arguments: Arguments) -> float:
    """Seconds of an optimiser step, averaged over the schedule; measured once a folder."""
    file = arguments.out / "seconds_per_step.json"
    known: dict[str, float] = json.loads(file.read_text()) if file.exists() else {}
    if name not in known:
        full = variant(name, steps=1, seed=0)
        tiny = replace(
            full,
            stages=tuple(replace(stage, epochs=1, drops=()) for stage in full.stages),
            training=TrainingSettings(steps_per_epoch=6, log_every=1, validation_batches=1),
        )
        trial = arguments.out / f"trial-{name}"
        shutil.rmtree(trial, ignore_errors=True)
        train(tiny, data=worlds(arguments)[0], out=trial)
        total = 0.0
        for stage in full.stages:
            events = [event for event in read_events(RunFolder(trial).metrics) if event.stage == stage.name]
            times = [(event.seconds_data or 0) + event.seconds_compute for event in events if event.seconds_compute]
            total += stage.epochs * median(times[1:])
        shutil.rmtree(trial)
        known[name] = total / sum(stage.epochs for stage in full.stages)
        write_text(file, json.dumps(known, indent=1))
    return known[name]


def worlds(arguments: Arguments) -> tuple[Path, Path, Path]:
    """Folders of training drives, held-out drives, and such with nothing but a lead car; rendered if missing."""
    data = get_recipe("monodepth2-demo").data
    busy: dict[str, Any] = {"lead_car": arguments.lead_car}
    parts = (
        ("training", busy, arguments.drives, arguments.frames, 0),
        ("held_out", busy, arguments.held_out, arguments.held_out_frames, HELD_OUT_SEEDS),
        ("lead_car", ONLY_LEAD_CAR, arguments.held_out // 2, arguments.held_out_frames, 2 * HELD_OUT_SEEDS),
    )
    for part, traffic, count, frames, first in parts:
        for index in range(count):
            folder = arguments.out / "worlds" / part / f"drive_{index:03d}"
            if not folder.exists():
                folder.parent.mkdir(parents=True, exist_ok=True)
                settings = street(width=data.width, height=data.height, frames=frames, **traffic)
                write_drive(folder, settings, seed=first + index)
    place = arguments.out / "worlds"
    return place / "training", place / "held_out", place / "lead_car"


def run_folder(name: str, arguments: Arguments, *, seed: int) -> Path:
    """Folder of one run."""
    return arguments.out / f"{name.replace(', ', '-').replace(' ', '-')}-{arguments.minutes:g}min-{seed}"


def print_table(arguments: Arguments) -> None:
    """Means over the seeds that are done."""
    print(
        "\n| method | seeds | steps | AbsRel all | static background | static objects | moving objects "
        "| δ all | hole, lead car | motion F1 | path error, % |\n" + "|---" * 11 + "|"
    )
    for name in VARIANTS:
        files = [run_folder(name, arguments, seed=seed) / "scores.json" for seed in range(arguments.seeds)]
        done = [json.loads(file.read_text()) for file in files if file.exists()]
        if not done:
            continue
        errors = [spread([one["abs_rel"][category] for one in done]) for category in CATEGORIES]
        f1 = [one["objects"]["motion"]["best_f1"] for one in done if "motion" in one["objects"]]
        more = [
            spread([one["a1"][ALL] for one in done]),
            spread([one["lead_car_hole"] for one in done]),
            spread(f1) if f1 else "",
            spread([one["path_error"] for one in done]),
        ]
        print(f"| {name} | {len(done)} | {done[0]['steps']} | " + " | ".join([*errors, *more]) + " |")
    if done := [json.loads(file.read_text()) for file in arguments.out.glob("*/scores.json")]:
        cells = " | ".join(f"{done[0]['row_mean'][category]:.3f}" for category in CATEGORIES)
        print(f"| row-mean depth | | | {cells} | | | | |", flush=True)


def spread(values: list[float]) -> str:
    """Mean and half the range."""
    half = (max(values) - min(values)) / 2
    return f"{mean(values):.3f}" + (f" ± {half:.3f}" if len(values) > 1 else "")


if __name__ == "__main__":
    main(tyro.cli(Arguments))

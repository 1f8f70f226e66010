"""All five methods, with and without measured geometry, at equal compute on a synthetic street full of moving things.

    python benchmarks/moving_objects.py --out runs/moving --steps 650 --seeds 3

Every row takes as much computing as `--steps` steps of Monodepth2: what a step of each stage costs beside one of these
is measured first, in CPU time and one right after the other, so that it does not matter what else the machine does. The
schedule is shrunk or stretched to fit; measuring geometry counts as training. Held-out drives have other seeds; on some
of them nothing moves but a lead car. Each row leaves one `scores.json`; what is done already is kept, a stopped
training goes on, and `--only` lets several processes share the work (in one folder).
"""

import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import json
import math
import shutil
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from statistics import mean, median
from time import process_time
from typing import Any

import numpy as np
import tyro
from moving_objects_readings import learned_geometry, readings, true_geometry
from torch import Tensor

from vection.arrays import FloatMap
from vection.data.clips.folder import find_clips, read_clip
from vection.data.synthetic.drive import write_drive
from vection.data.synthetic.settings import street
from vection.evaluation.depth.baselines import row_mean_predictions
from vection.evaluation.depth.evaluate import evaluate_depth
from vection.evaluation.depth.protocol import ALL
from vection.evaluation.depth.protocols import SYNTHETIC
from vection.evaluation.depth.result import DepthResult
from vection.evaluation.objects.motion import MotionCurve
from vection.evaluation.objects.scores import ObjectScores, evaluate_objects
from vection.evaluation.paths.trajectory import trajectory_errors
from vection.evaluation.predictions.read import open_predictions
from vection.evaluation.truth.truth_set import SYNTHETIC_CATEGORIES, GroundTruth, clip_truth
from vection.files import write_text
from vection.formats.camera_path import KITTI_FILE, read_path
from vection.formats.run_folder import RunFolder
from vection.inference.sources import open_sources
from vection.inference.write import write_predictions
from vection.methods.method import changed
from vection.recipes.methods import build_method
from vection.recipes.recipe import Recipe
from vection.recipes.registry import get_recipe
from vection.runs.data import load_data
from vection.runs.load import load_predictor
from vection.runs.measure import measure_clips
from vection.runs.train import train
from vection.training.loop import Training

HELD_OUT_SEEDS = 5000
COSTS = "costs.json"
BASELINE = "monodepth2"
TRIAL_STEPS, TRIAL_DRIVES = 6, 3
"""Of the short trainings and measurements that tell what a step and a drive cost."""
ONLY_LEAD_CAR = {
    "lead_car": 1.0,
    "lead_relative_speed": 0.15,
    "oncoming_cars": 0.0,
    "crossing_cars": 0.0,
    "pedestrians": 0.0,
}
VARIANTS: dict[str, tuple[str, dict[str, Any]]] = {
    "monodepth2": ("monodepth2-demo", {}),
    "monodepth2, measured": ("monodepth2-demo", {"measured": True}),
    "no mask": ("monodepth2-demo", {"mask": "none"}),
    "no mask, measured": ("monodepth2-demo", {"mask": "none", "measured": True}),
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
    steps: int = 650
    """Compute of each run: what so many steps of the baseline take, some 8 minutes of a quiet core."""
    seeds: int = 3
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
    """Run what is missing and print the tables."""
    worlds(arguments)
    for seed in range(arguments.seeds):
        for name in chosen(VARIANTS, arguments.only):
            score(name, arguments, seed=seed)
    print_table(arguments)
    file = arguments.out / "readings.json"
    if not file.exists():
        write_text(file, json.dumps(readings(worlds(arguments)[1], true_geometry), indent=1))
    shown = json.loads(file.read_text())
    print(f"Moving pixels that move by more than two pixels beside the camera: {shown['moves by two pixels']:.0%}")
    print("F1 without any network, with true depth and camera motion: " + told(shown))


def told(shown: dict[str, float]) -> str:
    """Say the F1 of each reading."""
    return ", ".join(f"{name} {shown[name]:.3f}" for name in ("photometric error", "block matching", "perfect flow"))


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
    measuring = cost_of_measuring(arguments) if variant(name, seed=seed).method.needs.measured else 0.0
    recipe = variant(name, seed=seed, steps=int((arguments.steps - measuring) / cost_of_step(name, arguments)))
    train(recipe, data=training, out=folder)
    scores = evaluate(folder, held_out, training=training)
    hole = evaluate(folder, lead_car, training=training)["hole"]["moving objects"]
    shown = readings(held_out, learned_geometry(load_predictor(folder, checkpoint="last")))
    steps = (recipe.training.steps_per_epoch or 0) * sum(stage.epochs for stage in recipe.stages)
    write_text(file, json.dumps({"steps": steps, "lead_car_hole": hole, "readings": shown, **scores}, indent=1))


def evaluate(run: Path, held_out: Path, *, training: Path) -> dict[str, Any]:
    """Predict every held-out drive as a video and score depth, motion and path."""
    predictor = load_predictor(run, checkpoint="last")
    drives, paths, masks = [], [], []
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
        masks += [(open_predictions(place).read_objects(truth.name).motion_mask, truth) for truth in truths]
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
        "false_alarms": {} if objects.motion is None else false_alarms(masks, objects.motion),
    }


def false_alarms(masks: list[tuple[FloatMap | None, GroundTruth]], curve: MotionCurve) -> dict[str, float]:
    """Return the share of each class's pixels that the mask calls moving, at the threshold of the best F1.

    The sky is what belongs to no other class; the bonnet does not count.
    """
    threshold = curve.thresholds[curve.best]
    called: dict[str, list[int]] = {}
    for mask, truth in masks:
        if mask is None:
            continue
        places = dict(truth.categories)
        ignored = np.zeros(mask.shape, bool) if truth.ignored is None else truth.ignored
        places["sky"] = ~np.logical_or.reduce([*places.values(), ignored])
        for name, place in places.items():
            hits, pixels = called.setdefault(name, [0, 0])
            called[name] = [hits + np.count_nonzero(mask[place] > threshold), pixels + np.count_nonzero(place)]
    return {name: hits / max(pixels, 1) for name, (hits, pixels) in called.items()}


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


def variant(name: str, *, seed: int, steps: int = 0) -> Recipe:
    """The short recipe with the variant's changes, its schedule fitted to `steps`."""
    recipe_name, changes = VARIANTS[name]
    recipe = get_recipe(recipe_name)
    epochs = sum(stage.epochs for stage in recipe.stages)
    an_epoch = max(round(steps / epochs), 1)
    factor = an_epoch / (recipe.training.steps_per_epoch or 1)
    stages = tuple(replace(stage, warm_up=round(factor * stage.warm_up)) for stage in recipe.stages)
    training = replace(recipe.training, seed=seed, steps_per_epoch=an_epoch, validation_fraction=0.0)
    return replace(recipe, method=changed(recipe.method, **changes), stages=stages, training=training)


class Timed(Training):
    """A training that notes the CPU time at the beginning of each step."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.begun: list[float] = []

    def _step(self, *arguments: Any, **named: Any) -> dict[str, Tensor]:
        self.begun.append(process_time())
        return super()._step(*arguments, **named)


def cost_of_step(name: str, arguments: Arguments) -> float:
    """CPU time of an optimiser step, averaged over the schedule, in steps of the baseline; measured once a folder."""
    known = read_costs(arguments)
    if name not in known:
        known[name] = 1.0 if name == BASELINE else step_seconds(name, arguments) / step_seconds(BASELINE, arguments)
        write_text(arguments.out / COSTS, json.dumps(known, indent=1))
    return known[name]


def step_seconds(name: str, arguments: Arguments) -> float:
    """CPU seconds of a step with its data: the least of some of each stage, for other work can only make it dearer."""
    recipe = variant(name, seed=0)
    if recipe.method.needs.measured:
        measure_clips(worlds(arguments)[0])
    sets, trial = load_data(recipe, worlds(arguments)[0]), arguments.out / f"trial-{os.getpid()}"
    total = 0.0
    for stage in recipe.stages:
        training = Timed(
            build_method(recipe.method),
            sets,
            stages=(replace(stage, epochs=1, drops=(), warm_up=0),),
            settings=replace(recipe.training, steps_per_epoch=TRIAL_STEPS),
            run=trial,
            description={},
            shown=False,
        )
        training.fit(resume=False)
        total += stage.epochs * min(after - before for before, after in pairwise(training.begun))
        shutil.rmtree(trial)
    return total / sum(stage.epochs for stage in recipe.stages)


def cost_of_measuring(arguments: Arguments) -> float:
    """CPU time of measuring all training drives, from the quickest of some, in steps of the baseline."""
    known = read_costs(arguments)
    if "measuring" not in known:
        drives = find_clips(worlds(arguments)[0])
        seconds = []
        for drive in drives[:TRIAL_DRIVES]:
            trial = arguments.out / f"trial-{os.getpid()}" / drive.name
            shutil.copytree(drive, trial, ignore=shutil.ignore_patterns("measured"))
            began = process_time()
            measure_clips(trial)
            seconds.append(process_time() - began)
            shutil.rmtree(trial.parent)
        known["measuring"] = len(drives) * min(seconds) / step_seconds(BASELINE, arguments)
        write_text(arguments.out / COSTS, json.dumps(known, indent=1))
    return known["measuring"]


def read_costs(arguments: Arguments) -> dict[str, float]:
    """Read the costs that are known, in steps of the baseline."""
    file = arguments.out / COSTS
    return json.loads(file.read_text()) if file.exists() else {}


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
    return arguments.out / f"{name.replace(', ', '-').replace(' ', '-')}-{arguments.steps}steps-{seed}"


def print_table(arguments: Arguments) -> None:
    """Means over the seeds that are done, then what the masks say and what they could."""
    done = {name: scores_of(name, arguments) for name in VARIANTS}
    done = {name: scores for name, scores in done.items() if scores}
    print(
        "\n| method | seeds | steps | AbsRel all | static background | static objects | moving objects "
        "| δ all | hole, lead car | path error, % |\n" + "|---" * 10 + "|"
    )
    for name, scores in done.items():
        cells = [spread([one["abs_rel"][category] for one in scores]) for category in CATEGORIES]
        cells.append(spread([one["a1"][ALL] for one in scores]))
        cells += [spread([one[key] for one in scores]) for key in ("lead_car_hole", "path_error")]
        print(f"| {name} | {len(scores)} | {scores[0]['steps']} | " + " | ".join(cells) + " |")
    for scores in list(done.values())[:1]:
        print(
            "| row-mean depth | | | "
            + " | ".join(f"{scores[0]['row_mean'][one]:.3f}" for one in CATEGORIES)
            + " | | | |"
        )
    classes = [*SYNTHETIC_CATEGORIES, "sky"]
    print(
        "\n| method | motion F1 | precision | recall | "
        + " | ".join(f"called moving: {name}" for name in classes)
        + " | block matching | perfect flow |\n"
        + "|---" * (len(classes) + 6)
        + "|"
    )
    for name, scores in done.items():
        told = [one["objects"]["motion"] for one in scores if "motion" in one["objects"]]
        cells = [spread([one[f"best_{what}"] for one in told]) for what in ("f1", "precision", "recall") if told] or [
            ""
        ] * 3
        cells += [spread([one["false_alarms"][of] for one in scores]) if told else "" for of in classes]
        cells += [spread([one["readings"][of] for one in scores]) for of in ("block matching", "perfect flow")]
        print(f"| {name} | " + " | ".join(cells) + " |", flush=True)


def scores_of(name: str, arguments: Arguments) -> list[dict[str, Any]]:
    """Read what is done of a variant, a dictionary a seed."""
    files = [run_folder(name, arguments, seed=seed) / "scores.json" for seed in range(arguments.seeds)]
    return [json.loads(file.read_text()) for file in files if file.exists()]


def spread(values: list[float]) -> str:
    """Mean and half the range."""
    half = (max(values) - min(values)) / 2
    return f"{mean(values):.3f}" + (f" ± {half:.3f}" if len(values) > 1 else "")


if __name__ == "__main__":
    main(tyro.cli(Arguments))

"""What each part of the recipe `video` is worth on real video, one changed at a time; prints a table in Markdown.

    python benchmarks/video_levers.py --data clips --truth kitti_2015 --out runs/levers

`data` holds clips ingested with --measure, `truth` is KITTI 2015. All runs take the same number of steps; what a step
costs stands beside it. A stopped benchmark goes on.
"""

import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
import tyro

from vection.evaluation.depth.baselines import computed_predictions
from vection.evaluation.depth.evaluate import evaluate_depth
from vection.evaluation.depth.protocols import KITTI_2015
from vection.evaluation.truth.open import open_truth
from vection.files import write_text
from vection.formats.run_folder import RunFolder
from vection.methods.method import changed
from vection.recipes.recipe import Recipe
from vection.recipes.registry import get_recipe
from vection.runs.load import load_predictor
from vection.runs.train import train
from vection.training.augmentation.settings import Augmentation

CATEGORIES = ("all", "static", "moving")


@dataclass(frozen=True)
class Arguments:
    """Run the levers; what is done already is kept."""

    data: Path
    """Measured clips."""
    truth: Path
    """KITTI 2015."""
    out: Path
    """Folder of runs and scores."""
    seeds: int = 2
    steps: int = 150
    only: str = ""
    """Run only the levers whose name contains this."""
    workers: int = 1
    """Processes that render."""


def _method(**changes: Any) -> Callable[[Recipe], Recipe]:
    return lambda recipe: replace(recipe, method=changed(recipe.method, **changes))


def _data(**changes: Any) -> Callable[[Recipe], Recipe]:
    return lambda recipe: replace(recipe, data=replace(recipe.data, **changes))


def _stage(**changes: Any) -> Callable[[Recipe], Recipe]:
    return lambda recipe: replace(recipe, stages=(replace(recipe.stages[0], **changes),))


def _photometric(recipe: Recipe) -> Recipe:
    return _method(photometric_weight=0.1)(_data(rehearsal=0.0)(recipe))


LEVERS: dict[str, Callable[[Recipe], Recipe]] = {
    "video": lambda recipe: recipe,
    "from ImageNet weights": lambda recipe: replace(recipe, start_from=None),
    "without rehearsal": _data(rehearsal=0.0),
    "half of the samples rehearsed": _data(rehearsal=0.5),
    "contradictions kept": _method(largest_ratio=None),
    "without the ground term": _method(ground_weight=0.0),
    "without gradients": _method(gradient_weight=0.0),
    "twice the gradients": _method(gradient_weight=1.0),
    "photometric term, without rehearsal": _photometric,
    "Monodepth2's augmentation": _data(augmentation=Augmentation(scale_crop=1.15)),
    "encoder at a third of the rate": _stage(encoder_rate=0.3),
    "half of the rate": _stage(learning_rate=1e-4),
    "constant rate": _stage(fades=False, drops=()),
}
"""What is changed of the recipe."""


def main(arguments: Arguments) -> None:
    """Train and score every lever, then print the table."""
    wanted = [name for name in LEVERS if arguments.only in name]
    for seed in range(arguments.seeds):
        for name in wanted:
            if not _scores_file(name, seed, arguments).exists():
                _score(name, seed, arguments)
            print_table(wanted, arguments)


def _folder(name: str, seed: int, arguments: Arguments) -> Path:
    return arguments.out / f"{''.join(c if c.isalnum() else '-' for c in name)}-{arguments.steps}-{seed}"


def _scores_file(name: str, seed: int, arguments: Arguments) -> Path:
    return _folder(name, seed, arguments) / "scores.json"


def _score(name: str, seed: int, arguments: Arguments) -> None:
    folder = _folder(name, seed, arguments)
    recipe = LEVERS[name](_short(get_recipe("video"), seed=seed, steps=arguments.steps))
    rehearsal = RunFolder(_folder("video", seed, arguments)).rehearsal
    if rehearsal.is_dir() and not RunFolder(folder).rehearsal.exists():
        shutil.copytree(rehearsal, RunFolder(folder).rehearsal, copy_function=os.link)
    began = process_time()
    train(recipe, data=arguments.data, out=folder, workers=arguments.workers)
    seconds = process_time() - began
    predictor = load_predictor(folder, checkpoint="last")
    truths = open_truth(arguments.truth)
    model = computed_predictions(predictor.predict, truths, description=name)
    result = evaluate_depth(model, truths, KITTI_2015, name=name)
    scores = {category: result.categories[category].mean.abs_rel for category in CATEGORIES}
    write_text(_scores_file(name, seed, arguments), json.dumps(scores | {"cpu_minutes": seconds / 60}))


def _short(recipe: Recipe, *, seed: int, steps: int) -> Recipe:
    """The recipe in `steps` steps, held-out frames scored at the end only."""
    return replace(
        recipe,
        stages=(replace(recipe.stages[0], epochs=1),),
        training=replace(recipe.training, seed=seed, steps_per_epoch=steps),
    )


def print_table(names: list[str], arguments: Arguments) -> None:
    """Print what is known so far: mean of the seeds and half their difference."""
    print(f"\n| {arguments.steps} steps | seeds | " + " | ".join(CATEGORIES) + " | CPU minutes |")
    print("|---" * 6 + "|")
    for name in names:
        files = [_scores_file(name, seed, arguments) for seed in range(arguments.seeds)]
        scores = [json.loads(file.read_text()) for file in files if file.exists()]
        if scores:
            cells = [_cell([one[category] for one in scores]) for category in CATEGORIES]
            minutes = np.mean([one["cpu_minutes"] for one in scores])
            print(f"| {name} | {len(scores)} | {' | '.join(cells)} | {minutes:.1f} |", flush=True)


def _cell(values: list[float]) -> str:
    return f"{np.mean(values):.3f}" + (f" ± {np.ptp(values) / 2:.3f}" if len(values) > 1 else "")


if __name__ == "__main__":
    main(tyro.cli(Arguments))

"""What the second task and the masks of SGDepth do for depth, and what depth does for the second task.

    python benchmarks/sgdepth_tasks.py --out runs/tasks

Trains `sgdepth-synthetic` on the drives of `moving_objects.py` as depth alone, segmentation alone, both, and both with
the masks of the paper, each for as many steps of as many clips. What is done is kept; a stopped training goes on.
"""

import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import moving_objects
import tyro

from vection.files import write_text
from vection.methods.method import changed
from vection.recipes.recipe import Recipe
from vection.recipes.registry import get_recipe
from vection.runs.train import train

VARIANTS: dict[str, dict[str, Any]] = {
    "depth alone": {"learns": "depth", "masking": "none"},
    "segmentation alone": {"learns": "segmentation"},
    "both": {"masking": "none"},
    "both, with masks": {},
}


@dataclass(frozen=True)
class Arguments:
    """Train, predict and score every variant, then print the table."""

    out: Path
    seeds: int = 1
    steps: int = 400
    only: str = ""
    """Only the variant of this name, or those whose names contain it."""


def main(arguments: Arguments) -> None:
    """Run what is missing; print the table after each run."""
    training, held_out, _ = moving_objects.worlds(moving_objects.Arguments(out=arguments.out))
    for seed in range(arguments.seeds):
        for name in moving_objects.chosen(VARIANTS, arguments.only):
            file = run_folder(name, arguments, seed=seed) / "scores.json"
            if not file.exists():
                train(variant(name, steps=arguments.steps, seed=seed), data=training, out=file.parent)
                write_text(file, json.dumps(moving_objects.evaluate(file.parent, held_out, training=training)))
                print_table(arguments)
    print_table(arguments)


def variant(name: str, *, steps: int, seed: int) -> Recipe:
    """The short recipe with the variant's changes."""
    recipe = get_recipe("sgdepth-synthetic")
    epochs = sum(stage.epochs for stage in recipe.stages)
    training = replace(recipe.training, seed=seed, steps_per_epoch=max(steps // epochs, 1), validation_batches=2)
    return replace(recipe, method=changed(recipe.method, **VARIANTS[name]), training=training)


def run_folder(name: str, arguments: Arguments, *, seed: int) -> Path:
    """Folder of one run."""
    return arguments.out / f"{name.replace(', ', '-').replace(' ', '-')}-{arguments.steps}-{seed}"


def print_table(arguments: Arguments) -> None:
    """Means over the seeds that are done; what a variant does not learn is left out."""
    categories = moving_objects.CATEGORIES
    print("\n| learns | seeds | AbsRel " + " | ".join(categories) + " | mIoU |\n" + "|---" * 7 + "|")
    for name in VARIANTS:
        files = [run_folder(name, arguments, seed=seed) / "scores.json" for seed in range(arguments.seeds)]
        if done := [json.loads(file.read_text()) for file in files if file.exists()]:
            cells = [moving_objects.spread([one["abs_rel"][category] for one in done]) for category in categories]
            if name == "segmentation alone":
                cells = [""] * len(categories)
            found = [one["objects"]["segmentation"]["mean_iou"] for one in done if "segmentation" in one["objects"]]
            cells.append(moving_objects.spread(found) if found else "")
            print(f"| {name} | {len(done)} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main(tyro.cli(Arguments))

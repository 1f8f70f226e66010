"""The ablations of SC-SfMLearner, SGDepth, Li et al. and Dynamo-Depth at small scale; prints a table for each paper.

    python benchmarks/paper_terms.py --out runs/terms --only "SC-SfMLearner"

Each row is the short recipe of the method with the change that the paper's row has, trained for as many steps of as
many clips on the drives of `moving_objects.py` (give its folder to share them) and scored as there. Rows of one table
differ in nothing else. Depth and camera motion are learned as in the papers, without measured geometry, but where flow
and masks are compared, which need better depth than a short training gives. What is done is kept, a stopped training
goes on, and several processes can share the work by `--only`. Monodepth2's rows are in `monodepth2_ablation.py`.
"""

import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import moving_objects
import tyro

from vection.data.clips.folder import find_clips, read_clip, write_clip
from vection.data.clips.image_file import write_map
from vection.files import write_text
from vection.methods.dynamo_depth_settings import MASK
from vection.methods.method import changed
from vection.recipes.recipe import Recipe
from vection.recipes.registry import get_recipe
from vection.runs.train import train


@dataclass(frozen=True)
class Row:
    """What differs from the short recipe."""

    changes: Mapping[str, Any] = field(default_factory=dict)
    """Of the method."""
    data: Mapping[str, Any] = field(default_factory=dict)
    without_stage: str = ""


LEARNED: dict[str, Any] = {"measured": False}
NO_GEOMETRY = LEARNED | {"geometry_weight": 0.0, "self_discovered_mask": False}
TABLES: dict[str, tuple[str, dict[str, Row]]] = {
    "SC-SfMLearner": (
        "sc-sfmlearner-synthetic",
        {
            "Basic": Row(NO_GEOMETRY | {"ssim_weight": 0.0}),
            "Basic + SSIM": Row(NO_GEOMETRY),
            "Basic + SSIM + GC": Row(LEARNED | {"self_discovered_mask": False}),
            "Basic + SSIM + GC + M": Row(LEARNED),
            "2 scales": Row(LEARNED | {"scales": 2}),
            "3 scales": Row(LEARNED | {"scales": 3}),
            "4 scales": Row(LEARNED | {"scales": 4}),
        },
    ),
    "SGDepth": (
        "sgdepth-synthetic",
        {
            "segmentation only": Row(LEARNED | {"learns": "segmentation"}),
            "depth only": Row(LEARNED | {"learns": "depth", "masking": "none"}),
            "both tasks": Row(LEARNED | {"gradient_scale": None, "masking": "none"}),
            "+ scaled gradients": Row(LEARNED | {"masking": "none"}),
            "+ semantic mask": Row(LEARNED | {"masking": "all", "masking_from": 0}),
            "+ threshold": Row(LEARNED | {"masking": "threshold", "masking_from": 0}),
            "full": Row(LEARNED),
        },
    ),
    "Li et al.": (
        "motion-field-synthetic",
        {
            "L1/2": Row(),
            "without depth input": Row({"depth_input": False}),
            "L1": Row({"sparsity": "l1"}),
            "with mask": Row({"object_masks": True}, data={"use_classes": True}),
        },
    ),
    "Dynamo-Depth": (
        "dynamo-depth-synthetic",
        {
            "full": Row(),
            "without L_c": Row({"consistency_weight": 0.0}),
            "without motion initialisation": Row(without_stage=MASK),
            "without L_g": Row({"ground_weight": 0.0}),
            "without ImageNet": Row({"pretrained": False}),
        },
    ),
}
"""Tables 3 and 4, 3, 2, and 3 of the papers."""


@dataclass(frozen=True)
class Arguments:
    """Train, predict and score every row, then print the tables."""

    out: Path
    worlds: Path | None = None
    """Folder of `moving_objects.py` with its worlds; rendered below `out` if not given."""
    seeds: int = 2
    steps: int = 240
    only: str = ""
    """Only the table of this name, or the rows whose names contain it."""


def main(arguments: Arguments) -> None:
    """Run what is missing; print the tables in the end."""
    training, held_out, _ = moving_objects.worlds(moving_objects.Arguments(out=arguments.worlds or arguments.out))
    write_classes(training)
    for seed in range(arguments.seeds):
        for table, (_, rows) in TABLES.items():
            for name in rows:
                file = run_folder(table, name, arguments, seed=seed) / "scores.json"
                if arguments.only in (table, "") or arguments.only in name:
                    score(recipe_of(table, name, steps=arguments.steps, seed=seed), file, training, held_out)
    print_tables(arguments)


def write_classes(drives: Path) -> None:
    """Put the true classes beside the frames of drives, where masks are looked for."""
    for clip in find_clips(drives):
        info = read_clip(clip)
        if info.classes is None:
            for index, frame in enumerate(info.frames):
                write_map(clip / "classes" / f"{frame.stem}.png", info.read_truth(index).semantics)
            write_clip(replace(info, classes="classes"))


def score(recipe: Recipe, file: Path, training: Path, held_out: Path) -> None:
    """Train and score one row, if that is not done yet."""
    if not file.exists():
        train(recipe, data=training, out=file.parent)
        write_text(file, json.dumps(moving_objects.evaluate(file.parent, held_out, training=training)))


def recipe_of(table: str, name: str, *, steps: int, seed: int) -> Recipe:
    """The short recipe with the row's changes, its schedule fitted to `steps`."""
    base, rows = TABLES[table]
    recipe, row = get_recipe(base), rows[name]
    stages = tuple(stage for stage in recipe.stages if stage.name != row.without_stage or not row.without_stage)
    an_epoch = max(round(steps / sum(stage.epochs for stage in stages)), 1)
    shrunk = an_epoch / (recipe.training.steps_per_epoch or 1)
    return replace(
        recipe,
        method=changed(recipe.method, **row.changes),
        data=replace(recipe.data, **row.data),
        stages=tuple(replace(stage, warm_up=round(shrunk * stage.warm_up)) for stage in stages),
        training=replace(recipe.training, seed=seed, steps_per_epoch=an_epoch, validation_fraction=0.0),
    )


def run_folder(table: str, name: str, arguments: Arguments, *, seed: int) -> Path:
    """Folder of one run."""
    words = f"{table} {name}".lower().replace(", ", "-").replace("/", "-").replace(".", "").replace("+", "and")
    return arguments.out / f"{'-'.join(words.split())}-{arguments.steps}-{seed}"


def print_tables(arguments: Arguments) -> None:
    """Means over the seeds that are done, with half the range."""
    categories = moving_objects.CATEGORIES
    for table, (_, rows) in TABLES.items():
        lines = []
        for name in rows:
            files = [run_folder(table, name, arguments, seed=seed) / "scores.json" for seed in range(arguments.seeds)]
            if done := [json.loads(file.read_text()) for file in files if file.exists()]:
                cells = [moving_objects.spread([one["abs_rel"][category] for one in done]) for category in categories]
                cells.append(moving_objects.spread([one["path_error"] for one in done]))
                cells += [told(done, "motion", "best_f1"), told(done, "segmentation", "mean_iou")]
                lines.append(f"| {name} | {len(done)} | " + " | ".join(cells) + " |")
        if lines:
            print(f"\n{table}\n\n| row | seeds | AbsRel " + " | ".join(categories) + " | path error, % | F1 | mIoU |")
            print("\n".join(["|---" * 9 + "|", *lines]), flush=True)


def told(scores: list[dict[str, Any]], part: str, metric: str) -> str:
    """Mean of a score of objects, where there is one."""
    values = [one["objects"][part][metric] for one in scores if part in one["objects"]]
    return moving_objects.spread(values) if values else ""


if __name__ == "__main__":
    main(tyro.cli(Arguments))

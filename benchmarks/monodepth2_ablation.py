"""The rows of Monodepth2's table 2 at small scale on the synthetic street; prints a table in Markdown.

    python benchmarks/monodepth2_ablation.py --out runs/ablation

Every run is resumable on its own: stop it at any time and start it again. Recipes are those of the paper's rows with
image size, encoder (EfficientNet-Lite0, whose ImageNet weights need no download), range of depth (a third
of the paper's, for a quick start) and number of steps changed, the same for all rows. Held-out drives have other seeds.
"""

import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import tyro

from vection.data.synthetic.drive import write_drive
from vection.data.synthetic.settings import DriveSettings, lead_car, stop_and_go, street
from vection.evaluation.depth.baselines import computed_predictions
from vection.evaluation.depth.evaluate import evaluate_depth
from vection.evaluation.depth.protocols import SYNTHETIC
from vection.evaluation.depth.result import DepthResult
from vection.evaluation.predictions.kinds import PredictionReader
from vection.evaluation.truth.truth_set import TruthSet, clip_truth
from vection.files import write_text
from vection.methods.method import changed
from vection.recipes.recipe import DataSettings, Recipe
from vection.recipes.registry import get_recipe
from vection.runs.load import load_predictor
from vection.runs.train import train
from vection.training.settings import Stage, TrainingSettings

WIDTH, HEIGHT = 96, 64
WORLDS: dict[str, Callable[..., DriveSettings]] = {"street": street, "stops": stop_and_go, "lead car": lead_car}
"""An ordinary street, one where the camera stops now and then (the full Eigen split), one with a co-moving car."""
ROWS: tuple[tuple[str, str], ...] = (
    ("monodepth2", "street"),
    ("monodepth2-baseline", "street"),
    ("monodepth2-baseline-min-reprojection", "street"),
    ("monodepth2-baseline-auto-masking", "street"),
    ("monodepth2-baseline-full-resolution", "street"),
    ("monodepth2-without-min-reprojection", "street"),
    ("monodepth2-without-auto-masking", "street"),
    ("monodepth2-without-full-resolution", "street"),
    ("monodepth2-predictive-mask", "street"),
    ("monodepth2-baseline-no-pretraining", "street"),
    ("monodepth2-no-pretraining", "street"),
    ("monodepth2-baseline-full-eigen", "stops"),
    ("monodepth2-full-eigen", "stops"),
    ("monodepth2-without-auto-masking", "lead car"),
    ("monodepth2", "lead car"),
)


@dataclass(frozen=True)
class Arguments:
    """Run the ablation; what is done already is kept."""

    out: Path
    """Folder of worlds, runs and scores."""
    seeds: int = 2
    steps: int = 150
    drives: int = 40
    only: str = ""
    """Run only the rows whose name contains this."""


def main(arguments: Arguments) -> None:
    """Train and score every row, then print the table."""
    wanted = [(name, world) for name, world in ROWS if arguments.only in name]
    for seed in range(arguments.seeds):
        for name, world in wanted:
            score(name, world, seed=seed, arguments=arguments)
            print_table(wanted, arguments)


def score(name: str, world: str, *, seed: int, arguments: Arguments) -> dict[str, dict[str, float]]:
    """Scores of one run by category; trains it if needed."""
    folder = arguments.out / f"{name}-on-{world.replace(' ', '-')}-{arguments.steps}-{seed}"
    file = folder / "scores.json"
    if not file.exists():
        training, held_out = worlds(world, arguments)
        train(small(get_recipe(name), seed=seed, steps=arguments.steps), data=training, out=folder)
        predictor = load_predictor(folder, checkpoint="last")
        truths = clip_truth(held_out)
        model = computed_predictions(predictor.predict, truths, description=name)
        save(file, evaluate(model, truths, name=name))
    return json.loads(file.read_text())


def small(recipe: Recipe, *, seed: int, steps: int) -> Recipe:
    """The recipe's switches at a size that two cores train in minutes."""
    epochs = 6
    return replace(
        recipe,
        method=changed(
            recipe.method,
            depth_network="efficientnet-lite0",
            min_depth=0.03,
            max_depth=30.0,
            mask_from_step=steps // 3,
        ),
        data=DataSettings(width=WIDTH, height=HEIGHT, batch_size=8),
        stages=(Stage(epochs=epochs, learning_rate=3e-4, drops=(5,), warm_up=50),),
        training=TrainingSettings(seed=seed, steps_per_epoch=steps // epochs, validation_batches=2),
    )


def worlds(name: str, arguments: Arguments) -> tuple[Path, Path]:
    """Folders of training and held-out drives, rendered if missing. All rows are scored on the ordinary street."""
    place = arguments.out / "worlds" / name.replace(" ", "-")
    for index in range(arguments.drives):
        write_missing(place / f"drive_{index:03d}", WORLDS[name](width=WIDTH, height=HEIGHT, frames=20), seed=index)
    scored = WORLDS["lead car" if name == "lead car" else "street"]
    held_out = arguments.out / "worlds" / ("held-out-lead-car" if name == "lead car" else "held-out")
    for index in range(16):
        write_missing(held_out / f"drive_{index:03d}", scored(width=WIDTH, height=HEIGHT, frames=5), seed=5000 + index)
    return place, held_out


def write_missing(folder: Path, settings: DriveSettings, *, seed: int) -> None:
    """Render a drive that is not there yet."""
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        write_drive(folder, settings, seed=seed)


def evaluate(predictions: PredictionReader, truths: TruthSet, *, name: str) -> DepthResult:
    """Score under the synthetic world's protocol."""
    return evaluate_depth(predictions, truths, SYNTHETIC, name=name)


def save(file: Path, result: DepthResult) -> None:
    """Write AbsRel and delta by category."""
    values = {
        category: {"abs_rel": score.mean.abs_rel, "a1": score.mean.a1} for category, score in result.categories.items()
    }
    write_text(file, json.dumps(values))


def print_table(rows: Sequence[tuple[str, str]], arguments: Arguments) -> None:
    """Mean over the seeds that are done, with the spread between them."""
    lines = []
    for name, world in rows:
        slug = f"{name}-on-{world.replace(' ', '-')}-{arguments.steps}"
        files = [arguments.out / f"{slug}-{seed}" / "scores.json" for seed in range(arguments.seeds)]
        scores = [json.loads(file.read_text()) for file in files if file.exists()]
        if scores:
            cells = [
                _cell([score[category]["abs_rel"] for score in scores if category in score]) for category in scores[0]
            ]
            if not lines:
                header = ["recipe", "trained on", "seeds", *scores[0]]
                lines += ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
            lines.append("| " + " | ".join([name, world, str(len(scores)), *cells]) + " |")
    print("\n".join(["", "AbsRel, median scaled (mean ± half the range between seeds)", *lines, ""]), flush=True)


def _cell(values: list[float]) -> str:
    return f"{np.mean(values):.3f} ± {(max(values) - min(values)) / 2:.3f}"


if __name__ == "__main__":
    main(tyro.cli(Arguments))

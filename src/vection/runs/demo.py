"""The demo: a made-up street from the first frame to the report, with nothing given.

It goes the way of anybody's own clips: their geometry is measured, and a network learns it. Truth only scores.
"""

import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch

from vection.data.clips.folder import find_clips, read_clip
from vection.data.synthetic.settings import drive_settings
from vection.errors import UsageError
from vection.evaluation.depth.baselines import computed_predictions, constant_predictions, row_mean_predictions
from vection.evaluation.depth.evaluate import evaluate_depth
from vection.evaluation.depth.protocol import ALL
from vection.evaluation.depth.protocols import SYNTHETIC
from vection.evaluation.depth.result import DepthResult, evaluation_of
from vection.evaluation.predictions.kinds import PredictionReader
from vection.evaluation.truth.truth_set import TruthSet, clip_truth
from vection.files import json_text, write_text
from vection.formats.camera_path import KITTI_FILE, TRUE_FILE, kitti_text
from vection.formats.evaluation_file import MODEL, write_evaluation
from vection.formats.run_folder import RunFolder
from vection.inference.predictor import Predictor
from vection.inference.sources import open_sources
from vection.inference.write import write_predictions
from vection.locks import hold
from vection.networks.weights.pretrained import has_packaged_weights
from vection.progress import Bars
from vection.recipes.methods import build_method
from vection.recipes.recipe import Recipe
from vection.recipes.recipe_file import recipe_to_json
from vection.recipes.registry import get_recipe
from vection.reports.examples import write_examples
from vection.reports.report import write_report
from vection.runs.demo_world import DemoDrive, write_world
from vection.runs.load import load_predictor
from vection.runs.train import train

MARKER = "demo.json"
"""Tells a demo's folder from any other, which is never touched."""
SEEDS_PER_WORLD = 10_000
"""Distance of the first seeds of neighbouring worlds, so that no two worlds share a drive."""
HELD_OUT_SEEDS = 5_000
"""Held-out drives have seeds from here on within their world."""


@dataclass(frozen=True)
class DemoSettings:
    """How large the demo is; the default takes minutes on two cores."""

    recipe: str = "measured-depth-demo"
    drive: str = "street"
    training_drives: int = 60
    frames: int = 8
    """Frames of a training drive; many short drives show more places than few long ones."""
    held_out_drives: int = 4
    held_out_frames: int = 40


@dataclass(frozen=True)
class DemoResult:
    """What the demo found."""

    abs_rel: dict[str, float]
    """Mean relative error over held-out images, median scaled: model, constant_depth, row_mean_depth, untrained."""
    report: Path
    pretrained: bool
    """Whether training started from ImageNet weights, which an extra brings."""


def run_demo(out: Path, *, progress: Bars, seed: int = 0, settings: DemoSettings | None = None) -> DemoResult:
    """Render, measure, train, evaluate, predict and report in `out`; an unfinished demo of the same settings goes on.

    Raises UsageError if `out` holds anything but a demo or cannot be written.
    """
    settings = settings or DemoSettings()
    recipe = _recipe(settings.recipe, seed=seed)
    world, run, report = out / "world", RunFolder(out / "run"), out / "report.html"
    with hold(out):
        _claim(out, {"seed": seed, "settings": asdict(settings), "recipe": recipe_to_json(recipe)}, finished=report)
        write_world(_drives(world, recipe, settings, seed=seed), progress=progress)
        train(recipe, data=world / "training", out=run.path)
        predictor = load_predictor(run.path)
        _predict_drive(predictor, find_clips(world / "held_out")[0], run.predictions, progress=progress)
        results = _evaluate(predictor, run, recipe, world=world, progress=progress)
        write_report(run.path, out=report)
    errors = {result.name: result.categories[ALL].mean.abs_rel for result in results}
    names = {name.replace(" ", "_").replace("-", "_"): error for name, error in errors.items()}
    return DemoResult(names, report, pretrained=recipe.method.pretrained)


def _recipe(name: str, *, seed: int) -> Recipe:
    """Return the recipe with its seed, and without ImageNet weights where they are not installed."""
    recipe = get_recipe(name)
    method = replace(recipe.method, pretrained=recipe.method.pretrained and has_packaged_weights())
    return replace(recipe, method=method, training=replace(recipe.training, seed=seed))


def _claim(out: Path, identity: dict[str, object], *, finished: Path) -> None:
    """Mark `out` as a demo's; clear it if it holds a finished demo or one of other settings."""
    marker = out / MARKER
    try:
        if out.is_dir() and any(out.iterdir()) and not marker.is_file():
            raise UsageError(f"{out} exists and holds no demo; choose another place with `out`.")
        if finished.exists() or (marker.is_file() and marker.read_text() != json_text(identity)):
            finished.unlink(missing_ok=True)
            for part in ("world", "run"):
                shutil.rmtree(out / part, ignore_errors=True)
    except OSError as error:
        raise UsageError(f"Cannot write to {out}: {error.strerror}; choose another place with `out`.") from error
    write_text(marker, json_text(identity))


def _drives(world: Path, recipe: Recipe, settings: DemoSettings, *, seed: int) -> list[DemoDrive]:
    """Training drives, which are measured, and held-out ones, of which nothing but the truth is needed."""
    parts = (
        ("training", settings.frames, settings.training_drives, 0),
        ("held_out", settings.held_out_frames, settings.held_out_drives, HELD_OUT_SEEDS),
    )
    size = {"width": recipe.data.width, "height": recipe.data.height}
    return [
        DemoDrive(
            folder=world / part / f"drive_{index:02d}",
            settings=drive_settings(settings.drive, frames=frames, **size),
            seed=seed * SEEDS_PER_WORLD + first + index,
            measured=part == "training",
        )
        for part, frames, count, first in parts
        for index in range(count)
    ]


def _evaluate(
    predictor: Predictor, run: RunFolder, recipe: Recipe, *, world: Path, progress: Bars
) -> list[DepthResult]:
    """Score the model and what it must beat on the held-out drives; write evaluation.json and example frames."""
    truths = clip_truth(world / "held_out")
    torch.manual_seed(recipe.training.seed)
    untrained = Predictor(
        build_method(replace(recipe.method, pretrained=False)), height=recipe.data.height, width=recipe.data.width
    )
    model = _computed(predictor, truths, description="the trained model")
    compared = {
        MODEL: model,
        "constant depth": constant_predictions(truths),
        "row-mean depth": row_mean_predictions(truths, clip_truth(world / "training")),
        "untrained": _computed(untrained, truths, description="the untrained network"),
    }
    results = []
    for name, predictions in compared.items():
        with progress(f"evaluating {name}") as show:
            results.append(evaluate_depth(predictions, truths, SYNTHETIC, name=name, progress=show))
    write_evaluation(run.evaluation, evaluation_of(results))
    write_examples(run.examples, predictions=model, truths=truths, result=results[0])
    return results


def _computed(predictor: Predictor, truths: TruthSet, *, description: str) -> PredictionReader:
    return computed_predictions(predictor.predict, truths, description=description)


def _predict_drive(predictor: Predictor, clip: Path, folder: Path, *, progress: Bars) -> None:
    """Write depth and video of one held-out drive; where motion is predicted its path, and the true one beside it."""
    source = open_sources(clip)[0]
    with progress("predicting a held-out drive") as show:
        show(0, source.count)
        write_predictions(predictor.stream(source), folder, model=folder.parent.name, overwrite=True)
        show(len(read_clip(clip)), source.count)
    if (folder / KITTI_FILE).is_file():
        info = read_clip(clip)
        truths = [info.read_truth(index).T_camera_to_world for index in range(len(info))]
        poses: Sequence = [pose for pose in truths if pose is not None]
        write_text(folder / TRUE_FILE, kitti_text(poses))

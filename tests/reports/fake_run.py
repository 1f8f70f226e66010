"""A small run folder with every part that a report reads; its numbers are made up."""

import json
from dataclasses import asdict
from pathlib import Path

import cv2
import numpy as np

from vection.formats.evaluation_file import Evaluation, ProtocolNote, Scale, Scores
from vection.formats.prediction_folder import PredictionList, write_prediction_list
from vection.reports.examples import Example, write_example

HEIGHT, WIDTH = 96, 320


def write_fake_run(folder: Path, *, steps: int = 400) -> Path:
    """Write a run that went well."""
    folder.mkdir(parents=True)
    recipe = {"name": "fake", "summary": "Made up for a test.", "training": {"seed": 3}, "data": {"height": HEIGHT}}
    (folder / "recipe.json").write_text(json.dumps(recipe))
    (folder / "metrics.jsonl").write_text("".join(json.dumps(event) + "\n" for event in fake_events(steps)))
    for index in range(3):
        write_example(folder / "examples", fake_example(index))
    (folder / "panels").mkdir()
    for step in (0, steps):
        picture = (np.random.default_rng(step).random((64, 480, 3)) * 255).astype(np.uint8)
        cv2.imwrite(str(folder / "panels" / f"step_{step:06d}.png"), picture)
    (folder / "predictions").mkdir()
    write_prediction_list(folder / "predictions", PredictionList("up-to-scale", frames=()))
    for name, scale in (("path_kitti.txt", 0.02), ("path_truth_kitti.txt", 1.0)):
        (folder / "predictions" / name).write_text(fake_path(scale))
    (folder / "evaluation.json").write_text(json.dumps(asdict(fake_evaluation())))
    return folder


def fake_events(steps: int) -> list[dict[str, object]]:
    """Log events of a falling loss, a validation event every 100 steps."""
    generator = np.random.default_rng(0)
    events: list[dict[str, object]] = []
    for step in range(10, steps + 1, 10):
        photometric = 0.05 + 0.12 * float(np.exp(-step / 120)) + 0.004 * generator.standard_normal()
        event: dict[str, object] = {"step": step, "epoch": step / 100, "stage": "all", "learning_rate": 1e-4}
        terms = {"photometric": photometric, "smoothness": 0.002 + 0.001 * step / steps}
        speeds = {"samples_per_second": 21.5, "seconds_data": 0.1, "seconds_compute": 3.6}
        far = 3.0 + 0.1 * step
        statistics = {"median": 3.0, "nearest": 1.5, "farthest": far, "spread_within_image": 0.002 * step}
        events.append(event | speeds | {"split": "train", "loss": sum(terms.values()), "terms": terms})
        if step % 100 == 0:
            held_out = {"photometric": 1.05 * photometric}
            events.append(event | {"split": "validation", "loss": 1.05 * photometric, "terms": held_out})
            events[-1]["depth_statistics"] = statistics
    return events


def fake_evaluation() -> Evaluation:
    """The scores of a model that beats what it is compared with."""
    base = {"abs_rel": 0.14, "sq_rel": 1.1, "rmse": 5.2, "rmse_log": 0.21, "a1": 0.83, "a2": 0.94, "a3": 0.98}
    rows = {"model": 1.0, "constant depth": 3.2, "row-mean depth": 1.7, "untrained": 3.1}
    categories = {"all": 1.0, "static background": 0.9, "static objects": 1.1, "moving objects": 2.4}
    results = []
    for name, worse in rows.items():
        errors = {
            category: {
                key: value / (factor * worse) ** 0.5 if key in {"a1", "a2", "a3"} else value * factor * worse
                for key, value in base.items()
            }
            for category, factor in categories.items()
        }
        interval = {"all": {"abs_rel": (errors["all"]["abs_rel"] * 0.95, errors["all"]["abs_rel"] * 1.05)}}
        results.append(Scores(name, 120, errors, interval=interval, scale=Scale(median=23.4, std=0.08)))
    description = "synthetic: exact depth, 0 to 80 m, no crop, median scaling of each image, mean over images."
    return Evaluation(ProtocolNote("synthetic", description), tuple(categories), tuple(results))


def fake_example(index: int) -> Example:
    """A road that runs to the horizon below a sky, with a box on it; the prediction is the truth with noise."""
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH]
    truth = np.where(rows > HEIGHT // 2 + 2, 90.0 / np.maximum(rows - HEIGHT / 2, 1), 40.0 + 0.05 * columns)
    truth[30:70, 60 + 60 * index : 110 + 60 * index] = 7.0
    known = truth * (rows > 14)
    noise = 1 + 0.15 * np.sin(columns / 25) * np.cos(rows / 9)
    shade = (90 + 120 * (1 - np.clip(truth / 60, 0, 1)) + 30 * ((columns // 8 + rows // 8) % 2)).astype(np.uint8)
    image = np.stack([shade, shade, np.where(rows > 14, shade // 2 + 60, 230).astype(np.uint8)], axis=-1)
    depth = (truth * noise).astype(np.float32)
    return Example(f"{index:03d}", image, depth, truth=known.astype(np.float32), unit="metres")


def fake_path(scale: float) -> str:
    """A curve to the right in KITTI format, with a drift where `scale` is not 1."""
    lines = []
    for index in range(60):
        angle = index / 60 + (0.004 * index if scale != 1 else 0)
        x, z = 60 * scale * (1 - np.cos(angle)), 60 * scale * np.sin(angle)
        sine, cosine = np.sin(angle), np.cos(angle)
        lines.append(f"{cosine} 0 {sine} {x} 0 1 0 0 {-sine} 0 {cosine} {z}")
    return "\n".join(lines) + "\n"

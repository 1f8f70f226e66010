"""The report of a run: one HTML file that needs nothing beside itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from vection.extras import extra
from vection.files import json_text, write_text
from vection.formats.camera_path import KITTI_FILE, TRUE_FILE
from vection.formats.evaluation_file import MODEL, Evaluation, Scores
from vection.formats.metrics_log import LABEL_FREE, Event
from vection.formats.prediction_folder import PHOTO_CLASSES_FILE, PHOTO_FILE, VIDEO_FILE
from vection.formats.run_folder import RunFolder
from vection.reports import figures, pictures
from vection.reports.examples import Example
from vection.reports.findings import health_remarks, is_measured, label_free, summary, timing
from vection.reports.objects import object_tiles, objects_section
from vection.reports.run import Run, read_run
from vection.reports.scale import scale_section
from vection.reports.seen import prediction_folders, seen_section
from vection.reports.trajectory import read_places, scale_onto

with extra("report", purpose="Writing a report"):
    import jinja2
    from markupsafe import Markup
    from matplotlib.figure import Figure

MAX_EXAMPLES = 8
"""Frames that the report shows beside their truth."""

MAX_PANELS = 4
"""Pictures of the training that the report shows."""

MAX_PATHS = 6
"""Paths of one figure, which has as many colours."""

MAX_VIDEO_BYTES = 16_000_000
"""Size up to which the video becomes part of the page."""


@dataclass(frozen=True)
class Metric:
    """A column of the table of errors."""

    key: str
    label: str
    meaning: str
    higher_is_better: bool = False


METRICS = (
    Metric("abs_rel", "AbsRel", "mean of |predicted - true| / true depth"),
    Metric("sq_rel", "SqRel", "mean of (predicted - true)² / true depth, in its unit"),
    Metric("rmse", "RMSE", "root of the mean squared error, in its unit; far pixels dominate"),
    Metric("rmse_log", "RMSE log", "the same of the natural logarithm of depth"),
    Metric("a1", "δ < 1.25", "share of pixels within a factor of 1.25 of the truth", higher_is_better=True),
    Metric("a2", "δ < 1.25²", "share of pixels within a factor of 1.5625", higher_is_better=True),
    Metric("a3", "δ < 1.25³", "share of pixels within a factor of 1.953", higher_is_better=True),
)


def write_report(run: Path | str, *, out: Path | str | None = None) -> Path:
    """Write the report of a run folder to `out` (default: `report.html` in the folder) and return its path.

    Parts that the run lacks are left out with a sentence. Raises UsageError if `run` is no run folder or `out` cannot
    be written, DataError if a part of the run is broken.
    """
    run = Path(run)
    content = read_run(run)
    out = Path(out or RunFolder(run).report)
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    page = environment.get_template("report.html").render(_context(content))
    write_text(out, page)
    return out


def _context(run: Run) -> dict[str, Any]:
    training = [event for event in run.events if event.split == "train"]
    folders = prediction_folders(run.predictions)
    compared_with = "measured" if is_measured(run.evaluation) else "true"
    return {
        "name": run.name,
        "about": run.recipe.get("summary", ""),
        "summary": f"{run.doubt} {summary(run.evaluation, run.events)}".strip(),
        "facts": _facts(run, training),
        "warnings": run.videos.get("warnings", []),
        "actions": run.videos.get("actions", []),
        "evaluation": run.evaluation,
        "tables": _tables(run.evaluation) if run.evaluation else [],
        "doubt": run.doubt,
        "metrics": _metrics(run.evaluation),
        "curves": _curves(run.events),
        "compared_with": compared_with,
        "examples": [_example(example, compared_with) for example in run.examples[:MAX_EXAMPLES]],
        "depth_bar": pictures.gradient(pictures.DEPTH_COLOURS),
        "error_bar": pictures.gradient(pictures.ERROR_COLOURS),
        "error_limit": pictures.ERROR_LIMIT,
        "panels": [(_step(path), pictures.picture_file_uri(path)) for path in _spread(run.panels)],
        "histogram": _histogram(run.examples, compared_with),
        "seen": seen_section(folders),
        "path": _path(folders, run.predictions or run.folder),
        "video": _video(folders),
        "photos": _photos(folders),
        "scale": scale_section(run),
        "label_free": label_free(run.evaluation, run.events),
        "label_free_curve": _label_free_curve(run.events),
        "objects": objects_section(run.evaluation, model=MODEL),
        "timing": timing(run.events),
        "remarks": health_remarks(run.events),
        "recipe": json_text(run.recipe, indent=2) if run.recipe else "",
    }


def _facts(run: Run, training: list[Event]) -> list[tuple[str, str]]:
    """Return the few numbers at the top: (number, what it is)."""
    facts = []
    scores = run.evaluation.scores(MODEL) if run.evaluation and not run.doubt else None
    if run.evaluation and scores and run.evaluation.categories:
        errors = scores.errors.get(run.evaluation.categories[0], {})
        facts += [
            (f"{errors[key]:.3f}", label) for key, label in (("abs_rel", "AbsRel"), ("a1", "δ < 1.25")) if key in errors
        ]
    if training:
        facts.append((f"{training[-1].step:,}".replace(",", "\u202f"), "training steps"))
    times = timing(run.events)
    if times.minutes is not None:
        facts.append((f"{times.minutes:.1f}", "minutes of training"))
    if times.samples_per_second is not None:
        facts.append((f"{times.samples_per_second:.1f}", "samples a second"))
    return facts


def _metrics(evaluation: Evaluation | None) -> tuple[Metric, ...]:
    """Return the columns as the protocol has them."""
    if evaluation is None or evaluation.protocol.settings.get("log_base") != "10":
        return METRICS
    to_base_10 = Metric("rmse_log", "RMSE log10", "the same of the logarithm of depth to base 10")
    return tuple(to_base_10 if metric.key == to_base_10.key else metric for metric in METRICS)


def _tables(evaluation: Evaluation) -> list[dict[str, Any]]:
    """Return one table a category: rows of cells (text, interval, whether best of its column)."""
    tables = []
    for category in evaluation.categories:
        rows = [scores for scores in evaluation.results if category in scores.errors]
        best = {metric.key: _best(rows, category=category, metric=metric) for metric in METRICS}
        cells = [
            (scores, [_cell(scores, category=category, metric=metric, best=best[metric.key]) for metric in METRICS])
            for scores in rows
        ]
        tables.append({"category": category.replace("_", " "), "rows": cells})
    return tables


def _best(rows: list[Scores], *, category: str, metric: Metric) -> str | None:
    """Return the best value of a column as it is printed, so that what prints alike is bold alike."""
    values = [scores.errors[category][metric.key] for scores in rows if metric.key in scores.errors[category]]
    values = [value for value in values if np.isfinite(value)]
    if len(values) < 2:
        return None
    return f"{max(values) if metric.higher_is_better else min(values):.3f}"


def _cell(scores: Scores, *, category: str, metric: Metric, best: str | None) -> dict[str, Any]:
    value = scores.errors[category].get(metric.key)
    text = "-" if value is None or not np.isfinite(value) else f"{value:.3f}"
    # One interval is enough to judge by; seven would drown the numbers.
    interval = scores.interval.get(category, {}).get("abs_rel") if metric.key == "abs_rel" else None
    return {
        "text": text,
        "best": text == best,
        "interval": f"{interval[0]:.3f} to {interval[1]:.3f}" if interval else "",
    }


def _curves(events: tuple[Event, ...]) -> list[tuple[str, str, Markup]]:
    """Return (title, caption, figure) of each curve that the log has data for."""
    curves = []
    if events:
        caption = "What training minimises. Compare runs of one recipe only: the value itself has no meaning."
        curves.append(("Loss", caption, _inline(figures.loss_figure(events))))
    if any(event.terms for event in events if event.split == "train"):
        caption = "The parts whose sum is the loss, each with its weight."
        curves.append(("Terms of the loss", caption, _inline(figures.terms_figure(events))))
    if any(event.depth_statistics for event in events):
        caption = "Predicted depth during training. A band that closes is collapse: all pixels at one depth."
        curves.append(("Predicted depth", caption, _inline(figures.statistics_figure(events))))
    if any("abs_rel" in event.depth_statistics for event in events):
        caption = "Held-out frames with true depth beside them: median scaling of each, below 80 m. It chooses nothing."
        curves.append(("Error against true depth", caption, _inline(figures.true_error_figure(events))))
    return curves


def _example(example: Example, compared_with: str) -> dict[str, Any]:
    """Return one row of pictures; prediction and truth share the range of colours of the truth."""
    limits = pictures.depth_range(example.depth if example.truth is None else example.truth)
    tiles = [
        ("image", pictures.jpeg_uri(example.image)),
        ("predicted depth", pictures.jpeg_uri(pictures.colour_depth(example.depth, limits))),
    ]
    if example.truth is not None:
        tiles.append((f"{compared_with} depth", pictures.jpeg_uri(pictures.colour_depth(example.truth, limits))))
        tiles.append(("relative error", pictures.jpeg_uri(pictures.colour_error(example.depth, truth=example.truth))))
    tiles += object_tiles(example)
    has_flow = example.object_flow is not None
    depths = {"near": f"{limits.near:.3g} {example.short_unit}", "far": f"{limits.far:.3g} {example.short_unit}"}
    return {"name": example.name, "tiles": tiles, "has_flow": has_flow, **depths}


def _histogram(examples: tuple[Example, ...], compared_with: str) -> Markup | None:
    if not examples:
        return None
    depths: dict[str, Float[np.ndarray, " value"]] = {}
    truths = [example.truth for example in examples if example.truth is not None]
    if truths:
        depths[compared_with] = np.concatenate([truth[truth > 0] for truth in truths])
    depths["predicted"] = np.concatenate([_where_known(example) for example in examples])
    if any(values.size == 0 for values in depths.values()):
        return None
    return _inline(figures.depth_histogram(depths, unit=examples[0].unit))


def _where_known(example: Example) -> Float[np.ndarray, " value"]:
    """Return the predicted depths at the pixels with truth, or all where there is none."""
    known = example.depth > 0 if example.truth is None else (example.truth > 0) & (example.depth > 0)
    return example.depth[known]


def _path(folders: Sequence[Path], root: Path) -> Markup | None:
    """Return the camera's paths, a single one beside the true one (scaled onto it) where the run holds it.

    Several go by their folders below `root`.
    """
    found = [folder for folder in folders if (folder / KITTI_FILE).is_file()]
    if not found:
        return None
    if len(found) > 1:
        names = {folder: folder.relative_to(root).as_posix() for folder in found[:MAX_PATHS]}
        paths = {name: read_places(folder / KITTI_FILE) for folder, name in names.items()}
        return _inline(figures.path_figure(paths, unit="unit of the depth"))
    predicted, truth_file = read_places(found[0] / KITTI_FILE), found[0] / TRUE_FILE
    if not truth_file.is_file():
        return _inline(figures.path_figure({"predicted": predicted}, unit="unit of the depth"))
    truth = read_places(truth_file)
    return _inline(figures.path_figure({"true": truth, "predicted": scale_onto(predicted, truth)}, unit="m"))


def _video(folders: Sequence[Path]) -> str | None:
    """Return the first video that is small enough."""
    files = [folder / VIDEO_FILE for folder in folders if (folder / VIDEO_FILE).is_file()]
    return next((pictures.video_file_uri(file) for file in files if file.stat().st_size <= MAX_VIDEO_BYTES), None)


def _photos(folders: Sequence[Path]) -> list[tuple[str, str]]:
    """Return depth and classes of folders of a single frame."""
    return [
        (caption, pictures.picture_file_uri(folder / file))
        for folder in folders[:MAX_PANELS]
        for caption, file in (("depth, near is bright", PHOTO_FILE), ("classes", PHOTO_CLASSES_FILE))
        if (folder / file).is_file()
    ]


def _label_free_curve(events: tuple[Event, ...]) -> Markup | None:
    if not any(LABEL_FREE in event.depth_statistics for event in events):
        return None
    return _inline(figures.label_free_figure(events))


def _spread(panels: tuple[Path, ...]) -> list[Path]:
    """Choose panels evenly over the training, the first and the last among them."""
    if len(panels) <= MAX_PANELS:
        return list(panels)
    return [panels[round(index)] for index in np.linspace(0, len(panels) - 1, MAX_PANELS)]


def _step(panel: Path) -> str:
    number = panel.stem.rpartition("_")[2]
    return f"step {int(number)}" if number.isdecimal() else panel.stem


def _inline(figure: Figure) -> Markup:
    return Markup(figures.to_svg(figure))

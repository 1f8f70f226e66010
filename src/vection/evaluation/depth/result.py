"""What an evaluation found: per image and category, with means, intervals and scale; as file, CSV and table."""

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from vection.data.clips.truth_sources import MEASURED
from vection.errors import UsageError
from vection.evaluation.depth.metrics import (
    METRICS,
    SERVER_COLUMNS,
    bootstrap_interval,
    mean_errors,
    mean_server_errors,
    server_table,
)
from vection.evaluation.depth.protocol import DepthProtocol
from vection.evaluation.objects.scores import ObjectScores
from vection.extras import extra
from vection.files import write_text
from vection.formats.evaluation_file import DepthErrors, Evaluation, ImageRow, ProtocolNote, Scale, Scores, ServerErrors

if TYPE_CHECKING:
    from rich.table import Table

HEADINGS = dict(zip(METRICS, ("AbsRel", "SqRel", "RMSE", "RMSElog", "a1", "a2", "a3"), strict=True))


@dataclass(frozen=True)
class CategoryScores:
    """Means over the images that have pixels of the category."""

    images: int
    pixels: int
    mean: DepthErrors
    low: DepthErrors
    high: DepthErrors
    """95 % bootstrap interval of the mean, over images; NaN of a single one."""
    server: ServerErrors | None = None
    """Mean over the images, each with the same weight, as the server does."""


@dataclass(frozen=True)
class DepthResult:
    """The evaluation of one set of predictions under one protocol."""

    name: str
    protocol: DepthProtocol
    truth: str
    """Where the ground truth came from."""
    rows: tuple[ImageRow, ...]
    categories: dict[str, CategoryScores]
    images: int
    ratio_median: float
    ratio_std: float
    """Standard deviation of ratio / ratio_median over the images."""
    factor: float = 1.0
    """What every prediction was multiplied by: the protocol's, but 1 if it was in metres already."""
    depth_ratio: dict[str, float] = field(default_factory=dict)
    """Hole score by category: median over the pixels of all images of predicted / true depth, after scaling."""
    skipped: tuple[str, ...] = ()
    """Images without a pixel that the protocol evaluates."""
    share: float | None = None
    """Of the pixels of these images, those that were compared."""
    unseen: float | None = None
    """Of the true pixels that the protocol evaluates, those outside of what the predictions show, which are not
    compared; None where they show whole images."""
    median_log_error: float | None = None
    """Mean over the images of `metrics.median_log_error`; against measured depth it is the score without labels."""
    objects: ObjectScores | None = None
    """What the predictions say of motion and classes, if they and the truth say anything."""

    def scales(self) -> dict[str, float]:
        """Return by image what the protocol multiplied its prediction by."""
        ratios = {row.name: row.ratio for row in self.rows}
        fixed = {"one-scale": self.ratio_median, "none": 1.0}
        return {name: self.factor * fixed.get(self.protocol.scaling, ratio) for name, ratio in ratios.items()}

    def to_scores(self) -> Scores:
        """Return what the evaluation file holds of this result."""
        return Scores(
            name=self.name,
            images=self.images,
            errors={key: asdict(scores.mean) for key, scores in self.categories.items()},
            interval={
                key: {metric: (getattr(scores.low, metric), getattr(scores.high, metric)) for metric in METRICS}
                for key, scores in self.categories.items()
                if scores.images > 1
            },
            pixels={key: scores.pixels for key, scores in self.categories.items()},
            category_images={key: scores.images for key, scores in self.categories.items()},
            skipped=self.skipped,
            share=self.share,
            unseen=self.unseen,
            median_log_error=self.median_log_error,
            depth_ratio=self.depth_ratio,
            server={
                key: server_table(scores.server) for key, scores in self.categories.items() if scores.server is not None
            },
            objects=None if self.objects is None else self.objects.to_note(),
            scale=Scale(self.ratio_median, self.ratio_std),
            factor=self.factor,
            scale_applied=self.protocol.scaling,
            per_image=self.rows,
        )

    def write_csv(self, path: Path) -> None:
        """Write one line an image and category. UsageError if the place cannot be written."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        server = SERVER_COLUMNS if self.protocol.server else ()
        writer.writerow(["name", "category", "pixels", "ratio", *METRICS, *server])
        for row in self.rows:
            more = () if row.server is None else server_table(row.server).values()
            writer.writerow([row.name, row.category, row.pixels, row.ratio, *asdict(row.errors).values(), *more])
        write_text(path, text.getvalue())

    def table(self) -> "Table":
        """Return a table for the terminal, with the protocol below."""
        return results_table([self])


def summarise(rows: Sequence[ImageRow], protocol: DepthProtocol) -> dict[str, CategoryScores]:
    """Average rows by category, in the protocol's order; categories without a row are left out."""
    scores = {}
    for category in protocol.categories:
        chosen = [row for row in rows if row.category == category]
        if not chosen:
            continue
        pixels = np.array([row.pixels for row in chosen], np.float64)
        weights = pixels if protocol.averaging_of(category) == "per pixel" else np.ones_like(pixels)
        errors = [row.errors for row in chosen]
        low, high = bootstrap_interval(errors, weights)
        server = [row.server for row in chosen if row.server is not None]
        scores[category] = CategoryScores(
            images=len(chosen),
            pixels=int(pixels.sum()),
            mean=mean_errors(errors, weights),
            low=low,
            high=high,
            server=mean_server_errors(server) if server else None,
        )
    return scores


def evaluation_of(results: Sequence[DepthResult]) -> Evaluation:
    """Return the content of an evaluation file: all results, the model's first; they must be of one protocol."""
    protocol = _one_protocol(results)
    return Evaluation(
        ProtocolNote(protocol.name, protocol.describe(), settings=asdict(protocol)),
        categories=tuple(key for key in protocol.categories if any(key in result.categories for result in results)),
        results=tuple(result.to_scores() for result in results),
        truth=results[0].truth,
    )


def results_table(results: Sequence[DepthResult]) -> "Table":
    """Return a table of several results of one protocol, grouped by category."""
    protocol = _one_protocol(results)
    with extra("cli", purpose="Printing tables"):
        from rich.table import Table
    table = Table(caption=_caption(results), caption_justify="left", title_justify="left")
    table.add_column("pixels")
    table.add_column("prediction")
    table.add_column("images", justify="right")
    headings = HEADINGS | ({"rmse_log": "RMSElog10"} if protocol.log_base == "10" else {})
    server = SERVER_COLUMNS if protocol.server else ()
    for heading in (*headings.values(), "AbsRel 95 %", "pred/true", *server):
        table.add_column(heading, justify="right")
    for category in protocol.categories:
        for number, result in enumerate(results):
            last = number == len(results) - 1
            label = category if number == 0 else ""
            scores = result.categories.get(category)
            if scores is None:
                table.add_row(label, result.name, "0", *["-"] * (len(METRICS) + 2 + len(server)), end_section=last)
                continue
            numbers = [f"{value:.3f}" for value in scores.mean.as_array()]
            interval = f"{scores.low.abs_rel:.3f}..{scores.high.abs_rel:.3f}" if scores.images > 1 else "-"
            ratio = f"{result.depth_ratio[category]:.2f}" if category in result.depth_ratio else "-"
            shown = () if scores.server is None else (f"{value:.2f}" for value in server_table(scores.server).values())
            table.add_row(label, result.name, str(scores.images), *numbers, interval, ratio, *shown, end_section=last)
    return table


def _caption(results: Sequence[DepthResult]) -> str:
    protocol = results[0].protocol
    lines = [protocol.describe(), f"Ground truth read from {results[0].truth}"]
    if protocol.images is not None and results[0].images != protocol.images:
        count = results[0].images
        lines.append(f"{count} images were evaluated, not the {protocol.images} that published numbers stand for")
    if results[0].share is not None:
        lines.append(f"compared: {100 * results[0].share:.1f} % of the pixels of {results[0].images} images")
    if results[0].unseen is not None:
        lines.append(
            f"{100 * results[0].unseen:.1f} % of the true pixels lie outside of what the predictions show and are not "
            "scored"
        )
    if protocol.server:
        lines.append(
            "KITTI's server: SILog x 100, relative errors in percent (squared: of the squared depth), iRMSE in 1/km"
        )
    lines.append("pred/true: median of predicted / true depth; far above 1 on moving objects means holes")
    for result in results:
        skipped = f"; {len(result.skipped)} images had no evaluated pixel" if result.skipped else ""
        metric = (
            "" if result.factor == protocol.factor else f"; in metres already, not multiplied by {protocol.factor:g}"
        )
        if result.median_log_error is not None and protocol.ground_truth == MEASURED:
            half = (
                f"half of the pixels are within {100 * math.expm1(result.median_log_error):.1f} % of what was measured"
            )
            lines.append(
                f"{result.name}: {half} (median log error {result.median_log_error:.4f}, the score to rank by)"
            )
        spread = f"{result.ratio_median:.4g} +- {result.ratio_std:.3f}"
        lines.append(f"{result.name}: truth/prediction ratio {spread}{metric}{skipped}")
    return "\n".join(lines)


def _one_protocol(results: Sequence[DepthResult]) -> DepthProtocol:
    if len({result.protocol for result in results}) != 1:
        raise UsageError("Results of different protocols cannot stand in result table; evaluate them alike.")
    return results[0].protocol

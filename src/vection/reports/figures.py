"""Figures as inline SVG; text and lines take the colours of the page, so that they read on dark and light ground.

Figures are made as objects: `matplotlib.pyplot` and its global state are not used.
"""

import io
import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from vection.arrays import Positions, Unit
from vection.extras import extra
from vection.files import whole_file
from vection.formats.metrics_log import LABEL_FREE, Event

with extra("report", purpose="Drawing figures"):
    import matplotlib as mpl
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

COLOURS = ("#3b82c4", "#e07b39", "#3a9d6a", "#a06cd5", "#d1495b", "#8a8f98")
"""Colours of lines, readable on white and on near-black."""

TEXT = "#010203"
"""Stand-in that `to_svg` replaces by the colour of text in the style sheet; matplotlib knows no variables."""

LINE = "#040506"
"""Stand-in that `to_svg` replaces by the colour of lines in the style sheet."""

STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "vection",
    "font.family": "sans-serif",
    "font.size": 9.0,
    "text.color": TEXT,
    "axes.labelcolor": TEXT,
    "axes.titlesize": 9.5,
    "axes.edgecolor": LINE,
    "axes.facecolor": "none",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": LINE,
    "grid.linewidth": 0.4,
    "grid.alpha": 0.6,
    "xtick.color": TEXT,
    "ytick.color": TEXT,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "legend.frameon": False,
    "figure.facecolor": "none",
    "lines.linewidth": 1.6,
}


def to_svg(figure: Figure) -> str:
    """Return the figure as an `<svg>` element for an HTML page: no address of a name space, scales with the page."""
    buffer = io.BytesIO()
    with mpl.rc_context(STYLE):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    text = buffer.getvalue().decode()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>", "", text, flags=re.DOTALL)
    text = re.sub(r' xmlns(:\w+)?="[^"]*"', "", text)
    text = re.sub(r'<svg width="[^"]*" height="[^"]*"', '<svg role="img"', text)
    text = re.sub(r"font-family:[^;\"]*(;|\")", r"font-family: inherit\1", text)
    text = re.sub(r"font: ([\d.]+px)[^;\"]*", r"font-size: \1", text)
    return text.replace(TEXT, "currentColor").replace(LINE, "var(--line)")


def loss_figure(events: Sequence[Event]) -> Figure:
    """Total loss over steps, training and validation."""
    figure, axes = _canvas(5.6, 2.6)
    for split, colour in (("train", COLOURS[0]), ("validation", COLOURS[1])):
        points = [(event.step, event.loss) for event in events if event.split == split]
        _line(axes, points, label=split, colour=colour, marker=split == "validation")
    axes.set_xlabel("step")
    axes.set_ylabel("loss")
    _legend(axes)
    return figure


def terms_figure(events: Sequence[Event]) -> Figure:
    """Each weighted term of the training loss over steps, on a logarithmic axis where all are positive."""
    figure, axes = _canvas(5.6, 2.6)
    training = [event for event in events if event.split == "train"]
    names = list(dict.fromkeys(name for event in training for name in event.terms))
    for index, name in enumerate(names):
        points = [(event.step, event.terms[name]) for event in training if name in event.terms]
        _line(axes, points, label=name.replace("_", " "), colour=COLOURS[index % len(COLOURS)])
    values = [value for event in training for value in event.terms.values()]
    if values and min(values) > 0 and max(values) > 20 * min(values):
        axes.set_yscale("log")
        _plain_numbers(axes.yaxis)
    axes.set_xlabel("step")
    axes.set_ylabel("weighted term")
    _legend(axes)
    return figure


def true_error_figure(events: Sequence[Event]) -> Figure:
    """AbsRel of the held-out frames against true depth over steps."""
    figure, axes = _canvas(5.6, 2.6)
    known = [(event.step, event.depth_statistics["abs_rel"]) for event in events if "abs_rel" in event.depth_statistics]
    _line(axes, known, label="AbsRel", colour=COLOURS[1], marker=True)
    axes.set_xlabel("step")
    axes.set_ylabel("AbsRel")
    return figure


def statistics_figure(events: Sequence[Event]) -> Figure:
    """Nearest, median and farthest predicted depth over steps: a band that closes means collapse."""
    figure, axes = _canvas(5.6, 2.6)
    for name, colour in (("farthest", COLOURS[0]), ("median", COLOURS[1]), ("nearest", COLOURS[2])):
        known = [event for event in events if event.depth_statistics.get(name, 0.0) > 0]
        _line(axes, [(event.step, event.depth_statistics[name]) for event in known], label=name, colour=colour)
    axes.set_yscale("log")
    _plain_numbers(axes.yaxis)
    axes.set_xlabel("step")
    axes.set_ylabel("depth, unit of training")
    _legend(axes)
    return figure


def label_free_figure(events: Sequence[Event]) -> Figure:
    """Median error of held-out frames against depth measured in them, over steps."""
    figure, axes = _canvas(5.6, 2.6)
    known = [event for event in events if LABEL_FREE in event.depth_statistics]
    points = [(event.step, event.depth_statistics[LABEL_FREE]) for event in known]
    _line(axes, points, label="held-out frames", colour=COLOURS[1], marker=True)
    axes.set_ylim(bottom=0)
    axes.set_xlabel("step")
    axes.set_ylabel("median error, log of depth")
    return figure


def write_png(path: Path, figure: Figure, *, dots_per_inch: int = 150) -> None:
    """Write a figure as a picture on white ground; UsageError if the place cannot be written."""
    for axes in figure.axes:
        axes.grid(color="#d0d0d0")
    with whole_file(path) as temporary, mpl.rc_context(STYLE):
        figure.savefig(temporary, format="png", dpi=dots_per_inch, facecolor="white")


def path_figure(paths: Mapping[str, Positions], *, unit: str) -> Figure:
    """Camera paths seen from above: x to the right, z (forward at the start) upwards, equal scales."""
    figure, axes = _canvas(5.6, 3.4)
    for index, (name, places) in enumerate(paths.items()):
        colour = COLOURS[index % len(COLOURS)]
        axes.plot(places[:, 0], places[:, 2], color=colour, label=name)
        axes.plot(places[-1, 0], places[-1, 2], "o", color=colour, markersize=4)
    axes.plot(0, 0, "o", color=TEXT, markersize=4)
    axes.annotate("start", (0, 0), xytext=(5, -3), textcoords="offset points", fontsize=8, color=TEXT)
    axes.set_aspect("equal", adjustable="datalim")
    axes.set_xlabel(f"x, right ({unit})")
    axes.set_ylabel(f"z, forward ({unit})")
    _legend(axes)
    return figure


def depth_histogram(depths: Mapping[str, Float[np.ndarray, " value"]], *, unit: Unit) -> Figure:
    """Share of pixels by depth, on a logarithmic axis; values must be positive."""
    figure, axes = _canvas(5.6, 2.4)
    everything = np.concatenate(list(depths.values()))
    low, high = np.percentile(everything, (0.5, 99.5))
    bins = np.geomspace(max(float(low), 1e-6), max(float(high), 2e-6), 60)
    for index, (name, values) in enumerate(depths.items()):
        share = np.histogram(values, bins=bins)[0] / max(len(values), 1)
        colour = COLOURS[index % len(COLOURS)]
        axes.stairs(100 * share, bins, color=colour, label=name, fill=index == 0, alpha=0.45 if index == 0 else 1.0)
    axes.set_xscale("log")
    _plain_numbers(axes.xaxis)
    axes.set_xlabel(f"depth ({unit})")
    axes.set_ylabel("% of pixels")
    _legend(axes)
    return figure


def precision_recall_figure(
    recall: Float[np.ndarray, " threshold"],
    precision: Float[np.ndarray, " threshold"],
    *,
    best: tuple[float, float],
    chance: float,
) -> Figure:
    """Precision over recall of the motion mask; `best` (recall, precision) has the best F1.

    `chance` is the precision of calling everything moving. Thresholds at which nothing is called moving are left out.
    """
    figure, axes = _canvas(4.2, 3.2)
    some = recall > 0
    axes.plot(recall[some], precision[some], color=COLOURS[0], label="motion mask")
    axes.plot(*best, "o", color=COLOURS[1], markersize=6, label="best F1")
    axes.axhline(chance, color=COLOURS[5], linestyle="--", linewidth=1.0, label="everything moves")
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1.02)
    axes.set_xlabel("recall")
    axes.set_ylabel("precision")
    _legend(axes)
    return figure


def _canvas(width: float, height: float) -> tuple[Figure, Axes]:
    """Make one set of axes, `width` x `height` inches."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(width, height), layout="constrained")
        return figure, figure.subplots()


def _legend(axes: Axes) -> None:
    if axes.get_legend_handles_labels()[0]:
        axes.legend(frameon=False, fontsize=8.5, labelcolor=TEXT)


def _plain_numbers(axis: Axis) -> None:
    """Label a logarithmic axis with plain numbers at 1, 2 and 5 times a power of ten."""
    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_locator(NullLocator())


def _line(axes: Axes, points: Sequence[tuple[int, float]], *, label: str, colour: str, marker: bool = False) -> None:
    finite = [(x, y) for x, y in points if math.isfinite(y)]
    if not finite:
        return
    x, y = zip(*finite, strict=True)
    single = "o" if marker or len(finite) == 1 else ""
    axes.plot(x, y, color=colour, label=label, marker=single, markersize=3.5)

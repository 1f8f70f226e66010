"""`evaluation.json` of a run: the scores of a model and of what it is compared with, under one protocol."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from vection.errors import DataError, UsageError
from vection.evaluation.depth.result import DepthResult, evaluation_json
from vection.files import write_text

MODEL = "model"
"""The name of the trained model among the results; all others are what it is compared with."""


@dataclass(frozen=True)
class ProtocolNote:
    """What a reader must know to compare the numbers with others."""

    name: str
    description: str = ""
    """One line: ground truth, caps, crop, scaling, averaging."""


@dataclass(frozen=True)
class Scale:
    """The factors that median scaling applied to the images, each divided by their median for `std`."""

    median: float
    std: float


@dataclass(frozen=True)
class MotionNote:
    """How well the mask tells what moves."""

    images: int
    best_f1: float
    best_threshold: float
    best_precision: float
    best_recall: float
    moving_share: float
    """Share of the pixels that move: the precision of calling everything moving."""
    curve: dict[str, list[float]]
    """thresholds, precision, recall, f1."""


@dataclass(frozen=True)
class FlowNote:
    """Mean 3D end-point errors of all, static and moving pixels; None where there are none."""

    images: int
    error: dict[str, float | None]
    error_if_nothing_moved: dict[str, float | None]


@dataclass(frozen=True)
class SegmentationNote:
    """How well classes are told."""

    images: int
    mean_iou: float | None
    accuracy: float
    iou: dict[str, float | None]


@dataclass(frozen=True)
class ObjectsNote:
    """What was said of motion and classes, and how each number is defined."""

    definitions: dict[str, str]
    motion: MotionNote | None = None
    flow: FlowNote | None = None
    segmentation: SegmentationNote | None = None


@dataclass(frozen=True)
class Scores:
    """Errors of one set of predictions, by category of pixel and name of the metric."""

    name: str
    images: int
    errors: dict[str, dict[str, float]]
    interval: dict[str, dict[str, tuple[float, float]]] = field(default_factory=dict)
    """95 % interval of the mean over images, by category and metric."""
    scale: Scale | None = None
    depth_ratio: dict[str, float] = field(default_factory=dict)
    """Hole score: median of predicted / true depth by category, after scaling."""
    objects: ObjectsNote | None = None


@dataclass(frozen=True)
class Evaluation:
    """All scores under one protocol, the model's first by custom."""

    protocol: ProtocolNote
    categories: tuple[str, ...]
    """Categories of pixels in the order to print, the most general first."""
    results: tuple[Scores, ...]

    def scores(self, name: str) -> Scores | None:
        """Return the scores called `name`, None if there are none."""
        return next((scores for scores in self.results if scores.name == name), None)


def read_evaluation(path: Path) -> Evaluation:
    """Read `evaluation.json`; a missing file is a UsageError, unusable content a DataError."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return TypeAdapter(Evaluation).validate_python(content)
    except OSError as error:
        raise UsageError(f"Cannot read {path}: {error.strerror}; `vection evaluate` writes it.") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise DataError(f"{path} is no evaluation of vection: '{where}': {first['msg']}; evaluate again.") from error
    except ValueError as error:
        raise DataError(f"{path} is not valid JSON ({error}); evaluate again.") from error


def write_evaluation(path: Path, results: Sequence[DepthResult]) -> None:
    """Write `evaluation.json`, the model's result first, replacing an older file in one step.

    All results must be of one protocol (UsageError), and `path` must be writable (UsageError).
    """
    write_text(path, json.dumps(evaluation_json(results), indent=1) + "\n")

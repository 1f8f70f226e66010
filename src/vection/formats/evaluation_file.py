"""`evaluation.json`: the scores of a model and of what it is compared with, under one protocol."""

from collections.abc import Mapping
from dataclasses import asdict, astuple, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from vection.files import json_text, read_json, write_text
from vection.formats.bounds import Number
from vection.formats.record import KEY, check_format, checked

FORMAT = 1
"""Number of the format that is written; newer ones are refused."""
MODEL = "model"
"""The name of the trained model among the results; all others are what it is compared with."""
START = "start"
"""The name among them of the weights that training started from, where both are compared."""
REMEDY = "evaluate again."


@dataclass(frozen=True)
class ProtocolNote:
    """What a reader must know to compare the numbers with others."""

    name: str
    description: str = ""
    """One line: ground truth, caps, crop, scaling, averaging."""
    settings: dict[str, Any] = field(default_factory=dict)
    """All that changes the numbers, by the fields of the protocol; in the file they stand beside its name."""


@dataclass(frozen=True)
class Scale:
    """The factors that median scaling applied to the images."""

    median: Number
    std: Number
    """Standard deviation of the factors, each divided by their median."""


@dataclass(frozen=True)
class FalseAlarmNote:
    """Static pixels of a class, or of a category, that are called moving at the best threshold."""

    share: Number
    """Of all false alarms."""
    share_of_class: Number
    """Of the static pixels of the class."""


@dataclass(frozen=True)
class MotionNote:
    """How well the motion mask tells what moves."""

    images: int
    best_f1: Number
    best_threshold: Number
    best_precision: Number
    best_recall: Number
    moving_share: Number
    """Share of the pixels that move: the precision of calling everything moving."""
    curve: dict[str, list[Number]]
    """Lists of thresholds, precision, recall and f1, by these names."""
    false_alarms: dict[str, FalseAlarmNote] = field(default_factory=dict)
    """By class, or by category where classes are unknown; most first."""


@dataclass(frozen=True)
class FlowNote:
    """Mean 3D end-point errors of all, static and moving pixels; None where there are none."""

    images: int
    error: dict[str, float | None]
    error_if_nothing_moved: dict[str, float | None]


@dataclass(frozen=True)
class SegmentationNote:
    """How well classes are told; None where a class does not occur."""

    images: int
    mean_iou: float | None
    accuracy: Number
    iou: dict[str, float | None]


@dataclass(frozen=True)
class ObjectsNote:
    """What was said of motion and classes, and how each number is defined; None where nothing was said."""

    definitions: dict[str, str]
    motion: MotionNote | None = None
    flow: FlowNote | None = None
    segmentation: SegmentationNote | None = None

    def to_json(self) -> dict[str, Any]:
        """Return plain values, without the parts of which nothing was said."""
        return {name: part for name, part in asdict(self).items() if part is not None}


@dataclass(frozen=True)
class DepthErrors:
    """The seven usual numbers; the first four better when small, a1 to a3 better when large."""

    abs_rel: Number
    sq_rel: Number
    """Squared error over the truth, in the unit of the depth."""
    rmse: Number
    """Root mean square error, in the unit of the depth."""
    rmse_log: Number
    """Root mean square difference of the natural logarithms of depth."""
    a1: Number
    a2: Number
    a3: Number

    def as_array(self) -> Float[np.ndarray, "7"]:
        """Return the numbers in the order of the fields."""
        return np.array(astuple(self))


@dataclass(frozen=True)
class ServerErrors:
    """The errors that the KITTI depth server computes of one image; it averages them over the images."""

    mae: Number
    rmse: Number
    """Root mean square error, in the unit of the depth."""
    inverse_mae: Number
    inverse_rmse: Number
    """Root mean square error of 1 / depth; times 1000 in the server's unit, 1/km, if depth is in metres."""
    log_mae: Number
    log_rmse: Number
    """Root mean square difference of the natural logarithms of depth."""
    silog: Number
    """Scale-invariant: the standard deviation of ln d - ln d*; times 100 in the server's table."""
    abs_rel: Number
    sq_rel: Number
    """Squared error over the SQUARE of the truth, unlike `DepthErrors.sq_rel`; the server shows both in percent."""


@dataclass(frozen=True)
class ImageRow:
    """Errors of one image over the pixels of one category."""

    name: str
    category: str
    pixels: int
    ratio: Number
    """median(truth) / median(prediction) of the whole image, whether or not the protocol applies it."""
    errors: DepthErrors
    server: ServerErrors | None = None
    """Errors of KITTI's server, where the protocol asks for them."""


@dataclass(frozen=True)
class Scores:
    """Errors of one set of predictions, by category of pixel and name of the metric."""

    name: str
    images: int
    errors: dict[str, dict[str, Number]]
    interval: dict[str, dict[str, tuple[Number, Number]]] = field(default_factory=dict)
    """95 % interval of the mean over images, by category and metric; none of a single image."""
    pixels: dict[str, int] = field(default_factory=dict)
    """Evaluated pixels by category."""
    category_images: dict[str, int] = field(default_factory=dict)
    """Images with pixels of a category, by category; older files do not say it."""
    skipped: tuple[str, ...] = ()
    """Images without a pixel that the protocol evaluates."""
    share: float | None = None
    """Of the pixels of these images, those that were compared."""
    unseen: float | None = None
    """Of the true pixels that the protocol evaluates, those outside of what the predictions show, which are not
    compared; None where they show whole images."""
    median_log_error: float | None = None
    """Mean over the images of the median of |ln d - ln (s d*)|, s being the median ratio; all pixels."""
    depth_ratio: dict[str, Number] = field(default_factory=dict)
    """Hole score: median of predicted / true depth by category, after scaling."""
    server: dict[str, dict[str, Number]] = field(default_factory=dict)
    """Columns of the table of KITTI's server by category, in its units."""
    objects: ObjectsNote | None = None
    scale: Scale | None = None
    factor: Number = 1.0
    """What every prediction was multiplied by before it was scaled."""
    scale_applied: str = ""
    """How the protocol scales, in its own word."""
    per_image: tuple[ImageRow, ...] = ()

    def images_of(self, category: str) -> int:
        """Return how many images have pixels of a category; all where that is not known."""
        return self.category_images.get(category, self.images)


@dataclass(frozen=True)
class Evaluation:
    """All scores under one protocol, the model's first by custom."""

    protocol: ProtocolNote
    categories: tuple[str, ...]
    """Categories of pixels in the order to print, the most general first."""
    results: tuple[Scores, ...]
    truth: str = ""
    """Where the ground truth came from."""

    def scores(self, name: str) -> Scores | None:
        """Return the scores called `name`, None if there are none."""
        return next((scores for scores in self.results if scores.name == name), None)


@dataclass(frozen=True)
class ObjectEvaluation:
    """The scores of masks or classes alone, as `vection.evaluate_maps` writes them to `out`."""

    protocol: ProtocolNote
    truth: str
    images: int
    objects: ObjectsNote
    interval: dict[str, tuple[Number, Number]]
    """95 % interval of each score."""


def evaluation_json(evaluation: Evaluation) -> dict[str, Any]:
    """Return the content of the file as plain values."""
    results = [asdict(scores) | {"objects": _objects(scores.objects)} for scores in evaluation.results]
    return {KEY: FORMAT} | asdict(evaluation) | {"protocol": _protocol(evaluation.protocol), "results": results}


def object_evaluation_json(evaluation: ObjectEvaluation) -> dict[str, Any]:
    """Return the content of the file of masks or classes alone as plain values."""
    parts = {"protocol": _protocol(evaluation.protocol), "objects": _objects(evaluation.objects)}
    return {KEY: FORMAT} | asdict(evaluation) | parts


def write_evaluation(path: Path, evaluation: Evaluation) -> None:
    """Write the file, replacing an older one in one step; UsageError if the place cannot be written."""
    write_text(path, json_text(evaluation_json(evaluation), indent=1) + "\n")


def read_evaluation(path: Path) -> Evaluation:
    """Read the file; UsageError if there is none, DataError for unusable content or that of a newer vection."""
    content = read_json(path, remedy="vection evaluate writes it.")
    check_format(content, newest=FORMAT, path=path)
    protocol = content.get("protocol")
    if isinstance(protocol, Mapping):
        settings = {key: value for key, value in protocol.items() if key not in ("name", "description")}
        content["protocol"] = {**protocol, "settings": settings}
    return checked(Evaluation, content, path=path, remedy=REMEDY)


def _protocol(note: ProtocolNote) -> dict[str, Any]:
    return note.settings | {"name": note.name, "description": note.description}


def _objects(note: ObjectsNote | None) -> dict[str, Any] | None:
    return None if note is None else note.to_json()

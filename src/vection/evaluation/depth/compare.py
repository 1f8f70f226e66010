"""Predicted depth beside depth that needs no learning: a model that does not beat both has learned nothing."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from vection.data.readers.kitti.lidar import SOURCES
from vection.errors import DataError, UsageError
from vection.evaluation.depth.baselines import constant_predictions, row_mean_predictions
from vection.evaluation.depth.evaluate import evaluate_depth
from vection.evaluation.depth.protocol import DepthProtocol
from vection.evaluation.depth.result import DepthResult
from vection.evaluation.objects.scores import evaluate_objects
from vection.evaluation.predictions.kinds import PredictionReader
from vection.evaluation.truth.kitti_raw import kitti_raw_truth
from vection.evaluation.truth.truth_set import GroundTruth, TruthSet
from vection.progress import Bars, no_bars


@dataclass(frozen=True)
class Comparison:
    """Results of one protocol, ready for one table or one `evaluation.json`."""

    results: tuple[DepthResult, ...]
    """That of the predictions first, then those of the baselines."""
    left_out: tuple[str, ...] = ()
    """Why a baseline is missing, a sentence each."""

    @property
    def model(self) -> DepthResult:
        """Return the result of the predictions."""
        return self.results[0]


def compare_with_baselines(
    predictions: PredictionReader,
    truths: TruthSet,
    protocol: DepthProtocol,
    *,
    name: str = "model",
    row_mean_from: TruthSet | None = None,
    progress: Bars = no_bars,
) -> Comparison:
    """Score predictions, constant depth and row-mean depth alike; `name` is what the table calls the predictions.

    Row-mean depth is fitted on `row_mean_from`, else on the other drives of `truths`; where there are none it is left
    out. Raises as `evaluate_depth` does.
    """
    model = score_with_objects(predictions, truths, protocol, name=name, progress=progress)
    truths = seen_truths(truths, predictions)
    results = [model, _score(constant_predictions(truths), truths, protocol, name="constant depth", progress=progress)]
    row_mean = row_mean_predictions(truths, row_mean_from)
    try:
        results.append(_score(row_mean, truths, protocol, name="row-mean depth", progress=progress))
    except DataError as error:
        # One drive alone leaves nothing to fit on; the rest of the table is worth having.
        if row_mean_from is not None:
            raise
        return Comparison(tuple(results), (str(error),))
    return Comparison(tuple(results))


def seen_truths(truths: TruthSet, predictions: PredictionReader) -> TruthSet:
    """Return the truth of what predictions show of their images: unknown elsewhere."""

    predictions = predictions.within(truths.windows)

    def read(name: str) -> GroundTruth:
        truth = truths.read(name)
        if (window := predictions.windows.get(name)) is None:
            return truth
        top, bottom, left, right = window.bounds(truth.depth.shape)
        depth = np.zeros_like(truth.depth)
        depth[top:bottom, left:right] = truth.depth[top:bottom, left:right]
        return replace(truth, depth=depth)

    return replace(truths, read=read) if predictions.windows else truths


def score_with_objects(
    predictions: PredictionReader,
    truths: TruthSet,
    protocol: DepthProtocol,
    *,
    name: str = "model",
    progress: Bars = no_bars,
) -> DepthResult:
    """Score depth and, where predictions and truth say something of them, what moves and which class it has."""
    result = _score(predictions, truths, protocol, name=name, progress=progress)
    with progress("evaluating motion and classes") as report:
        objects = evaluate_objects(predictions, truths, scales=result.scales(), progress=report)
    return replace(result, objects=objects)


def listed_truth(root: Path, names: Sequence[str], protocol: DepthProtocol) -> TruthSet:
    """True depth of listed images of KITTI raw at `root`, computed as the protocol has it.

    `names` as `read_image_list` returns them. UsageError if the protocol's truth is no form of KITTI raw's.
    """
    source = next((source for source, name in SOURCES.items() if name == protocol.ground_truth), None)
    if source is None:
        raise UsageError(f"The protocol '{protocol.name}' has no truth in KITTI raw; leave `truth_list` out.")
    return kitti_raw_truth(root, names, source=source)


def _score(
    predictions: PredictionReader, truths: TruthSet, protocol: DepthProtocol, *, name: str, progress: Bars
) -> DepthResult:
    with progress(f"evaluating {name}") as report:
        return evaluate_depth(predictions, truths, protocol, name=name, progress=report)

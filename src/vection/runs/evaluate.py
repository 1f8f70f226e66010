"""Evaluate predictions in files or in memory: what `vection evaluate` does."""

from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

from vection.data.splits.list_file import read_image_list
from vection.errors import UsageError
from vection.evaluation.depth.compare import Comparison, compare_with_baselines, listed_truth, score_with_objects
from vection.evaluation.depth.protocol import DepthProtocol
from vection.evaluation.depth.protocols import get_protocol
from vection.evaluation.depth.result import evaluation_of
from vection.evaluation.objects.open import get_object_protocol, open_object_predictions, open_object_truth
from vection.evaluation.objects.protocol import ObjectProtocol
from vection.evaluation.objects.result import ObjectResult, evaluate_object_maps
from vection.evaluation.predictions.kinds import MapKind, PredictionReader
from vection.evaluation.predictions.read import open_predictions, renamed
from vection.evaluation.truth.open import checked_part, open_other_truth, open_truth
from vection.evaluation.truth.truth_set import TruthSet
from vection.files import json_text, write_text
from vection.formats.evaluation_file import object_evaluation_json, write_evaluation
from vection.formats.run_folder import RunFolder
from vection.locks import hold
from vection.progress import Bars, no_bars
from vection.reports.examples import write_examples


def evaluate(
    predictions: Path | str | PredictionReader,
    truth: Path | str | TruthSet,
    protocol: str | DepthProtocol,
    *,
    factor: float | None = None,
    truth_list: Path | str | None = None,
    truth_factor: float | None = None,
    names: Path | str | None = None,
    kind: MapKind | None = None,
    part: str | None = None,
    in_order: bool = False,
    row_mean_from: Path | str | TruthSet | None = None,
    baselines: bool = True,
    out: Path | str | None = None,
    csv: Path | str | None = None,
    progress: Bars = no_bars,
) -> Comparison:
    """Compare predicted depth with true depth under a protocol, beside depth that needs no learning.

    `predictions` lie in a prediction folder, a run folder, other programs' files, or memory; of a run folder
    `evaluation.json` and example frames for its report are written into it. `factor` multiplies every prediction
    instead of the protocol's. Under the protocol "measured", `truth` are measured clips. With `truth_list`, a published
    list, it is the root of KITTI raw; `truth_factor` is what metres were multiplied by in a folder of 16-bit PNG, 256
    if not given (1000: millimetres), in `row_mean_from` as well if it is one. `names` lists the images of a file that
    holds all maps in one array, `kind` says what foreign maps are, and with `in_order` maps belong to the images in
    order. `part` is that of Cityscapes in its own layout (train, val, test), if not the protocol's. `out` and `csv` are
    files for all numbers and for the errors of each image.
    Raises UsageError or DataError where these do not fit each other.
    """
    if row_mean_from is not None and not baselines:
        raise UsageError(
            "`row_mean_from` is of row-mean depth, which `baselines=False` leaves out; give only one of the two."
        )
    protocol = _with_factor(get_protocol(protocol) if isinstance(protocol, str) else protocol, factor)
    protocol = protocol if part is None else replace(protocol, part=checked_part(truth, part))
    truths = _open_truth(truth, truth_list=truth_list, factor=truth_factor, protocol=protocol)
    run = _run_folder(predictions)
    if not isinstance(predictions, PredictionReader):
        place = Path(predictions) if run is None else run.predictions
        predictions = _open_predictions(place, truths, names=names, kind=kind, in_order=in_order)
    if factor is not None:
        predictions = replace(predictions, unit="up-to-scale")  # whoever gives a factor wants it
    if baselines:
        fitted = row_mean_from
        if isinstance(fitted, Path | str):
            fitted = open_other_truth(Path(fitted), source=protocol.ground_truth, factor=truth_factor)
        comparison = compare_with_baselines(predictions, truths, protocol, row_mean_from=fitted, progress=progress)
    else:
        comparison = Comparison((score_with_objects(predictions, truths, protocol, progress=progress),))
    with nullcontext() if run is None else hold(run.evaluation):
        if csv is not None:
            comparison.model.write_csv(Path(csv))
        if out is not None:
            write_evaluation(Path(out), evaluation_of(comparison.results))
        elif run is not None:
            write_evaluation(run.evaluation, evaluation_of(comparison.results))
            write_examples(run.examples, predictions=predictions, truths=truths, result=comparison.model)
    return comparison


def evaluate_maps(
    predictions: Path | str | PredictionReader,
    truth: Path | str | TruthSet,
    protocol: str | ObjectProtocol,
    *,
    part: str | None = None,
    in_order: bool = False,
    out: Path | str | None = None,
    csv: Path | str | None = None,
) -> ObjectResult:
    """Compare masks of what moves, or classes, with the truth, without any depth; arguments as of `evaluate`."""
    protocol = get_object_protocol(protocol) if isinstance(protocol, str) else protocol
    protocol = protocol if part is None else replace(protocol, part=checked_part(truth, part))
    truths = truth if isinstance(truth, TruthSet) else open_object_truth(Path(truth), protocol)
    run = _run_folder(predictions)
    if not isinstance(predictions, PredictionReader):
        place = Path(predictions) if run is None else run.predictions
        predictions = open_object_predictions(place, protocol)
        predictions = renamed(predictions, truths.names) if in_order else predictions
    result = evaluate_object_maps(predictions, truths, protocol)
    if csv is not None:
        write_text(Path(csv), result.to_csv())
    if out is not None:
        write_text(Path(out), json_text(object_evaluation_json(result.to_evaluation()), indent=1))
    return result


def _with_factor(protocol: DepthProtocol, factor: float | None) -> DepthProtocol:
    if factor is None:
        return protocol
    if not factor > 0:
        raise UsageError(f"`factor={factor:g}` is no scale; it must be positive.")
    return replace(protocol, factor=factor)


def _open_truth(
    truth: Path | str | TruthSet, *, truth_list: Path | str | None, factor: float | None, protocol: DepthProtocol
) -> TruthSet:
    if factor is not None and (isinstance(truth, TruthSet) or truth_list is not None):
        raise UsageError("`truth_factor` is of a folder of 16-bit PNG; leave it out.")
    if isinstance(truth, TruthSet):
        return truth
    if truth_list is None:
        return open_truth(Path(truth), source=protocol.ground_truth, part=protocol.part, factor=factor)
    return listed_truth(Path(truth), read_image_list(Path(truth_list)), protocol)


def _open_predictions(
    place: Path, truths: TruthSet, *, names: Path | str | None, kind: MapKind | None, in_order: bool
) -> PredictionReader:
    listed = tuple(truths.names if names is None else read_image_list(Path(names)))
    opened = open_predictions(place, names=listed, kind=kind, in_order=in_order)
    if names is not None and opened.names != listed:
        raise UsageError(
            f"The maps of {place} have names, so `names` says nothing of them; leave it out, or give `in_order=True`"
            " too if they are those of the list in order."
        )
    return opened


def _run_folder(predictions: Path | str | PredictionReader) -> RunFolder | None:
    """Return the run folder whose predictions are meant, if it is one."""
    if isinstance(predictions, PredictionReader):
        return None
    run = RunFolder(Path(predictions))
    return run if run.has_predictions else None

"""`vection evaluate`."""

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from rich.console import Console
from tyro.conf import Positional

from vection.cli.arguments import parse
from vection.cli.progress import progress_bar
from vection.errors import DataError, UsageError

if TYPE_CHECKING:
    from vection.evaluation.depth.protocol import DepthProtocol
    from vection.evaluation.depth.result import DepthResult
    from vection.evaluation.predictions.kinds import PredictionReader
    from vection.evaluation.truth.truth_set import TruthSet

EXAMPLES = (
    "vection evaluate runs/first --truth clips --protocol synthetic",
    "vection evaluate predictions/kitti --truth kitti_2015 --protocol kitti-2015 --out scores.json --csv scores.csv",
    "vection evaluate disps_eigen_split.npy --truth kitti_raw --truth-list eigen_test.txt --protocol kitti-eigen",
    "vection evaluate predictions/val --truth cityscapes --protocol miou",
    "vection evaluate disps_eigen_split.npy --names eigen_test.txt --truth kitti_raw --truth-list eigen_benchmark.txt "
    "--protocol eigen-benchmark",
    "vection evaluate predictions/selection --truth groundtruth_depth --in-order --protocol kitti-server --factor 31.2",
)

TABLE_WIDTH = 200


@dataclass(frozen=True)
class Evaluate:
    """Compare predicted depth with ground truth under a named protocol, beside depth that needs no learning.

    Constant depth and row-mean depth are scored alike; a model that does not beat both has not learned depth. Where the
    predictions say what moves, or name classes, and the truth knows it (synthetic clips), these are scored as well.
    """

    predictions: Positional[Path]
    """Prediction folder, run folder with predictions/, folder of depth maps (.npy, .pfm, 16-bit .png), .npy or .npz."""
    truth: Path
    """Clip folders with truth, KITTI 2015, Cityscapes, Dynamo-Depth's layout, an exported .npz, or a folder of 16-bit
    depth PNGs."""
    protocol: str
    """What is compared where, and how it is scaled and averaged; motion-segmentation and miou compare masks and classes
    alone. A wrong name lists them all."""
    factor: float | None = None
    """Multiplies every prediction first: a scale that was found elsewhere. If not given, the protocol's factor, but for
    predictions in metres."""
    truth_list: Path | None = None
    """Published list of images of KITTI raw: --truth is its root, and true depth is computed as the protocol has it."""
    names: Path | None = None
    """List of the images that a .npy or .npz was made for, if not those of --truth: published, or a name a line."""
    kind: Literal["depth", "inverse-depth"] | None = None
    """What foreign maps hold, where their names do not tell (disps_*, predictions.npy, NAME_disp.npy do)."""
    in_order: bool = False
    """The maps of a folder belong to the images in order, whatever they are called."""
    row_mean_from: Path | None = None
    """Ground truth to fit row-mean depth on; the other drives of --truth if not given."""
    no_baselines: bool = False
    """Score the predictions only."""
    out: Path | None = None
    """File for all numbers (JSON); evaluation.json in the run folder if that was given."""
    csv: Path | None = None
    """File for the errors of each image."""
    json: bool = False
    """Print one line of JSON instead of the table."""


def run(arguments: Sequence[str]) -> None:
    """Evaluate, write the files and print the table."""
    chosen = parse(Evaluate, arguments, command="evaluate", examples=EXAMPLES)
    from vection.evaluation.depth.protocols import get_protocol
    from vection.evaluation.depth.result import evaluation_json, results_table
    from vection.evaluation.objects.protocol import OBJECT_PROTOCOLS
    from vection.evaluation.objects.scores import objects_table
    from vection.evaluation.predictions.read import open_predictions
    from vection.evaluation.truth.kitti_raw import read_image_list
    from vection.evaluation.truth.open import open_truth
    from vection.reports.examples import write_examples
    from vection.reports.results import write_evaluation

    if chosen.protocol in OBJECT_PROTOCOLS:
        _run_objects(chosen)
        return
    protocol = get_protocol(chosen.protocol)
    if chosen.factor is not None:
        if not chosen.factor > 0:
            raise UsageError(f"--factor {chosen.factor:g} is no scale; it must be positive.")
        protocol = replace(protocol, factor=chosen.factor)
    truths = open_truth(chosen.truth) if chosen.truth_list is None else _listed_truth(chosen, protocol)
    is_run = (chosen.predictions / "predictions").is_dir()
    place = chosen.predictions / "predictions" if is_run else chosen.predictions
    names = truths.names if chosen.names is None else read_image_list(chosen.names)
    predictions = open_predictions(place, names=names, kind=chosen.kind, in_order=chosen.in_order)
    if chosen.factor is not None:
        predictions = replace(predictions, unit="up-to-scale")  # whoever gives a factor wants it
    results = [_with_objects(_score(predictions, truths, protocol, name="model"), predictions, truths)]
    if not chosen.no_baselines:
        results += _baselines(truths, protocol, row_mean_from=chosen.row_mean_from)
    if chosen.csv is not None:
        results[0].write_csv(chosen.csv)
    out = chosen.out or (chosen.predictions / "evaluation.json" if is_run else None)
    if out is not None:
        write_evaluation(out, results)
    if is_run:
        write_examples(chosen.predictions / "examples", predictions=predictions, truths=truths, result=results[0])
    if chosen.json:
        content = evaluation_json(results)
        for result in content["results"]:
            del result["per_image"]
            ((result["objects"] or {}).get("motion") or {}).pop("curve", None)
        print(json.dumps(content))
    else:
        # Where nobody knows the width (a file, a pipe) the table gets the room it needs.
        width = None if sys.stdout.isatty() else TABLE_WIDTH
        Console(width=width).print(results_table(results))
        if results[0].objects is not None:
            Console(width=width).print(objects_table(results[0].objects))


def _listed_truth(chosen: Evaluate, protocol: "DepthProtocol") -> "TruthSet":
    from vection.data.readers.kitti.lidar import SOURCES
    from vection.evaluation.truth.kitti_raw import kitti_raw_truth, read_image_list

    source = next((name for name, words in SOURCES.items() if words == protocol.ground_truth), None)
    if source is None or chosen.truth_list is None:
        raise UsageError(f"The protocol '{protocol.name}' has no truth in KITTI raw; leave --truth-list out.")
    return kitti_raw_truth(chosen.truth, read_image_list(chosen.truth_list), source=source)


def _run_objects(chosen: Evaluate) -> None:
    """Evaluate masks or classes alone."""
    from vection.evaluation.objects.protocol import OBJECT_PROTOCOLS
    from vection.evaluation.objects.result import evaluate_object_maps
    from vection.evaluation.predictions.read import (
        PREDICTIONS_FILE,
        read_object_folder,
        read_prediction_folder,
        renamed,
    )
    from vection.evaluation.truth.cityscapes_classes import cityscapes_classes
    from vection.evaluation.truth.open import open_truth
    from vection.files import write_text

    protocol = OBJECT_PROTOCOLS[chosen.protocol]
    is_cityscapes = protocol.part == "classes" and (chosen.truth / "gtFine").is_dir()
    truths = cityscapes_classes(chosen.truth) if is_cityscapes else open_truth(chosen.truth)
    is_run = (chosen.predictions / "predictions").is_dir()
    place = chosen.predictions / "predictions" if is_run else chosen.predictions
    if not place.is_dir():
        raise UsageError(
            f"There are no predictions at {place}; a prediction folder or a folder of 8-bit PNG is expected."
        )
    known = (place / PREDICTIONS_FILE).is_file() or any(place.rglob(PREDICTIONS_FILE))
    predictions = read_prediction_folder(place) if known else read_object_folder(place, part=protocol.part)
    if chosen.in_order:
        predictions = renamed(predictions, truths.names)
    result = evaluate_object_maps(predictions, truths, protocol)
    if chosen.csv is not None:
        write_text(chosen.csv, result.to_csv())
    if chosen.out is not None:
        write_text(chosen.out, json.dumps(result.to_json(), indent=1))
    if chosen.json:
        content = result.to_json()
        content["objects"].get("motion", {}).pop("curve", None)
        print(json.dumps(content))
        return
    Console(width=None if sys.stdout.isatty() else TABLE_WIDTH).print(result.table())


def _baselines(truths: "TruthSet", protocol: "DepthProtocol", *, row_mean_from: Path | None) -> list["DepthResult"]:
    from vection.evaluation.depth.baselines import constant_predictions, row_mean_predictions
    from vection.evaluation.truth.open import open_truth

    results = [_score(constant_predictions(truths), truths, protocol, name="constant depth")]
    training = None if row_mean_from is None else open_truth(row_mean_from)
    row_mean = row_mean_predictions(truths, training)
    try:
        results.append(_score(row_mean, truths, protocol, name="row-mean depth"))
    except DataError as error:
        # One drive alone leaves nothing to fit on; the rest of the table is worth having.
        if row_mean_from is not None:
            raise
        Console(stderr=True).print(f"[yellow]left out:[/] {error}", highlight=False, soft_wrap=True)
    return results


def _score(
    predictions: "PredictionReader", truths: "TruthSet", protocol: "DepthProtocol", *, name: str
) -> "DepthResult":
    from vection.evaluation.depth.evaluate import evaluate_depth

    with progress_bar(f"evaluating {name}") as progress:
        return evaluate_depth(predictions, truths, protocol, name=name, progress=progress)


def _with_objects(result: "DepthResult", predictions: "PredictionReader", truths: "TruthSet") -> "DepthResult":
    from vection.evaluation.objects.scores import evaluate_objects

    with progress_bar("evaluating motion and classes") as progress:
        objects = evaluate_objects(predictions, truths, scales=result.scales(), progress=progress)
    return replace(result, objects=objects)

"""`vection evaluate`."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tyro.conf import Positional

from vection.cli.arguments import parse
from vection.cli.console import print_table
from vection.cli.notes import note
from vection.cli.progress import progress_bar
from vection.errors import UsageError
from vection.files import json_text

EXAMPLES = (
    "vection evaluate runs/first --truth clips --protocol synthetic",
    "vection evaluate runs/first --truth clips --protocol measured",
    "vection evaluate predictions/kitti --truth kitti_2015 --protocol kitti-2015 --out scores.json --csv scores.csv",
    "vection evaluate disps_eigen_split.npy --truth kitti_raw --truth-list eigen_test.txt --protocol kitti-eigen",
    "vection evaluate predictions/cityscapes_val --truth cityscapes --protocol miou-cityscapes",
    "vection evaluate disps_eigen_split.npy --names eigen_test.txt --truth kitti_raw --truth-list eigen_benchmark.txt "
    "--protocol eigen-benchmark",
    "vection evaluate predictions/selection --truth groundtruth_depth --in-order --protocol kitti-server --factor 31.2",
)


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
    depth PNGs. With --protocol measured, clip folders that were measured (vection ingest --measure)."""
    protocol: str
    """What is compared where, and how it is scaled and averaged; motion-segmentation... and miou... compare masks and
    classes alone. A wrong name lists them all."""
    factor: float | None = None
    """Multiplies every prediction first: a scale that was found elsewhere. If not given, the protocol's factor, but for
    predictions in metres."""
    truth_list: Path | None = None
    """Published list of images of KITTI raw: --truth is its root, and true depth is computed as the protocol has it."""
    truth_factor: float | None = None
    """What metres were multiplied by in 16-bit depth PNGs: 256 (KITTI) if not given, 1000 if they hold millimetres."""
    names: Path | None = None
    """List of the images that a .npy or .npz was made for, if not those of --truth: published, or a name a line."""
    kind: Literal["depth", "inverse-depth"] | None = None
    """What foreign maps hold, where their names do not tell (disps_*, predictions.npy, NAME_disp.npy do)."""
    part: Literal["train", "val", "test"] | None = None
    """Part of Cityscapes in its own layout, if not the protocol's (cityscapes...: test, miou-cityscapes: val)."""
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
    options = parse(Evaluate, arguments, command="evaluate", examples=EXAMPLES)
    from vection.evaluation.objects.protocol import OBJECT_PROTOCOLS

    if options.protocol in OBJECT_PROTOCOLS:
        _check_maps(options)
        _run_maps(options)
    else:
        _run_depth(options)


def _run_depth(options: Evaluate) -> None:
    from vection.evaluation.depth.result import evaluation_of, results_table
    from vection.evaluation.objects.scores import objects_table
    from vection.formats.evaluation_file import evaluation_json
    from vection.runs.evaluate import evaluate

    comparison = evaluate(
        options.predictions,
        options.truth,
        options.protocol,
        factor=options.factor,
        truth_list=options.truth_list,
        truth_factor=options.truth_factor,
        names=options.names,
        kind=options.kind,
        part=options.part,
        in_order=options.in_order,
        row_mean_from=options.row_mean_from,
        baselines=not options.no_baselines,
        out=options.out,
        csv=options.csv,
        progress=progress_bar,
    )
    for reason in comparison.left_out:
        note("left out", reason)
    if options.json:
        content = evaluation_json(evaluation_of(comparison.results))
        for result in content["results"]:
            del result["per_image"]
            ((result["objects"] or {}).get("motion") or {}).pop("curve", None)
        print(json_text(content))
        return
    print_table(results_table(comparison.results))
    if comparison.model.objects is not None:
        print_table(objects_table(comparison.model.objects))


def _check_maps(options: Evaluate) -> None:
    """Raise UsageError for what is said of depth alone."""
    for name in ("factor", "truth_list", "truth_factor", "names", "kind", "row_mean_from"):
        if getattr(options, name) is not None:
            raise UsageError(f"`{name}` is for depth, and {options.protocol} compares none; leave it out.")


def _run_maps(options: Evaluate) -> None:
    """Evaluate masks or classes alone."""
    from vection.formats.evaluation_file import object_evaluation_json
    from vection.runs.evaluate import evaluate_maps

    result = evaluate_maps(
        options.predictions,
        options.truth,
        options.protocol,
        part=options.part,
        in_order=options.in_order,
        out=options.out,
        csv=options.csv,
    )
    if options.json:
        content = object_evaluation_json(result.to_evaluation())
        content["objects"].get("motion", {}).pop("curve", None)
        print(json_text(content))
        return
    print_table(result.table())

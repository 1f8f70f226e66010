"""`vection submission`."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tyro.conf import Positional

from vection.cli.arguments import parse
from vection.cli.progress import progress_bar
from vection.files import json_text

EXAMPLES = (
    "vection submission predictions/kitti_test --factor 31.2 --out submission",
    "vection submission disps_benchmark_split.npy --in-order --factor 5.4 --out submission",
)


@dataclass(frozen=True)
class Submission:
    """Write predicted depth as the PNGs that KITTI's depth prediction server takes.

    500 images of 1216x352, depth * 256 in 16 bits. The server knows no scaling: a monocular model needs a factor, which
    `vection evaluate --protocol kitti-server-one-scale` finds on the validation images ("truth/prediction ratio").
    """

    predictions: Positional[Path]
    """Predictions of the test images, in any form that vection evaluate takes."""
    out: Path
    """Folder to write; it must not exist."""
    factor: float | None = None
    """Metres of one unit of the prediction; needed unless that is in metres."""
    max_depth: float = 80.0
    """Depth is cut there, metres."""
    kind: Literal["depth", "inverse-depth"] | None = None
    """What foreign maps hold, where their names do not tell."""
    in_order: bool = False
    """The maps belong to the test images in order, whatever they are called."""
    json: bool = False
    """Print one line of JSON."""


def run(arguments: Sequence[str]) -> None:
    """Write the folder and say where it is."""
    options = parse(Submission, arguments, command="submission", examples=EXAMPLES)
    from vection.evaluation.depth.kitti_submission import IMAGES, write_submission
    from vection.evaluation.predictions.read import open_predictions

    numbered = [f"{index:010d}" for index in range(IMAGES)]
    predictions = open_predictions(options.predictions, names=numbered, kind=options.kind, in_order=options.in_order)
    with progress_bar("writing") as progress:
        out = write_submission(
            predictions, options.out, factor=options.factor, max_depth=options.max_depth, progress=progress
        )
    print(json_text({"submission": str(out), "images": IMAGES}) if options.json else f"{out}: {IMAGES} images")

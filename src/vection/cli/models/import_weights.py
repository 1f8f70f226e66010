"""`vection import`."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tyro.conf import Positional

from vection.cli.arguments import parse
from vection.cli.console import say
from vection.cli.flags import as_flags
from vection.cli.notes import note
from vection.errors import UsageError
from vection.files import json_text
from vection.foreign_weights.layout_names import LayoutName

EXAMPLES = (
    "vection import mono_640x192 --out runs/monodepth2",
    "vection import last.ckpt --out runs/sc_depth --layout sc-depth-pl --width 832 --height 256",
    "vection predict runs/monodepth2 drive.mp4 --out predictions/drive",
)


@dataclass(frozen=True)
class Import:
    """Turn published weights into a run folder that predict, evaluate, odometry, report and train take like their own.

    Reads checkpoints of Monodepth2, Lite-Mono, SC-SfMLearner (both versions), sc_depth_pl, SGDepth and Dynamo-Depth:
    weight files (.pth, .tar, .ckpt, .safetensors) or their folder. Nothing in them is run; the network, how it sees
    images, and what its numbers mean are carried along.
    """

    checkpoint: Positional[Path]
    """A weight file, or the folder of the weight files of one model (encoder.pth, depth.pth ...)."""
    out: Path
    """Run folder to write."""
    layout: LayoutName | None = None
    """Whose layout it is; told by the names of the tensors if not given."""
    width: int | None = None
    """Width of the images it was trained with, if the files do not say."""
    height: int | None = None
    """Height of the images it was trained with."""
    json: bool = False
    """Print one line of JSON at the end."""


def run(arguments: Sequence[str]) -> None:
    """Import and say what it is."""
    options = parse(Import, arguments, command="import", examples=EXAMPLES)
    if (options.width is None) != (options.height is None):
        raise UsageError("--width and --height belong together; give both or none.")
    from vection.runs.import_weights import import_run

    size = None if options.width is None or options.height is None else (options.width, options.height)
    imported = import_run(options.checkpoint, out=options.out, layout=options.layout, size=size)
    data = imported.recipe.data
    remarks = [as_flags(remark) for remark in imported.remarks]
    if options.json:
        about = {"layout": imported.layout, "width": data.width, "height": data.height, "remarks": remarks}
        print(json_text({"run": str(imported.folder)} | about))
        return
    for remark in remarks:
        note("note", remark)
    say(f"{imported.folder}: {imported.layout}, {data.width}x{data.height}, method {imported.recipe.method.name}")

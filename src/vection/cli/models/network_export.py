"""The part of `vection export` that writes networks."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Literal

from tyro.conf import Positional

from vection.cli.arguments import parse
from vection.cli.console import say
from vection.cli.progress import progress_bar
from vection.errors import UsageError
from vection.files import json_text

RUN_TIMES = ("onnx", "openvino", "torch")
"""Formats that are networks."""
EXAMPLES = (
    "vection export street --to onnx",
    "vection export runs/first --to openvino --frames drive.mp4 --precision bf16",
    "vection export runs/first --to onnx --frames clips/drive --precision int8",
    "vection export runs/first --to onnx --parts depth motion --dynamic",
)


@dataclass(frozen=True)
class ExportNetwork:
    """Write the networks of a run as files of another run time, and compare them with PyTorch.

    onnx: for ONNX Runtime and others. openvino: the fastest on most processors. torch: an exported program, without
    vection. All preparation but resizing is inside: files take bytes, RGB, batch x height x width x 3, and give depth
    in the unit that they state. A file that differs from PyTorch by more than the tolerance is not written.
    """

    run: Positional[Path]
    """Run folder, checkpoint folder, or weights that ship (street)."""
    to: Literal["onnx", "openvino", "torch"]
    """The run time."""
    checkpoint: str | None = None
    """best, last, or the steps of a snapshot; the one that the run stands for if not given."""
    out: Path | None = None
    """Folder to write; beside the run if not given."""
    precision: Literal["fp32", "fp16", "bf16", "int8"] = "fp32"
    """onnx has fp32, fp16, int8; openvino all; torch fp32 and bf16. fp16 is storage on most processors."""
    parts: tuple[Literal["depth", "motion", "classes"], ...] = ("depth",)
    """What to export; motion is that between two frames."""
    frames: Path | None = None
    """Video, images or clips like those that will be predicted; less precision than fp32 is compared on them."""
    intrinsics: str | None = None
    """Their camera, as vection predict takes it."""
    height: int | None = None
    """Height of the images that the file takes, a multiple of 32; that of training if not given."""
    width: int | None = None
    """Their width."""
    dynamic: bool = False
    """Take any number of images of any size whose sides are multiples of 32."""
    tolerance: float | None = None
    """Largest difference from PyTorch: the largest of a pixel in fp32 (1e-4 if not given), the mean of others (fp16
    0.01, bf16 0.03, int8 0.02)."""
    overwrite: bool = False
    """Replace an older export."""
    json: bool = False
    """Print one line of JSON."""


def names_network(arguments: Sequence[str]) -> bool:
    """Return whether `--to` names a run time, so that the command is this one.

    >>> names_network(["street", "--to", "onnx"]), names_network(["predictions", "--to=ply"])
    (True, False)
    """
    words = [word for argument in arguments for word in argument.split("=", 1)]
    return any(word == "--to" and following in RUN_TIMES for word, following in pairwise(words))


def run(arguments: Sequence[str]) -> None:
    """Export and say how well the files agree, and how fast they are."""
    options = parse(ExportNetwork, arguments, command="export", examples=EXAMPLES)
    if (options.width is None) != (options.height is None):
        raise UsageError("--width and --height belong together; give both or none.")
    from vection.runs.networks.export import export_network

    size = None if options.width is None or options.height is None else (options.height, options.width)
    written = export_network(
        options.run,
        to=options.to,
        checkpoint=options.checkpoint,
        out=options.out,
        precision=options.precision,
        parts=options.parts,
        frames=options.frames,
        intrinsics=options.intrinsics,
        size=size,
        dynamic=options.dynamic,
        tolerance=options.tolerance,
        overwrite=options.overwrite,
        progress=progress_bar,
    )
    if options.json:
        print(json_text([{"file": str(one.file), **vars(one.agreement)} for one in written]))
        return
    for one in written:
        agreement = one.agreement
        say(
            f"{one.file}: {one.description.precision}, differs from PyTorch by {agreement.mean:.1g} in the mean, "
            f"{agreement.largest:.1g} at most, on {agreement.frames} frames; {agreement.milliseconds:.0f} ms a frame, "
            f"PyTorch {agreement.torch_milliseconds:.0f}"
        )

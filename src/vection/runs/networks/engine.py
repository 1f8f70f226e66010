"""Choose what predicts depth in place of a run's own network: the `engine` of `vection predict`."""

import tempfile
from collections.abc import Mapping
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

from vection.engines.engine import PACKAGES, SUFFIXES, DepthEngine, NetworkEngine, RunTime
from vection.engines.run_times import open_network
from vection.errors import DataError, UsageError
from vection.formats.checkpoint import weights_digest
from vection.inference.predictor import Predictor
from vection.inference.sources import find_inputs, open_input
from vection.runs.networks.export import export_network

FRAMES_WORTH_AN_EXPORT = 100
"""From so many frames on, seconds of exporting are won back in predicting them."""
NEEDED: dict[RunTime, tuple[str, ...]] = {"openvino": ("openvino",), "onnx": ("onnx", "onnxruntime", "onnxscript")}
"""Packages by which files are made and run, the fastest run time first."""


def open_engine(
    choice: str,
    predictor: Predictor,
    *,
    checkpoint: Path,
    frames: Path | str,
    stride: int = 1,
    max_frames: int | None = None,
) -> tuple[DepthEngine | None, str]:
    """Return what predicts depth of a checkpoint in place of PyTorch, None for PyTorch itself, and its name in words.

    `choice` is "torch", an exported file or the folder of one, or "auto": the fastest run time that is installed, if
    its file, made for the occasion, agrees with PyTorch on `frames` as one in fp32 must, and there are frames enough to
    be worth it, of each input `max_frames`, every `stride`-th; inputs that cannot be opened do not count. Raises
    UsageError for a file of other weights or another size.
    """
    if choice == "torch":
        return None, PACKAGES["torch"]
    if choice == "auto":
        counts = _counts(Path(frames), stride=stride, max_frames=max_frames)
        return _fastest(predictor, checkpoint=checkpoint, counts=counts)
    file = Path(choice)
    if file.is_dir():
        file = next((found for suffix in SUFFIXES.values() if (found := file / f"depth{suffix}").is_file()), file)
    network = open_network(file)
    about = network.description
    if about.part != "depth" or about.weights != weights_digest(checkpoint):
        raise UsageError(f"{file} is not the depth network of {checkpoint}; export that one, or name the run it is of.")
    if not about.dynamic and (about.height, about.width) != (predictor.height, predictor.width):
        raise UsageError(
            f"{file} takes images of {about.width}x{about.height}, and the network is given images of "
            f"{predictor.width}x{predictor.height}; export it at that size."
        )
    engine = NetworkEngine(network, depth_scale=about.depth_scale)
    return engine, f"{PACKAGES[about.run_time]} in {about.precision}"


def _counts(frames: Path, *, stride: int, max_frames: int | None) -> dict[Path, int]:
    """Return how many frames of each input are predicted, of those that can be opened; prediction names the others."""
    counts = {}
    for name, place in find_inputs(frames):
        try:
            source = open_input(place, name=name)
        except DataError:
            continue
        source = replace(source, count=source.count or FRAMES_WORTH_AN_EXPORT)  # of a video it may be unknown
        counts[place] = source.thinned(stride, most=max_frames).count or 0
    return counts


def _fastest(predictor: Predictor, *, checkpoint: Path, counts: Mapping[Path, int]) -> tuple[DepthEngine | None, str]:
    installed: list[RunTime] = [to for to in NEEDED if all(find_spec(package) for package in NEEDED[to])]
    if predictor.device.type != "cpu" or sum(counts.values()) < FRAMES_WORTH_AN_EXPORT or not installed:
        return None, PACKAGES["torch"]
    to = installed[0]
    with tempfile.TemporaryDirectory(prefix="vection-engine-") as folder:
        try:
            exported = export_network(
                checkpoint,
                to=to,
                out=Path(folder) / "network",
                frames=max(counts, key=lambda place: counts[place]),
                size=(predictor.height, predictor.width),
                most_frames=4,
            )[0]
        except (UsageError, DataError):  # it does not agree, cannot be exported, or a frame cannot be read
            return None, PACKAGES["torch"]
        network = open_network(exported.file)
    return NetworkEngine(network, depth_scale=exported.description.depth_scale), f"{PACKAGES[to]} in fp32"

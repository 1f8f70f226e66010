"""Write a trained network as a file of another run time: what `vection export` does with a run."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import get_args

import numpy as np
import torch

from vection.data.clips.resizing import resize_camera, resize_image
from vection.engines.agreement import Agreement
from vection.engines.engine import (
    PREPARATION,
    SUFFIXES,
    NetworkFile,
    Part,
    Precision,
    RunTime,
)
from vection.engines.modules import Inputs, PartModule, build_part, example_inputs
from vection.engines.prepared import prepared
from vection.engines.write import write_network
from vection.errors import UsageError
from vection.files import check_own, json_text, real_path, whole_folder, write_text
from vection.formats.checkpoint import weights_digest
from vection.hub import hub_model
from vection.inference.predictor import Predictor
from vection.inference.sources import Frame, open_sources
from vection.progress import Bars, no_bars
from vection.runs.load import checkpoint_name, find_run_checkpoint, load_predictor

PRECISIONS: dict[RunTime, tuple[Precision, ...]] = {
    "onnx": ("fp32", "fp16", "int8"),
    "openvino": ("fp32", "fp16", "bf16", "int8"),
    "torch": ("fp32", "bf16"),
}
"""What each run time computes, or stores, on CPUs."""
STATEMENT = "network.json"
"""In every exported folder: what its files are, how well they agree; nothing without it is overwritten."""
MOST_FRAMES = 32
"""Frames that are looked at, spread over those given: ranges of int8 are measured on half of them, all are compared."""


@dataclass(frozen=True)
class ExportedNetwork:
    """A file that was written, and how well it agrees with PyTorch."""

    file: Path
    description: NetworkFile
    agreement: Agreement


def export_network(
    run: Path | str,
    *,
    to: RunTime,
    checkpoint: str | None = None,
    out: Path | str | None = None,
    precision: Precision = "fp32",
    parts: Sequence[Part] = ("depth",),
    frames: Path | str | None = None,
    intrinsics: Path | str | None = None,
    size: tuple[int, int] | None = None,
    dynamic: bool = False,
    tolerance: float | None = None,
    most_frames: int = MOST_FRAMES,
    overwrite: bool = False,
    progress: Bars = no_bars,
) -> list[ExportedNetwork]:
    """Write parts of a run's network as files of `to`, run each, and compare it with PyTorch.

    `run` is a run or checkpoint folder, weights that ship, or a model on the Hub; `checkpoint` is one of a run's, as
    `load` takes it. `out` is a folder, if not given one beside the run, named after it, run time and precision; it
    holds `depth.onnx` (`.xml` and `.bin`, `.pt2`) and `network.json`. `frames` are a video, images or clips like those
    that will be predicted: files of less precision than fp32 are compared, and int8 is measured, on them. `size` is
    height and width, multiples of 32, those of training if not given; `dynamic` takes any. `tolerance` replaces
    `LARGEST` and `MEANS` of `engines.agreement`; `most_frames` are looked at, spread over all.

    Raises UsageError for what a run time or a model cannot do, and, writing nothing, for a file beyond the tolerance.
    """
    _check_precision(to, precision, has_frames=frames is not None)
    found = find_run_checkpoint(Path(run), checkpoint=checkpoint)
    place = _place_beside(Path(run), f"{to}-{precision}") if out is None else Path(out)
    _check_place(place, overwrite=overwrite)
    height, width = size or (None, None)
    predictor = load_predictor(found, height=height, width=width)
    seen = [] if frames is None else _spread(predictor, Path(frames), intrinsics=intrinsics, most=most_frames)
    about = NetworkFile(
        part="depth",
        run_time=to,
        precision=precision,
        height=predictor.height,
        width=predictor.width,
        dynamic=dynamic,
        inputs=(),
        outputs=(),
        unit=predictor.unit,
        scale_source=predictor.scale_source,
        depth_scale=predictor.depth_scale,
        model=checkpoint_name(run, found),
        weights=weights_digest(found),
        preparation=f"{PREPARATION}{predictor.rule.words}",
    )
    written = []
    with whole_folder(place, overwrite=overwrite) as folder, progress(f"exporting {place.name}") as report:
        for number, part in enumerate(parts):
            written.append(_export(predictor, replace(about, part=part), seen, folder, tolerance=tolerance))
            report(number + 1, len(parts))
        write_text(folder / STATEMENT, json_text([_statement(one) for one in written], indent=1))
    return [replace(one, file=place / one.file.name) for one in written]


def _statement(one: ExportedNetwork) -> dict[str, object]:
    return {"file": one.file.name, "agreement": asdict(one.agreement)} | json.loads(one.description.to_json())


def _export(
    predictor: Predictor, about: NetworkFile, frames: list[Frame], folder: Path, *, tolerance: float | None
) -> ExportedNetwork:
    knows = predictor.method.knows
    if (about.part == "motion" and not knows.ego_motion) or (about.part == "classes" and not knows.classes):
        raise UsageError(f"This model knows no {about.part}; leave that part out.")
    size = (about.height, about.width)
    with torch.no_grad():
        module = build_part(
            about.part,
            prepared(predictor.method),
            depth_scale=predictor.depth_scale,
            in_bfloat16=about.precision == "bf16" and about.run_time == "torch",
            size=size,
        ).eval()
        exact = build_part(
            about.part, predictor.method, depth_scale=predictor.depth_scale, in_bfloat16=False, size=size
        ).eval()
    about = replace(about, inputs=module.inputs, outputs=module.outputs)
    inputs = _inputs(module, frames, size) if frames else [example_inputs(module, size)]
    file = folder / f"{about.part}{SUFFIXES[about.run_time]}"
    return ExportedNetwork(file, about, write_network(module, exact, file, about, inputs, tolerance=tolerance))


def _inputs(module: PartModule, frames: list[Frame], size: tuple[int, int]) -> list[Inputs]:
    """Return the frames as the module takes them; of motion each pair that follows each other."""
    images = [torch.from_numpy(resize_image(frame.image, size))[None] for frame in frames]
    if module.inputs == ("image",):
        return [{"image": image} for image in images]
    pairs = [pair for pair in pairwise(range(len(frames))) if frames[pair[1]].number == frames[pair[0]].number + 1]
    found = []
    for first, second in pairs:
        given = {"first": images[first], "second": images[second], "before": images[first]}
        camera = frames[first].intrinsics
        if camera is None:
            given["intrinsics"] = example_inputs(module, size).get("intrinsics", torch.zeros(0))
        else:
            fx, fy, cx, cy = resize_camera(camera, from_size=frames[first].image.shape[:2], to_size=size)
            given["intrinsics"] = torch.tensor(np.array([[[fx, 0, cx], [0, fy, cy], [0, 0, 1]]], np.float32))
        found.append({name: given[name] for name in module.inputs})
    if not found:
        raise UsageError("Motion is compared on frames that follow each other; give a video or a clip as `frames`.")
    return found


def _spread(predictor: Predictor, path: Path, *, intrinsics: Path | str | None, most: int) -> list[Frame]:
    """Return up to `most` frames in pairs that follow each other, spread over all; numbered by their place."""
    sources = open_sources(path, intrinsics=intrinsics, rule=predictor.rule)
    count = max(2, most // len(sources) // 2 * 2)
    chosen: list[Frame] = []
    offset = 0
    for source in sources[: most // 2]:
        total = source.count or count
        starts = np.linspace(0, max(0, total - 2), count // 2).astype(int)
        wanted = {number for start in starts for number in (int(start), int(start) + 1)}
        for number, frame in enumerate(source):
            if number in wanted:
                chosen.append(replace(frame, number=offset + number))
            if number > max(wanted):
                break
        offset += total + 2
    return chosen


def _place_beside(run: Path, words: str) -> Path:
    """Return the folder for a run's files: beside the run, or here for weights that have no folder."""
    model = hub_model(run)
    if run.name in ("", ".."):
        run = real_path(run)
    folder, name = (run.parent, run.name) if model is None else (Path(), model.name.rpartition("/")[2])
    return folder / f"{name}-{words}"


def _check_precision(to: RunTime, precision: Precision, *, has_frames: bool) -> None:
    if to not in PRECISIONS:
        raise UsageError(f"There is no run time '{to}'; choose among {', '.join(get_args(RunTime))}.")
    if precision not in PRECISIONS[to]:
        raise UsageError(f"`to={to}` has no {precision}; choose among {', '.join(PRECISIONS[to])}.")
    if precision != "fp32" and not has_frames:
        raise UsageError(f"In {precision} a network is compared on your own frames; name them with `frames`.")


def _check_place(place: Path, *, overwrite: bool) -> None:
    if not place.exists() or (place.is_dir() and not any(place.iterdir())):
        return
    if not overwrite:
        raise UsageError(f"{place} exists already; choose another place or allow overwriting.")
    if not (place / STATEMENT).is_file():
        raise UsageError(f"{place} holds no exported network, so it is not overwritten; choose another place.")
    check_own(place, [STATEMENT, *(f"{part}.*" for part in get_args(Part))], kind="an exported network")

"""Predict files from files: what `vection predict` does."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

from vection.data.cluster import Cluster
from vection.errors import DataError, UsageError
from vection.files import check_room
from vection.formats.prediction_folder import is_prediction_folder, read_prediction_list
from vection.inference.motion.source import MotionChoice
from vection.inference.sources import find_inputs
from vection.inference.window_rule import TRAINING
from vection.inference.write import check_writable
from vection.progress import Bars, no_bars
from vection.runs.prediction.on_cluster import Input, predict_on_cluster
from vection.runs.prediction.worker import THINNING, ModelChoice, PartChoice, PredictionWorker, settings_words

SHOWN = 5
"""Names of inputs in an error."""


def predict(
    run: Path | str,
    frames: Path | str,
    out: Path | str,
    *,
    checkpoint: str | None = None,
    flip_postprocess: bool = False,
    width: int | None = None,
    height: int | None = None,
    path: bool = True,
    motion: MotionChoice | None = None,
    intrinsics: Path | str | None = None,
    window: str = TRAINING,
    frames_per_second: float | None = None,
    stride: int = 1,
    max_frames: int | None = None,
    depth: bool = True,
    video: bool = True,
    png: bool = True,
    scene_flow: bool = False,
    pictures: Sequence[str] | None = None,
    overwrite: bool = False,
    engine: str = "torch",
    compile: bool = False,  # noqa: A002
    device: str | None = None,
    keep: bool = False,
    cluster: Cluster | None = None,
    progress: Bars = no_bars,
) -> list[Path]:
    """Write the predictions of a video, an image, a folder of images in order, or of many; return their folders.

    Many are clip folders, videos and folders of images in a folder: each gets a folder of its name below `out`. Those
    whose frames cannot be used are left out, and named by the error in the end. `keep` keeps the prediction folders of
    this model, these frames and settings that are there, so a stopped call goes on, and refuses others; `cluster`
    predicts many at once and keeps as well.

    `run` is a run or checkpoint folder, or a model on the Hub; `checkpoint` is one of a run's, as `load` takes it.
    `width` and `height` are the size at which networks see, if not that of training. Every `stride`-th frame is
    predicted, `max_frames` of them. `path`, `depth` (the arrays), `video` and `png` can be left out; `scene_flow` is
    written besides. `motion` is measured in the frames or predicted; "auto" measures where the camera is known, and
    leaves it out where it can be neither; None takes the network's where the method has learned motion, else "auto".
    `intrinsics` and `frames_per_second` as `ingest` takes them. `window` is the part of videos and photos that is seen,
    as `inference.WindowRule` has it: "training", "whole", "cut", or a clip of the training. `pictures` are names of
    `vection.methods.pictures`, what the method sees when it compares a frame with its neighbours; an empty list means
    all. `engine` computes the depth network, as of `open_engine`; `compile` makes it `torch.compile`. `overwrite`
    replaces an older prediction folder, nothing else. `device` is the GPU if there is one, else the CPU. Raises
    UsageError, DataError for unusable frames.
    """
    for name, asked in (("scene_flow", scene_flow), ("motion", motion is not None)):
        if asked and not path:
            raise UsageError(f"`{name}` needs the path that `path=False` leaves out; give only one of the two.")
    frames, out = Path(frames), Path(out)
    inputs = find_inputs(frames)
    size = {"width": width, "height": height}
    computing = {"engine": engine, "compile": compile, "device": device}
    model = ModelChoice.of(run, checkpoint=checkpoint, flip_postprocess=flip_postprocess, **size, **computing)
    part = (path, motion, intrinsics, video, png, scene_flow, pictures, overwrite, window, depth, stride, max_frames)
    parts = PartChoice(*part, frames_per_second=frames_per_second)
    parts = replace(parts, settings=settings_words(model, parts))
    return _predict(inputs, frames, out, model, parts, keep=keep, cluster=cluster, progress=progress)


def _predict(
    inputs: list[Input],
    frames: Path,
    out: Path,
    model: ModelChoice,
    parts: PartChoice,
    *,
    keep: bool,
    cluster: Cluster | None,
    progress: Bars,
) -> list[Path]:
    kept = {name for name, place in inputs if (keep or cluster) and _is_kept(out / name, model, parts, place)}
    left = [(name, place) for name, place in inputs if name not in kept]
    for name, _ in left:
        check_writable(out / name, overwrite=parts.overwrite)
    problems: dict[str, DataError] = {}
    if left and cluster is None:
        problems = _in_turn(left, out, PredictionWorker(model, parts, frames=frames), progress=progress)
    elif left and cluster is not None:
        problems = _at_once(left, out, model, parts, cluster=cluster, progress=progress)
    for name, problem in problems.items():
        if len(inputs) == 1:
            raise problem
        raise DataError(
            f"{len(problems)} of {len(inputs)} inputs of {frames} could not be predicted ({_shown(problems)}), the "
            f"others lie in {out}; {name}: {problem}"
        )
    return [out / name for name, _ in inputs]


def _shown(names: Collection[str]) -> str:
    first, more = list(islice(names, SHOWN)), ", ..." if len(names) > SHOWN else ""
    return ", ".join(first) + more


def _is_kept(folder: Path, model: ModelChoice, parts: PartChoice, place: Path) -> bool:
    """Whether these predictions lie there. Raises UsageError if they are others."""
    if not is_prediction_folder(folder):
        return False
    there = read_prediction_list(folder)
    for word, was, asked in (
        ("of", there.model.partition(", depth by ")[0], model.name),
        ("of", there.model_state, model.state),
        ("of", there.frames_from or None, str(place.resolve())),
        ("with", there.settings, parts.settings),
    ):
        if was is not None and was != asked:
            raise UsageError(f"{folder} holds predictions {word} {was}, not {word} {asked}; choose another place.")
    return True


def _in_turn(inputs: list[Input], out: Path, worker: PredictionWorker, *, progress: Bars) -> dict[str, DataError]:
    """Predict one after the other; return what was wrong with which. Mistakes in the arguments show first."""
    problems, opened = {}, []
    for name, place in inputs:
        try:
            opened.append(worker.open(place, name, out))
        except DataError as problem:
            problems[name] = problem
    check_room(out, sum((size for _, size in opened), 0.0), thinning=THINNING)
    for source, size in opened:
        try:
            worker.write(source, out, size=size, progress=progress)
        except DataError as problem:
            problems[source.name] = problem
    return problems


def _at_once(
    inputs: list[Input], out: Path, model: ModelChoice, parts: PartChoice, *, cluster: Cluster, progress: Bars
) -> dict[str, DataError]:
    """Predict on a cluster; return what was wrong with which."""
    problems = {}
    with progress(f"predicting {len(inputs)} inputs") as report:
        for done, (name, problem) in enumerate(predict_on_cluster(inputs, out, model, parts, cluster), start=1):
            report(done, len(inputs))
            if isinstance(problem, DataError):
                problems[name] = problem
            elif problem is not None:
                raise problem
    return problems

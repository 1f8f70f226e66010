"""Predict files from files: what `vection predict` does."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from vection.data.clips.folder import has_clips
from vection.errors import UsageError
from vection.inference.ahead import read_ahead
from vection.inference.motion.source import MotionChoice
from vection.inference.observe import Observer
from vection.inference.prediction import Prediction
from vection.inference.predictor import Predictor
from vection.inference.sources import Frame, FrameSource, open_sources
from vection.inference.window_rule import TRAINING
from vection.inference.write import check_writable, write_predictions
from vection.progress import Bars, Report, no_bars
from vection.runs.device import choose_device
from vection.runs.load import checkpoint_name, find_run_checkpoint, load_predictor
from vection.runs.networks.engine import open_engine

BATCH_SIZES = {"cpu": 4, "cuda": 16}
"""How many frames a network predicts at once, by the kind of device."""


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
    video: bool = True,
    png: bool = True,
    scene_flow: bool = False,
    pictures: Sequence[str] | None = None,
    overwrite: bool = False,
    engine: str = "torch",
    compile: bool = False,  # noqa: A002
    device: str | None = None,
    progress: Bars = no_bars,
) -> list[Path]:
    """Write the predictions of a video, an image, a folder of images in order, or clip folders; return their folders.

    `run` is a run or checkpoint folder, or a model on the Hub; `checkpoint` is one of a run's, as `load` takes it.
    `width` and `height` are the size at which the networks see images, if not that of training. Of several clips each
    gets a folder of its name below `out`. `path`, `video` and `png` can be left out; `scene_flow` is written besides.
    `motion` is measured in the frames or predicted; "auto" measures where the camera is known, and leaves it out where
    it can be neither; None takes the network's where the method has learned motion, else "auto". `intrinsics` as
    `ingest` takes them. `window` is the part of videos and photos that is seen, as `inference.WindowRule` has it:
    "training", "whole", "cut", or a clip of the training. `pictures` are names of `vection.methods.pictures`, what the
    method sees when it compares a frame with its neighbours; an empty list means all. `engine` computes the depth
    network, as of `open_engine`; `compile` makes it `torch.compile`. `overwrite` replaces an older prediction folder,
    nothing else. `device` is the GPU if there is one, else the CPU. Raises UsageError, DataError for unusable frames.
    """
    if scene_flow and not path:
        raise UsageError("`scene_flow` needs the motion that `path=False` leaves out; give only one of the two.")
    out = _check_places(Path(out), Path(frames), intrinsics=intrinsics, overwrite=overwrite)
    place, device = find_run_checkpoint(Path(run), checkpoint=checkpoint), choose_device(device)
    predictor = load_predictor(place, device=device, flip_postprocess=flip_postprocess, width=width, height=height)
    sources = open_seen(predictor, Path(frames), intrinsics=intrinsics, window=window)
    words = _prepare(predictor, engine=engine, compile=compile, checkpoint=place, frames=frames)
    observer = None if pictures is None else _observer(predictor, pictures, sources)
    for source in sources:
        with progress(f"predicting {source.name or source.description}") as report:
            write_predictions(
                _predictions(predictor, _counted(source, report=report), path=path, motion=motion),
                out / source.name,
                model=checkpoint_name(run, place) + words,
                frames_from=str(Path(source.description).resolve()),
                png=png,
                video=video,
                scene_flow=scene_flow,
                pictures=None if observer is None else observer.observe(source),
                rule=predictor.rule,
                overwrite=overwrite,
            )
    return [out / source.name for source in sources]


def open_seen(predictor: Predictor, frames: Path, *, intrinsics: Path | str | None, window: str) -> list[FrameSource]:
    """Open frames as a predictor shall see them, by its `rule` from now on; UsageError for a window of clips."""
    predictor.rule = predictor.rule.choose(window)
    if window != TRAINING and has_clips(frames):
        raise UsageError(f"The clips of {frames} are seen as they are; leave `window` out.")
    return open_sources(frames, intrinsics=intrinsics, rule=predictor.rule)


def _check_places(out: Path, frames: Path, *, intrinsics: Path | str | None, overwrite: bool) -> Path:
    """Return `out`; complain of what is wrong with it, or with the frames, before a model is read."""
    for source in open_sources(frames, intrinsics=intrinsics):
        check_writable(out / source.name, overwrite=overwrite)
    return out


def _prepare(
    predictor: Predictor,
    *,
    engine: str,
    compile: bool,  # noqa: A002
    checkpoint: Path,
    frames: Path | str,
) -> str:
    """Choose how the networks are computed; return it in words, empty for PyTorch. UsageError if not to be had."""
    if compile and engine != "torch":
        raise UsageError("`compile` is for PyTorch, and `engine` names another; give only one of the two.")
    predictor.batch_size = BATCH_SIZES.get(predictor.device.type, 1)
    predictor.networks.compiled = compile
    predictor.networks.engine, words = open_engine(engine, predictor, checkpoint=checkpoint, frames=frames)
    return "" if predictor.networks.engine is None else f", depth by {words}"


def _observer(predictor: Predictor, pictures: Sequence[str], sources: Sequence[FrameSource]) -> Observer:
    """Return what makes the pictures; UsageError for what cannot be made of a source."""
    observer = Observer(predictor, pictures)
    for source in sources:
        observer.check(next(iter(source)), count=source.count)
    return observer


def _predictions(
    predictor: Predictor, frames: Iterable[Frame], *, path: bool, motion: MotionChoice | None
) -> Iterator[Prediction]:
    """Predict while the frames that follow are read; a thread reads one batch ahead."""
    ahead = read_ahead(frames, count=2 * predictor.batch_size)
    yield from predictor.stream(ahead, motion=motion) if path else predictor.each(ahead)


def _counted(source: FrameSource, *, report: Report) -> Iterator[Frame]:
    for number, frame in enumerate(source):
        yield frame
        report(number + 1, source.count)

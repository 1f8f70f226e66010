"""Predict files from files: what `vection predict` does."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from vection.errors import UsageError
from vection.inference.motion_source import MotionChoice
from vection.inference.observe import Observer
from vection.inference.prediction import Prediction
from vection.inference.predictor import Predictor
from vection.inference.sources import Frame, FrameSource, open_sources
from vection.inference.write import check_writable, write_predictions
from vection.progress import Bars, no_bars
from vection.runs.device import choose_device
from vection.runs.load import checkpoint_name, find_run_checkpoint, load_predictor


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
    video: bool = True,
    png: bool = True,
    scene_flow: bool = False,
    pictures: Sequence[str] | None = None,
    overwrite: bool = False,
    device: str | None = None,
    progress: Bars = no_bars,
) -> list[Path]:
    """Write the predictions of a video, an image, a folder of images in order, or clip folders; return their folders.

    `run` is a run or checkpoint folder, or a model on the Hub (`load`); of a run `checkpoint` names one: "best", "last"
    or the optimiser steps of a snapshot, the recipe's choice if not given. `width` and `height` are the size at which
    the networks see images, if not that of training. Of several clips each gets a folder of its name below `out`.
    `path`, `video` and `png` can be left out; `scene_flow` is written besides, where motion is known. `motion` says
    whether the camera's motion is measured in the frames or predicted; "auto" measures where the camera is known, and
    leaves it out where it can be neither; None takes the network's where the method has learned motion, else "auto".
    `intrinsics` as `ingest` takes them. `pictures` are names of `vection.methods.pictures`: what the method sees when
    it compares a frame with its neighbours; an empty list means all. An older prediction folder is replaced with
    `overwrite` only. `device` is the GPU if there is one, else the CPU, if not given. Raises UsageError for wrong
    places and for what cannot be known, DataError for unusable frames.
    """
    if scene_flow and not path:
        raise UsageError("`scene_flow` needs the motion that `path=False` leaves out; give only one of the two.")
    out = Path(out)
    sources = open_sources(Path(frames), intrinsics=intrinsics)
    for source in sources:
        check_writable(out / source.name, overwrite=overwrite)
    place = find_run_checkpoint(Path(run), checkpoint=checkpoint)
    device = choose_device(device)
    predictor = load_predictor(place, device=device, flip_postprocess=flip_postprocess, width=width, height=height)
    observer = None if pictures is None else _observer(predictor, pictures, sources)
    folders = []
    for source in sources:
        with progress(f"predicting {source.name or source.description}") as report:
            folder = write_predictions(
                _predictions(predictor, _counted(source, total=source.count, report=report), path=path, motion=motion),
                out / source.name,
                model=checkpoint_name(run, place),
                frames_from=str(Path(source.description).resolve()),
                png=png,
                video=video,
                scene_flow=scene_flow,
                pictures=None if observer is None else observer.observe(source),
                network_size=(predictor.height, predictor.width),
                overwrite=overwrite,
            )
        folders.append(folder)
    return folders


def _observer(predictor: Predictor, pictures: Sequence[str], sources: Sequence[FrameSource]) -> Observer:
    """Return what makes the pictures; UsageError for what cannot be made of a source."""
    observer = Observer(predictor, pictures)
    for source in sources:
        observer.check(next(iter(source)), count=source.count)
    return observer


def _predictions(
    predictor: Predictor, frames: Iterable[Frame], *, path: bool, motion: MotionChoice | None
) -> Iterator[Prediction]:
    if path:
        yield from predictor.stream(frames, motion=motion)
        return
    for frame in frames:
        yield predictor.predict(frame)


def _counted(
    frames: Iterable[Frame], *, total: int | None, report: Callable[[int, int | None], None]
) -> Iterator[Frame]:
    for number, frame in enumerate(frames):
        yield frame
        report(number + 1, total)

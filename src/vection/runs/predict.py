"""Predict files from files: what `vection predict` does."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from vection.errors import UsageError
from vection.inference.ahead import read_ahead
from vection.inference.motion_source import MotionChoice
from vection.inference.prediction import Prediction
from vection.inference.predictor import Predictor
from vection.inference.sources import Frame, open_sources
from vection.inference.write import check_writable, write_predictions
from vection.progress import Bars, no_bars
from vection.runs.device import choose_device
from vection.runs.export_network import open_engine
from vection.runs.load import load_predictor

BATCH_SIZES = {"cpu": 4, "cuda": 16}
"""How many frames a network predicts at once, by the kind of device."""


def predict(
    run: Path | str,
    frames: Path | str,
    out: Path | str,
    *,
    flip_postprocess: bool = False,
    path: bool = True,
    motion: MotionChoice | None = None,
    intrinsics: Path | str | None = None,
    video: bool = True,
    png: bool = True,
    scene_flow: bool = False,
    overwrite: bool = False,
    engine: str = "torch",
    compile: bool = False,  # noqa: A002
    device: str | None = None,
    progress: Bars = no_bars,
) -> list[Path]:
    """Write the predictions of a video, an image, a folder of images in order, or clip folders; return their folders.

    `run` is a run or checkpoint folder. Of several clips each gets a folder of its name below `out`. `path`, `video`
    and `png` can be left out; `scene_flow` is written besides, where motion is known. `motion` says whether the
    camera's motion is measured in the frames or predicted; "auto" measures where the camera is known, and leaves it out
    where it can be neither; None takes the network's where the method has learned motion, else "auto". `intrinsics` are
    those of a video or images, as `ingest` takes them. An older prediction folder is replaced with `overwrite` only.
    `engine` is what computes the depth network, as of `open_engine`: "torch", an exported file, or "auto"; `compile`
    makes it PyTorch's `torch.compile`. `device` is the GPU if there is one, else the CPU, if not given. Raises
    UsageError for wrong places and for what cannot be known, DataError for unusable frames.
    """
    if scene_flow and not path:
        raise UsageError("`scene_flow` needs the motion that `path=False` leaves out; give only one of the two.")
    if compile and engine != "torch":
        raise UsageError("`compile` is for PyTorch, and `engine` names another; give only one of the two.")
    out = Path(out)
    sources = open_sources(Path(frames), intrinsics=intrinsics)
    for source in sources:
        check_writable(out / source.name, overwrite=overwrite)
    predictor = load_predictor(Path(run), device=choose_device(device), flip_postprocess=flip_postprocess)
    predictor.batch_size = BATCH_SIZES.get(predictor.device.type, 1)
    predictor.networks.compiled = compile
    predictor.networks.engine, words = open_engine(engine, predictor, run=run, frames=frames)
    folders = []
    for source in sources:
        with progress(f"predicting {source.name or source.description}") as report:
            folder = write_predictions(
                _predictions(predictor, _counted(source, total=source.count, report=report), path=path, motion=motion),
                out / source.name,
                model=str(run) if predictor.networks.engine is None else f"{run}, depth by {words}",
                png=png,
                video=video,
                scene_flow=scene_flow,
                overwrite=overwrite,
            )
        folders.append(folder)
    return folders


def _predictions(
    predictor: Predictor, frames: Iterable[Frame], *, path: bool, motion: MotionChoice | None
) -> Iterator[Prediction]:
    """Predict while the frames that follow are read; a thread reads one batch ahead."""
    ahead = read_ahead(frames, count=2 * predictor.batch_size)
    yield from predictor.stream(ahead, motion=motion) if path else predictor.each(ahead)


def _counted(
    frames: Iterable[Frame], *, total: int | None, report: Callable[[int, int | None], None]
) -> Iterator[Frame]:
    for number, frame in enumerate(frames):
        yield frame
        report(number + 1, total)

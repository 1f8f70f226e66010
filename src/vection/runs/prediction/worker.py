"""A loaded run that predicts one input after another."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from vection.data.ingest.ingestion import MOST_BELIEVED
from vection.errors import UsageError
from vection.files import in_units
from vection.formats.checkpoint import weights_digest
from vection.inference.ahead import read_ahead
from vection.inference.motion.source import MotionChoice
from vection.inference.observe import Observer
from vection.inference.prediction import Prediction
from vection.inference.sources import Frame, FrameSource, open_input
from vection.inference.window_rule import TRAINING
from vection.inference.write import check_writable, write_predictions
from vection.metric_scale.stored import stored_scale
from vection.progress import Bars, Report
from vection.runs.device import choose_device
from vection.runs.load import checkpoint_name, find_run_checkpoint, load_predictor
from vection.runs.networks.engine import open_engine
from vection.runs.prediction.seen import SeenFrames, check_window

BATCH_SIZES = {"cpu": 4, "cuda": 16}
"""How many frames a network predicts at once, by the kind of device."""
DEPTH_BYTES, PNG_BYTES = 4.0, 0.5
"""Of a pixel in depth/*.npy, and at least in png/*.png."""

THINNING = "`depth=False`, `stride=10`, `max_frames=1000`"
"""Arguments of `predict` with which it writes less."""


UNLEARNED = (
    "this model has not learned how objects move (its training had not come so far, or its weights lack that part), so "
    "there are neither motion masks nor object flow"
)


@dataclass(frozen=True)
class ModelChoice:
    """What predicts; as the arguments of `predict`."""

    run: Path | str
    checkpoint: str | None = None
    flip_postprocess: bool = False
    width: int | None = None
    height: int | None = None
    engine: str = "torch"
    compile: bool = False
    device: str | None = None
    name: str = ""
    """How predictions name the model that made them."""
    state: str = ""
    """Digest of its weights, and its scale."""

    @staticmethod
    def of(run: Path | str, *, checkpoint: str | None, **more: Any) -> "ModelChoice":
        """Return the choice of a run, which must be there, under its name."""
        found = find_run_checkpoint(Path(run), checkpoint=checkpoint)
        scale = stored_scale(found)
        state = f"weights {weights_digest(found)[:16]}" + ("" if scale is None else f", scale {scale.factor:.9g}")
        return ModelChoice(run, checkpoint, name=checkpoint_name(run, found), state=state, **more)


@dataclass(frozen=True)
class PartChoice:
    """What is predicted and written; as the arguments of `predict`."""

    path: bool = True
    motion: MotionChoice | None = None
    intrinsics: Path | str | None = None
    video: bool = True
    png: bool = True
    scene_flow: bool = False
    pictures: Sequence[str] | None = None
    overwrite: bool = False
    window: str = TRAINING
    depth: bool = True
    stride: int = 1
    max_frames: int | None = None
    frames_per_second: float | None = None
    settings: str = ""
    """How predictions name what was asked for."""


NO_SETTINGS = {"run", "checkpoint", "engine", "compile", "device", "name", "state", "overwrite", "settings"}
"""Choices that are named apart, or that leave the predictions as they are."""


def settings_words(*choices: ModelChoice | PartChoice) -> str:
    """Return what was chosen beyond the defaults and makes other predictions, in words.

    >>> settings_words(ModelChoice("run", width=640), PartChoice(stride=5, pictures=()))
    'width=640, pictures=all, stride=5'
    """
    asked = {
        one.name: getattr(choice, one.name)
        for choice in choices
        for one in fields(choice)
        if one.name not in NO_SETTINGS and getattr(choice, one.name) != one.default
    }
    if (pictures := asked.get("pictures")) is not None:
        asked["pictures"] = " ".join(pictures) or "all"
    return ", ".join(f"{name}={value}" for name, value in asked.items()) or "the defaults"


class PredictionWorker:
    """Loads a model once and writes the prediction folders of many inputs."""

    def __init__(self, model: ModelChoice, parts: PartChoice, *, frames: Path) -> None:
        """Load; `frames` are those to predict, on which an engine is tried. Raises UsageError for a wrong choice."""
        if model.compile and model.engine != "torch":
            raise UsageError("`compile` is for PyTorch, and `engine` names another; give only one of the two.")
        self.place = place = find_run_checkpoint(Path(model.run), checkpoint=model.checkpoint)
        self.predictor = load_predictor(
            place,
            device=choose_device(model.device),
            flip_postprocess=model.flip_postprocess,
            width=model.width,
            height=model.height,
            window=parts.window,
        )
        self.predictor.batch_size = BATCH_SIZES.get(self.predictor.device.type, 1)
        networks = self.predictor.networks
        networks.compiled = model.compile
        networks.engine, words = open_engine(
            model.engine,
            self.predictor,
            checkpoint=place,
            frames=frames,
            stride=parts.stride,
            max_frames=parts.max_frames,
        )
        self.name = model.name + ("" if networks.engine is None else f", depth by {words}")
        self.state = model.state
        self.parts = parts
        self.observer = None if parts.pictures is None else Observer(self.predictor, parts.pictures)

    def open(self, place: Path, name: str, out: Path) -> tuple[FrameSource, float]:
        """Open one of `find_inputs` and return with it the bytes that its depth will take; the rest depends on images.

        Raises UsageError for what cannot be written or made of it, DataError for bad frames.
        """
        check_window(self.parts.window, place)
        source = open_input(
            place,
            name=name,
            intrinsics=self.parts.intrinsics,
            rule=self.predictor.rule,
            frames_per_second=self.parts.frames_per_second,
        )
        source = source.thinned(self.parts.stride, most=self.parts.max_frames)
        check_writable(out / name, overwrite=self.parts.overwrite)
        first = next(iter(source))
        if self.observer is not None:
            self.observer.check(first, count=source.count)
        height, width = first.image.shape[:2]
        count = 1 if source.count is None or source.count > MOST_BELIEVED else source.count
        return source, count * height * width * self._pixel_bytes

    @property
    def _pixel_bytes(self) -> float:
        waiting = DEPTH_BYTES / 2 if self.parts.video else 0.0
        return (DEPTH_BYTES if self.parts.depth else waiting) + (PNG_BYTES if self.parts.png else 0.0)

    def write(self, source: FrameSource, out: Path, *, size: float, progress: Bars) -> Path:
        """Predict a source and return its folder, which has its name below `out`; `size` is as `open` returns it."""
        seen = SeenFrames(self.predictor, self.place, source)
        with progress(f"predicting {source.name or source.description} ({in_units(size)} or more)") as report:
            return write_predictions(
                self._predictions(seen, report=report),
                out / source.name,
                model=self.name,
                model_state=self.state,
                frames_from=str(Path(source.description).resolve()),
                settings=self.parts.settings,
                depth=self.parts.depth,
                png=self.parts.png,
                video=self.parts.video,
                scene_flow=self.parts.scene_flow,
                pictures=None if self.observer is None else self.observer.observe(source),
                rule=seen.rule,
                faults=lambda: source.faults() + seen.faults + self._left_out(source),
                overwrite=self.parts.overwrite,
            )

    def _left_out(self, source: FrameSource) -> list[str]:
        """Return what predictions of the source lack because the weights have not learned it, in words."""
        method = self.predictor.method
        whole = getattr(method, "settings", method).knows
        unlearned = whole.object_motion and not method.knows.object_motion
        return [UNLEARNED] if unlearned and self.parts.path and source.count != 1 else []

    def _predictions(self, seen: SeenFrames, *, report: Report) -> Iterator[Prediction]:
        """Predict while the frames that follow are read; a thread reads one batch ahead."""
        ahead = read_ahead(_counted(seen, report=report), count=2 * self.predictor.batch_size)
        if not self.parts.path:
            yield from self.predictor.each(ahead)
            return
        for prediction in self.predictor.stream(ahead, motion=self.parts.motion):
            seen.have_path |= prediction.T_to_next is not None
            yield prediction


def _counted(seen: SeenFrames, *, report: Report) -> Iterator[Frame]:
    for number, frame in enumerate(seen):
        yield frame
        report(number + 1, seen.source.count)

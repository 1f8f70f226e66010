"""Find the metric scale of a run on frames of its camera: what `vection scale` does."""

import dataclasses
import shutil
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from vection.errors import DataError, UsageError
from vection.files import check_free, whole_folder
from vection.formats.checkpoint import read_config, weights_digest
from vection.formats.run_folder import SCALE_FILE, RunFolder
from vection.formats.scale_file import RunScale, ScaleReading, write_scale
from vection.formats.window import Window
from vection.inference.motion.source import MotionChoice
from vection.inference.prediction import Prediction
from vection.inference.predictor import Predictor
from vection.inference.sources import Frame, FrameSource, open_sources
from vection.inference.window_rule import TRAINING
from vection.metric_scale.combine import TESTED, check_speed, combine, read_factors, reason_to_keep
from vection.metric_scale.evidence import Evidence
from vection.metric_scale.known_distances import KnownDistances
from vection.metric_scale.sources import ScaleSources, check_sources
from vection.metric_scale.stored import is_seen, scale_file, stored_scale, what_else
from vection.metric_scale.travel import Speeds
from vection.progress import Bars, no_bars
from vection.runs.device import choose_device
from vection.runs.load import find_run_checkpoint, load_predictor
from vection.runs.prediction.seen import SeenFrames, open_seen
from vection.starts import start_folder

MOST_FRAMES = 300
"""Frames of each source that are predicted, the first."""
STEREO_TRAINING = 0.02
"""Relative standard deviation of the scale that stereo training gives; assumed."""


@dataclass(frozen=True)
class FoundScale:
    """What was found, and where it is stored."""

    scale: RunScale
    path: Path | None
    """The file; None if a scale that was there is kept, because the new one is no better."""
    frames: int
    """How many were predicted."""
    kept: str = ""
    """Why the scale that was there is kept, in words; empty if it is not."""
    warnings: tuple[str, ...] = ()
    """What was wrong with the frames, in sentences."""

    @property
    def unopposed(self) -> bool:
        """Whether one source alone says it, so that nothing could contradict it."""
        return len(self.scale.readings) == 1


def scale(
    run: Path | str,
    frames: Path | str,
    known: ScaleSources,
    *,
    checkpoint: str | None = None,
    intrinsics: Path | str | None = None,
    window: str = TRAINING,
    frames_per_second: float | None = None,
    motion: MotionChoice | None = None,
    path: bool = True,
    most_frames: int = MOST_FRAMES,
    out: Path | str | None = None,
    replace: bool = False,
    device: str | None = None,
    progress: Bars = no_bars,
) -> FoundScale:
    """Find the factor that turns the depth of `run` into metres, and store it in the run with its uncertainty.

    `frames` are a video, images or clips of the run's camera; the first `most_frames` of each are predicted. `known` is
    one thing or more that are known in metres. `path=False` is for images that do not follow each other. Of weights
    that ship, `out` is the new run folder that holds them. Other arguments as of `predict`.
    Nothing is stored, and DataError says why, if sources contradict each other, or the scale that the run has already
    (unless `replace`); if frames have no common scale, or held-out stretches another one than the rest; or if the
    camera would travel faster than any. If the run is in metres already, the new scale is stored only if it is more
    exact and errs less on held-out frames, or with `replace`. UsageError for arguments that do not fit, for a speed
    where times are assumed, and for losing a scale of other weights, size or part of the image without `replace`.
    """
    evidence = known.evidence()
    raw = open_sources(Path(frames), intrinsics=intrinsics, frames_per_second=frames_per_second)
    check_sources(evidence, raw, path=path)
    if motion is not None and not path:
        raise UsageError("`motion` is that of the path that `path=False` leaves out; give only one of the two.")
    if most_frames < 1:
        raise UsageError(f"`most_frames={most_frames}` leaves none; it must be positive.")
    _check_place(place := find_run_checkpoint(Path(run), checkpoint=checkpoint), run=run, out=out)
    predictor = load_predictor(place, device=choose_device(device), window=window)
    sources = open_seen(predictor, Path(frames), intrinsics=intrinsics, frames_per_second=frames_per_second)
    _check_stored(predictor, place, sources, replaced=replace or out is not None)
    parts = [SeenFrames(predictor, place, _first(source, most_frames)) for source in sources]
    speeds, count = _observe(predictor, parts, evidence, motion=motion, path=path, progress=progress)
    factor, uncertainty = combine(readings := _readings(evidence, predictor))
    kept = "" if replace else _kept(predictor, place, readings, uncertainty=uncertainty)
    speed = _speed(speeds, sources, factor=factor / predictor.depth_scale)
    check_speed(speed, source=" and ".join(one.source for one in readings))
    found = RunScale(
        factor=factor,
        uncertainty=uncertainty,
        readings=tuple(readings),
        checkpoint=place.name,
        weights=weights_digest(place),
        width=predictor.width,
        height=predictor.height,
        window=window,
        seen=_views(parts),
        frames_from=str(Path(frames).resolve()),
        speed=speed,
    )
    stored = None if kept else _store(found, place, out=None if out is None else Path(out))
    return FoundScale(found, stored, count, kept, _said(parts))


def _check_place(place: Path, *, run: Path | str, out: Path | str | None) -> None:
    if place == start_folder(str(run)) and out is None:
        raise UsageError(f"'{run}' ships with vection; say with `out` in which new run folder it gets a scale.")
    if out is not None:
        check_free(Path(out))


def _check_stored(predictor: Predictor, place: Path, sources: Sequence[FrameSource], *, replaced: bool) -> None:
    """Raise UsageError if a scale of other weights, of another size or part of the image would be lost unasked."""
    scale = None if replaced else stored_scale(place)
    others = () if scale is None else (what_else(scale, predictor, place, next(iter(one))) for one in sources)
    if other := next(filter(None, others), ""):
        raise UsageError(
            f"{scale_file(place)} holds the scale of {other}, and a run has one; give `replace` to store the new one "
            "in its place, or name a new run folder for it with `out`."
        )


def _first(source: FrameSource, most_frames: int) -> FrameSource:
    count = None if source.count is None else min(source.count, most_frames)
    return dataclasses.replace(source.part(range(most_frames)), description=source.description, count=count)


def _observe(
    predictor: Predictor,
    parts: Sequence[SeenFrames],
    evidence: Sequence[Evidence],
    *,
    motion: MotionChoice | None,
    path: bool,
    progress: Bars,
) -> tuple[Speeds, int]:
    """Show every prediction to every source of the scale; return the speeds and how many frames there were."""
    speeds, count = Speeds(), 0
    for part in parts:
        source = part.source
        with progress(f"predicting {source.name or source.description}") as report:
            for number, (frame, prediction) in enumerate(_predictions(predictor, part, motion=motion, path=path)):
                speeds.observe(frame, prediction)
                for one in evidence:
                    one.observe(frame, prediction)
                report(number + 1, source.count)
                count += 1
        speeds.end()
        for one in evidence:
            one.end()
    return speeds, count


def _speed(speeds: Speeds, sources: Sequence[FrameSource], *, factor: float) -> float | None:
    """Return the median speed in metres a second; None where motion or times are not known."""
    untimed = any(source.assumed for source in sources)
    return None if speeds.median is None or untimed else factor * speeds.median


def _said(parts: Sequence[SeenFrames]) -> tuple[str, ...]:
    """Return what is wrong with the frames; the scale was found on all of them."""
    for part in parts:
        part.scale = None
    return tuple(f"{part.source.description}: {sentence}" for part in parts for sentence in part.sentences)


def _views(parts: Sequence[SeenFrames]) -> tuple[Window, ...]:
    """Return what was seen of images, of those that are alike the first."""
    views: tuple[Window, ...] = ()
    for view in (view for part in parts for view in part.views):
        views += () if is_seen(view, views) else (view,)
    return views


def _predictions(
    predictor: Predictor, frames: Iterable[Frame], *, motion: MotionChoice | None, path: bool
) -> Iterator[tuple[Frame, Prediction]]:
    if not path:
        yield from ((frame, predictor.predict(frame)) for frame in frames)
        return
    waiting: deque[Frame] = deque()  # a prediction comes one frame late

    def noted() -> Iterator[Frame]:
        for frame in frames:
            waiting.append(frame)
            yield frame

    for prediction in predictor.stream(noted(), motion=motion):
        yield waiting.popleft(), prediction


def _readings(evidence: Sequence[Evidence], predictor: Predictor) -> list[ScaleReading]:
    found = []
    for one in evidence:
        if isinstance(one, KnownDistances) and one.unseen:
            missing = ", ".join(sorted({distance.frame for distance in one.unseen}))
            raise DataError(f"No frame that was predicted is called {missing}; see the names, or raise `most_frames`.")
        least = 1 if isinstance(one, KnownDistances) else TESTED
        found.append(read_factors(one.factors, unit=predictor.depth_scale, least=least))
    return found


def _kept(predictor: Predictor, place: Path, readings: Sequence[ScaleReading], *, uncertainty: float) -> str:
    """Return why the run keeps its scale, in words, empty if it does not; DataError if the new one contradicts it."""
    if predictor.unit != "metres":
        return ""
    present = _present(predictor, place)
    combine([present, *readings])
    return reason_to_keep(present, readings, uncertainty=uncertainty)


def _present(predictor: Predictor, place: Path) -> ScaleReading:
    """The scale that the run has already, with which others must agree."""
    stored = stored_scale(place)
    is_stored = stored is not None and stored.source == predictor.scale_source
    uncertainty = stored.uncertainty if stored is not None and is_stored else STEREO_TRAINING
    source = f"scale that the run has already, by {predictor.scale_source}"
    return ScaleReading(source, predictor.depth_scale, uncertainty, None, 0, (), ())


def _store(result: RunScale, place: Path, *, out: Path | None) -> Path:
    if out is None:
        target = scale_file(place)
        write_scale(target, result)
        return target
    with whole_folder(out) as folder:
        fresh = RunFolder(folder)
        shutil.copytree(place, fresh.best, ignore=shutil.ignore_patterns(SCALE_FILE))
        recipe = read_config(place).get("recipe")
        if isinstance(recipe, dict):
            fresh.write_recipe(recipe)
        write_scale(fresh.scale, result)
    return RunFolder(out).scale

"""Train on videos as they are: cut, measured, learned from, and scored on a piece held out; `vection train VIDEO`."""

import hashlib
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from vection.data.clips.folder import CLIP_FILE, read_clip
from vection.data.clips.image_file import read_rgb
from vection.data.ingest.clip_writer import IngestSettings, stated_intrinsics
from vection.data.ingest.files import find_sources, image_files, unique_names
from vection.data.ingest.ingestion import ingest
from vection.data.sets.clip_dataset import ClipDataset
from vection.data.sets.labelled import LabelledClips
from vection.errors import DataError, UsageError
from vection.evaluation.depth.baselines import computed_predictions
from vection.evaluation.depth.evaluate import evaluate_depth
from vection.evaluation.depth.protocol import ALL
from vection.evaluation.depth.protocols import MEASURED
from vection.evaluation.depth.result import DepthResult, evaluation_of
from vection.evaluation.truth.measured import measured_truth
from vection.evaluation.truth.truth_set import TruthSet
from vection.files import json_text, read_json, write_text
from vection.formats.evaluation_file import START, write_evaluation
from vection.formats.run_folder import RunFolder
from vection.inference.predictor import Predictor
from vection.inference.sources import FrameSource, open_sources
from vection.inference.write import write_predictions
from vection.locks import holding
from vection.progress import Bars, no_bars
from vection.recipes.recipe import Recipe
from vection.recipes.recipe_file import check_recipe
from vection.reports.report import write_report
from vection.runs.data import load_data
from vection.runs.device import choose_device
from vection.runs.evaluate import evaluate
from vection.runs.load import load_predictor, read_run_recipe
from vection.runs.start import starting_recipe, without_lists
from vection.runs.train import train
from vection.training.accelerator import check_trackers, process_count
from vection.training.budget import checked_minutes
from vection.training.settings import TrackerName

ELSEWHERE = "choose another `out`."


@dataclass(frozen=True)
class VideoTraining:
    """What a training on videos left."""

    run: Path
    report: Path
    abs_rel: dict[str, float]
    """Against depth measured in the held-out pieces, of the model, of the start if the recipe keeps that, and of depth
    that needs no learning; empty where the recipe measures nothing, or nothing could be measured in them."""
    warnings: tuple[str, ...] = ()
    """A sentence each, of what their maker should know."""
    actions: tuple[str, ...] = ()
    """What was done to the videos about what the doctor found, a line each."""


@holding("out")
def train_on_videos(
    videos: Sequence[Path | str],
    *,
    out: Path | str,
    recipe: Recipe | str = "video",
    intrinsics: Path | str | None = None,
    checkpoint: str | None = None,
    minutes: float | None = None,
    resume: bool = True,
    device: str | None = None,
    workers: int = 0,
    log_with: Sequence[TrackerName] = (),
    progress: Bars = no_bars,
) -> VideoTraining:
    """Turn videos or folders of images into clips in the run folder `out`, train on them, and write the report.

    Each video is examined first (`data.ingest.doctor`): one that cannot teach is left out, or refused if it is the only
    one. Clips have the recipe's size, and geometry is measured in the videos if it learns from that. The end of each
    clip, or of many clips whole ones, is held out, predicted, and scored without labels. A stopped call goes on when it
    is repeated. `intrinsics` as `ingest` takes them; `checkpoint` and `log_with` as `train` has them; `minutes` is the
    time of everything until the training ends.
    Raises UsageError (a missing video, a folder of other videos) or DataError (no video is usable).
    """
    began, minutes, log_with, out = perf_counter(), checked_minutes(minutes), check_trackers(log_with), Path(out)
    if isinstance(recipe, str):
        recipe = starting_recipe(recipe, out=out)
    check_recipe(recipe)
    if process_count() > 1:
        raise UsageError(
            "torchrun's processes train on clips: ingest the videos (`vection ingest`), give them as `data`."
        )
    if recipe.data.source != "clips":
        raise UsageError(f"The recipe '{recipe.name}' reads a data set, not videos; prepare that, or take 'video'.")
    recipe = without_lists(recipe)
    folder = RunFolder(out)
    settings = IngestSettings(
        width=recipe.data.width,
        height=recipe.data.height,
        intrinsics=intrinsics,
        measure=recipe.needs_measured,
    )
    sources = [source for video in videos for source in find_sources(Path(video))]
    _check_names(sources)
    _claim(folder, sources, settings, resume=resume)
    data, warnings, actions = _clips(folder, sources, settings, workers=workers, progress=progress)
    train(
        recipe,
        data=data,
        out=out,
        checkpoint=checkpoint,
        resume=resume,
        device=device,
        minutes=None if minutes is None else minutes - (perf_counter() - began) / 60,
        workers=workers,
        log_with=log_with,
        progress=progress,
    )
    held_out = _predict_held_out(folder, data, device=device, progress=progress)
    abs_rel = _score(folder, data, held_out, device=device, progress=progress) if settings.measure else {}
    return VideoTraining(out, write_report(out), abs_rel, tuple(warnings), tuple(actions))


def is_video_source(path: Path) -> bool:
    """Whether a path is a video or a folder of images or videos, and not clips or a run."""
    return path.is_file() or (path.is_dir() and next(path.rglob(CLIP_FILE), None) is None)


def _check_names(sources: Sequence[Path]) -> None:
    """Raise UsageError if clips would take each other's place."""
    names = unique_names(sources)
    for name in names:
        if names.count(name) > 1:
            alike = [str(source) for source, its in zip(sources, names, strict=True) if its == name]
            raise UsageError(f"{' and '.join(alike)} would be one clip, '{name}'; give each once, and rename one.")


def _claim(folder: RunFolder, sources: Sequence[Path], settings: IngestSettings, *, resume: bool) -> None:
    """Note which videos the run is of, and how they are cut; UsageError if it is a run of others.

    What was made of others goes if nothing of it shall be resumed.
    """
    content = {
        "videos": [str(source.resolve()) for source in sources],
        "size": [settings.width, settings.height],
        "intrinsics": None if settings.intrinsics is None else str(settings.intrinsics),
        "contents": [_fingerprint(source, settings) for source in sources],
    }
    begun = read_json(folder.videos, remedy=ELSEWHERE, missing=DataError) if folder.videos.is_file() else {}
    if not begun and folder.recipe.is_file():
        raise UsageError(f"'{folder.path}' holds a run that was not made of videos; {ELSEWHERE}")
    for key in ("videos", "size", "intrinsics"):
        if begun and begun.get(key) != content[key]:
            raise UsageError(f"'{folder.path}' was begun with other {key} ({begun.get(key)}); {ELSEWHERE}")
    changed = begun.get("contents", content["contents"]) != content["contents"]  # older runs do not say
    if changed and resume:
        raise UsageError(
            f"The videos of '{folder.path}', or their intrinsics, have changed since it was begun; restore them, start "
            f"anew with `resume=False`, or {ELSEWHERE}"
        )
    if changed:
        shutil.rmtree(folder.clips, ignore_errors=True)
    if changed or not begun:
        write_text(folder.videos, json_text(content, indent=1))


def _fingerprint(source: Path, settings: IngestSettings) -> str:
    """Digest of a video's size or its images' names and sizes, and of the file of its intrinsics."""
    files = [source] if source.is_file() else list(image_files(source))
    digest = hashlib.sha256(repr([(file.name, file.stat().st_size) for file in files]).encode())
    camera = settings.intrinsics or stated_intrinsics(source)
    if isinstance(camera, Path | str) and Path(camera).is_file():
        digest.update(Path(camera).read_bytes())
    return digest.hexdigest()


def _clips(
    folder: RunFolder, sources: Sequence[Path], settings: IngestSettings, *, workers: int, progress: Bars
) -> tuple[Path, list[str], list[str]]:
    """Ingest what is not yet there; return the folder to train on (a single clip's own), warnings and actions.

    Both are noted in the run.
    """
    warnings, actions = [], []
    places = [folder.clips / name for name in unique_names(sources)]
    for source, place in zip(sources, places, strict=True):
        if not (place / CLIP_FILE).is_file():
            try:
                with progress(f"reading {source.name}") as report:
                    ingest(source, place, settings=settings, workers=workers, progress=report)
            except DataError as error:
                if len(sources) == 1:
                    raise
                warnings.append(f"{source.name} is left out: {error}")
                continue
        about = read_clip(place).ingest or {}
        warnings += [f"{source.name}: {warning}" for warning in about.get("warnings", ())]
        actions += [f"{source.name}: {action}" for action in about.get("actions", ())]
    clips = [place for place in places if (place / CLIP_FILE).is_file()]
    if not clips:
        raise DataError(f"None of the {len(sources)} videos is usable. {' '.join(warnings)}")
    note = read_json(folder.videos, remedy=ELSEWHERE)
    write_text(folder.videos, json_text(note | {"warnings": warnings, "actions": actions}, indent=1))
    return clips[0] if len(clips) == 1 else folder.clips, warnings, actions


def _predict_held_out(folder: RunFolder, data: Path, *, device: str | None, progress: Bars) -> set[str]:
    """Predict the held-out pieces into the run folder; return the names of their images, as truth has them."""
    predictor = load_predictor(folder.path, device=choose_device(device))
    names: set[str] = set()
    for source, frames in _held_out(read_run_recipe(folder.path), data):
        piece = source.part(frames)
        with progress(f"predicting what was held out of {source.name or data.name}") as report:
            report(0, piece.count)
            write_predictions(
                predictor.stream(piece),
                folder.predictions / source.name,
                model=folder.path.name,
                frames_from=str(Path(source.description).resolve()),
                overwrite=True,
            )
            report(len(frames), piece.count)
        names |= {f"{source.name}/{frame.name}".lstrip("/") for frame in piece}
    return names


def _held_out(recipe: Recipe, data: Path) -> Iterator[tuple[FrameSource, range]]:
    """Each clip of which something was held out, with these frames from the first to the last."""
    validation = load_data(recipe, data).validation
    if isinstance(validation, LabelledClips):
        validation = validation.clips
    assert isinstance(validation, ClipDataset)
    targets: dict[str, list[int]] = {}
    for index in range(len(validation)):
        clip, frame = validation.target_frame(index)
        targets.setdefault(clip, []).append(frame)
    for clip, source in zip(validation.names, open_sources(data), strict=True):
        if clip in targets:
            yield source, range(min(targets[clip]), max(targets[clip]) + 1)


def _score(
    folder: RunFolder, data: Path, held_out: set[str], *, device: str | None, progress: Bars
) -> dict[str, float]:
    truths = measured_truth(data)
    scored = [name for name in truths.names if name in held_out]
    if not scored:
        return {}
    comparison = evaluate(
        folder.path,
        truths.select(scored),
        MEASURED,
        row_mean_from=truths.select([name for name in truths.names if name not in held_out]),
        progress=progress,
    )
    results, recipe = comparison.results, read_run_recipe(folder.path)
    if recipe.training.keeps_start and recipe.start_from is not None:
        predictor = load_predictor(recipe.start_from, device=choose_device(device))
        results = (*results, _score_start(predictor, truths.select(scored), progress=progress))
        write_evaluation(folder.evaluation, evaluation_of(results))
    return {result.name: result.categories[ALL].mean.abs_rel for result in results}


def _score_start(predictor: Predictor, truths: TruthSet, *, progress: Bars) -> DepthResult:
    """Score the weights that training started from on the same images."""
    predictions = computed_predictions(
        lambda image: predictor.predict(read_rgb(image)).depth,  # clips are seen whole
        truths,
        description=START,
    )
    with progress("evaluating the start") as report:
        return evaluate_depth(predictions, truths, MEASURED, name=START, progress=report)

"""Predict or read camera paths, write them, compare them with the truth: what `vection odometry` does."""

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from vection.data.clips.folder import has_clips
from vection.errors import UsageError
from vection.evaluation.paths.camera_path import open_paths, open_stretches, whole_paths
from vection.evaluation.paths.protocol import ODOMETRY, OdometryProtocol, adapted_protocol, first_sequences
from vection.evaluation.paths.scores import PathScores, paths_json, score_path, segments_csv
from vection.files import json_text, write_text
from vection.formats.camera_path import SCORES_FILE, CameraPath
from vection.inference.motion.source import MotionChoice
from vection.inference.sources import FrameSource
from vection.inference.window_rule import TRAINING
from vection.locks import hold
from vection.progress import Bars, no_bars
from vection.reports.path_files import write_path
from vection.runs.device import choose_device
from vection.runs.load import find_run_checkpoint, load_predictor
from vection.runs.prediction.paths import predict_paths
from vection.runs.prediction.seen import open_seen

T = TypeVar("T")


@dataclass(frozen=True)
class PathComparison:
    """Paths that were written, and their errors where the truth is known."""

    folders: tuple[Path, ...]
    """Where the paths were written."""
    scores: tuple[PathScores, ...]
    """One a path, empty without truth."""
    protocol: OdometryProtocol
    truth: str
    """Where the true paths were read from."""
    motion: tuple[str, ...] = ()
    """Of each folder, where the motion of its path comes from, in words; empty where that is not known."""
    seen: tuple[str, ...] = ()
    """Of each folder, which part of the frames was seen, in words; empty if it is all of them."""
    warnings: tuple[str, ...] = ()
    """What was wrong with the videos, in sentences."""


def odometry(
    source: Path | str,
    frames: Path | str | None = None,
    *,
    checkpoint: str | None = None,
    truth: Path | str | None = None,
    out: Path | str | None = None,
    beside: Sequence[Path | str] = (),
    protocol: str | OdometryProtocol = "odometry",
    align: Sequence[str] = (),
    snippets: Sequence[int] = (),
    sequences: int | None = None,
    first_frame: int | None = None,
    csv: Path | str | None = None,
    motion: MotionChoice | None = None,
    intrinsics: Path | str | None = None,
    window: str = TRAINING,
    frames_per_second: float | None = None,
    device: str | None = None,
    progress: Bars = no_bars,
) -> PathComparison:
    """Predict the path of `frames` with the run `source`, or read the paths at `source`; write and score them.

    `frames` are a video, images or clips. `truth` is a path file, a folder of such with the same names, or clips with
    true poses; clips among `frames` bring their own. `beside` are paths of the same frames (files, folders, prediction
    folders), drawn in the same picture by the names of these places, with more of the path where they coincide.
    `checkpoint`, `intrinsics`, `window` and `frames_per_second` are as of `predict`. `align` and `snippets` (numbers of
    frames) replace those of the protocol, `sequences` how many count, the first by name. `first_frame` says which true
    frame is the first predicted one, where neither times nor numbers tell. A clip with gaps has a path of each stretch
    between them. `csv` is a file for the errors of each segment. `motion` says whether predicted paths are measured
    ("measured"), in the unit of the predicted depth, come from the network ("network"), or are measured where the
    camera is known ("auto", and None where the method has learned no motion). Raises UsageError where these do not fit.
    """
    protocol = adapted_protocol(protocol, align=align, snippets=snippets, sequences=sequences)
    chosen_scores = dict[str, object](csv=csv, align=align, snippets=snippets, first_frame=first_frame is not None)
    chosen_scores["protocol"] = protocol.name != ODOMETRY.name and protocol.sequences is None
    chosen_path = dict[str, object](checkpoint=checkpoint, motion=motion, intrinsics=intrinsics, device=device)
    chosen_path |= {"window": window != TRAINING, "frames_per_second": frames_per_second}
    place, out = _truth(truth, frames), None if out is None else Path(out)
    _check(frames, place, out, beside=beside, chosen_path=chosen_path, chosen_scores=chosen_scores)
    divides, warnings = first_frame is None and (place is None or _tells_time(place)), list[str]()
    if frames is None:
        predicted, stretches = _read(Path(source), protocol, divides=divides)
    else:
        run = find_run_checkpoint(Path(source), checkpoint=checkpoint)
        predictor = load_predictor(run, device=choose_device(device), window=window)
        sources = open_seen(predictor, Path(frames), intrinsics=intrinsics, frames_per_second=frames_per_second)
        chosen = _chosen(sources, protocol, truth=None if first_frame is not None else place)
        predicted, stretches, warnings = predict_paths(
            predictor, run, chosen, motion=motion, first_frame=first_frame, divides=divides, progress=progress
        )
    matched = {} if place is None else _at(place, predicted, stretches)
    scores = _scores(predicted, matched, protocol, first_frame=first_frame)
    others = {name: _at(other, predicted, stretches) for name, other in _named(beside).items()}
    said, seen = zip(*((path.motion, path.seen) for path in predicted.values()), strict=True) if out else ((), ())
    with nullcontext() if out is None else hold(out):
        folders = [] if out is None else _write(predicted, matched, others, out, first_frame=first_frame)
        comparison = PathComparison(tuple(folders), scores, protocol, str(place), said, seen, tuple(warnings))
        _write_scores(comparison, out, predicted, csv=csv)
    return comparison


def _check(
    frames: Path | str | None,
    place: Path | None,
    out: Path | None,
    *,
    beside: Sequence[Path | str],
    chosen_path: Mapping[str, object],
    chosen_scores: Mapping[str, object],
) -> None:
    """Raise UsageError if there is nothing to do, or something is chosen that would do nothing."""
    if beside and out is None:
        raise UsageError("`beside` are drawn in a picture; say with `out` where it shall be written.")
    if frames is not None and out is None:
        raise UsageError("Say with `out` where the predicted path shall be written.")
    if place is None and out is None:
        raise UsageError("There is nothing to do: give `truth` to score the path, or `out` to write it anew.")
    for name in (name for name, chosen in chosen_path.items() if chosen and frames is None):
        raise UsageError(f"`{name}` is one of a run that predicts; paths that are read have none, so leave it out.")
    for name in (name for name, chosen in chosen_scores.items() if chosen and place is None):
        raise UsageError(f"`{name}` is one of scores, which need a true path; give `truth`, or leave it out.")


def _tells_time(truth: Path) -> bool:
    """Whether frames behind a cut can be found in the truth: by times, as clips have them, or numbers."""
    return has_clips(truth) or not any(p.seconds is None and p.numbers is None for p in open_paths(truth).values())


def _chosen(sources: Sequence[FrameSource], protocol: OdometryProtocol, *, truth: Path | None) -> list[FrameSource]:
    """Return the sources that count. Raises UsageError if their times are assumed, and `truth` is found by times."""
    chosen = list(_first({source.name: source for source in sources}, protocol).values())
    assumed = next((source.assumed for source in chosen if source.assumed), "")
    if assumed and truth is not None and any(path.seconds is not None for path in open_paths(truth).values()):
        raise UsageError(f"The truth {truth} is found by times, and {assumed}, or `first_frame`.")
    return chosen


def _read(place: Path, protocol: OdometryProtocol, *, divides: bool) -> tuple[dict[str, CameraPath], dict[str, str]]:
    """Return the paths by name, and of those that are stretches of a path with cuts the name of the whole."""
    paths, stretches = open_stretches(place) if divides else (whole_paths(place), {})
    counted = _first({stretches.get(name, name): name for name in paths}, protocol)
    named = [(name, path) for whole in counted for name, path in paths.items() if stretches.get(name, name) == whole]
    return dict(named), stretches


def _named(places: Sequence[Path | str]) -> dict[str, Path]:
    """Name places by their stems; by the last parts that tell them apart where stems coincide.

    >>> list(_named(["x/path_tum.txt", "y/path_tum.txt", "mine.txt"]))
    ['x/path_tum.txt', 'y/path_tum.txt', 'mine']
    """
    named = {}
    whole = list(dict.fromkeys(Path(place).absolute() for place in places))
    for place in whole:
        alike = [other for other in whole if other.stem == place.stem and other != place]
        lengths = range(1, len(place.parts) + 1)
        shortest = next(n for n in lengths if all(other.parts[-n:] != place.parts[-n:] for other in alike))
        named["/".join(place.parts[-shortest:]) if alike else place.stem] = place
    return named


def _scores(
    predicted: Mapping[str, CameraPath],
    matched: Mapping[str, tuple[str, CameraPath]],
    protocol: OdometryProtocol,
    *,
    first_frame: int | None,
) -> tuple[PathScores, ...]:
    return tuple(
        score_path(predicted[name], true, protocol, name=title, first_frame=first_frame)
        for name, (title, true) in matched.items()
    )


def _first(named: Mapping[str, T], protocol: OdometryProtocol) -> dict[str, T]:
    return {name: named[name] for name in first_sequences(list(named), protocol)}


def _write(
    predicted: dict[str, CameraPath],
    matched: dict[str, tuple[str, CameraPath]],
    others: dict[str, dict[str, tuple[str, CameraPath]]],
    out: Path,
    *,
    first_frame: int | None,
) -> list[Path]:
    if (out / SCORES_FILE).is_file():  # of other paths
        (out / SCORES_FILE).unlink()
    folders = []
    for name, path in predicted.items():
        true = matched[name][1] if name in matched else None
        folder = out if len(predicted) == 1 else out / name
        beside = {place: paths[name][1] for place, paths in others.items()}
        folders.append(write_path(path, folder, true=true, beside=beside, first_frame=first_frame))
    return folders


def _write_scores(
    comparison: PathComparison, out: Path | None, predicted: Mapping[str, CameraPath], *, csv: Path | str | None
) -> None:
    if comparison.scores and csv is not None:
        write_text(Path(csv), segments_csv(comparison.scores))
    if not comparison.scores or out is None:
        return
    content = paths_json(comparison.scores, comparison.protocol, truth=comparison.truth)
    for part in ("motion", "seen"):
        words = {name: said for name, path in predicted.items() if (said := getattr(path, part))}
        content |= {part: words} if words else {}
    write_text(out / SCORES_FILE, json_text(content, indent=1))


def _truth(given: Path | str | None, frames: Path | str | None) -> Path | None:
    """Return where the truth is: what is given, else the frames if they are clips of which one holds true poses."""
    if given is not None:
        return Path(given)
    if frames is None or not has_clips(Path(frames)):
        return None
    try:
        open_paths(Path(frames))
    except UsageError:
        return None
    return Path(frames)


def _at(
    place: Path, predicted: dict[str, CameraPath], stretches: Mapping[str, str]
) -> dict[str, tuple[str, CameraPath]]:
    """Paths at `place` with names for their scores, by the names of the predicted ones."""
    paths = open_paths(place)
    if not all(name in paths or stretches.get(name, name) in paths for name in predicted):
        paths = whole_paths(place)  # they are divided at other cuts
    clips = {name: name if name in paths else stretches.get(name, name) for name in predicted}
    if len(set(clips.values())) == len(paths) == 1:
        clips = dict.fromkeys(predicted, next(iter(paths)))
    missing = [clip for clip in clips.values() if clip not in paths]
    if missing:
        names = ", ".join(list(paths)[:5]) + (", ..." if len(paths) > 5 else "")
        raise UsageError(f"{place} has no path named '{missing[0]}' (it has {names}); rename one of the two.")
    return {name: (name if name in stretches else clip or name, paths[clip]) for name, clip in clips.items()}

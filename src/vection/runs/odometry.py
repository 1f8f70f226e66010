"""Predict or read camera paths, write them, compare them with the truth: what `vection odometry` does."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import numpy as np

from vection.data.clips.folder import CLIP_FILE
from vection.errors import UsageError
from vection.evaluation.paths.camera_path import open_paths
from vection.evaluation.paths.protocol import ALIGNMENTS, OdometryProtocol, first_sequences, get_odometry_protocol
from vection.evaluation.paths.scores import PathScores, paths_json, score_path, segments_csv
from vection.files import write_text
from vection.formats.camera_path import SCORES_FILE, CameraPath
from vection.inference.motion_source import MotionChoice, describe_motion
from vection.inference.sources import FrameSource, open_sources
from vection.progress import Bars, no_bars
from vection.reports.path_files import write_path
from vection.runs.device import choose_device
from vection.runs.load import load_predictor

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


def odometry(
    source: Path | str,
    frames: Path | str | None = None,
    *,
    truth: Path | str | None = None,
    out: Path | str | None = None,
    protocol: str | OdometryProtocol = "odometry",
    align: Sequence[str] = (),
    snippets: Sequence[int] = (),
    sequences: int | None = None,
    first_frame: int | None = None,
    csv: Path | str | None = None,
    motion: MotionChoice | None = None,
    intrinsics: Path | str | None = None,
    device: str | None = None,
    progress: Bars = no_bars,
) -> PathComparison:
    """Predict the path of `frames` with the run `source`, or read the paths at `source`; write and score them.

    `frames` are a video, a folder of images or clips. `truth` is a path file, a folder of such with the same names, or
    clips with true poses; clips among `frames` bring their own. `align` and `snippets` (numbers of frames) replace
    those of the protocol, `sequences` how many sequences count, the first by name. `first_frame` says which true frame
    is the first predicted one, where neither times nor numbers tell. `csv` is a file for the errors of each segment.
    `motion` says whether predicted paths are measured in the frames ("measured"), in the unit of the predicted depth,
    come from the network ("network"), or are measured where the camera is known ("auto"); None is the network's where
    the method has learned motion, else "auto"; `intrinsics` are those of a video or images, as `ingest` takes them.
    Raises UsageError where these do not fit each other, or if there is no motion to be had.
    """
    protocol = get_odometry_protocol(protocol) if isinstance(protocol, str) else protocol
    protocol = _adapted(protocol, align=align, snippets=snippets, sequences=sequences)
    place, out = None if truth is None else Path(truth), None if out is None else Path(out)
    if frames is None:
        predicted = _first(open_paths(Path(source)), protocol)
        if place is None and out is None:
            raise UsageError("There is nothing to do: give `truth` to score the path, or `out` to write it anew.")
    elif out is None:
        raise UsageError("Say with `out` where the predicted path shall be written.")
    else:
        opened = {one.name: one for one in open_sources(Path(frames), intrinsics=intrinsics)}
        chosen = list(_first(opened, protocol).values())
        predicted = _predict(Path(source), chosen, motion=motion, device=device, progress=progress)
        place = place or _own_truth(Path(frames))
    matched = {} if place is None else _matched(predicted, open_paths(place), truth=place)
    scores = tuple(
        score_path(predicted[predicted_name], true, protocol, name=name or predicted_name, first_frame=first_frame)
        for predicted_name, (name, true) in matched.items()
    )
    folders = [] if out is None else _write(predicted, matched, out, first_frame=first_frame)
    said = tuple(path.motion for path in predicted.values())
    comparison = PathComparison(tuple(folders), scores, protocol, str(place), said if folders else ())
    if scores and out is not None:
        motions = {name: path.motion for name, path in predicted.items() if path.motion}
        content = paths_json(scores, protocol, truth=comparison.truth) | ({"motion": motions} if motions else {})
        write_text(out / SCORES_FILE, json.dumps(content, indent=1))
    if scores and csv is not None:
        write_text(Path(csv), segments_csv(scores))
    return comparison


def _first(named: Mapping[str, T], protocol: OdometryProtocol) -> dict[str, T]:
    return {name: named[name] for name in first_sequences(list(named), protocol)}


def _adapted(
    protocol: OdometryProtocol, *, align: Sequence[str], snippets: Sequence[int], sequences: int | None
) -> OdometryProtocol:
    for name in align:
        if name not in ALIGNMENTS:
            raise UsageError(f"There is no alignment '{name}'; choose among {', '.join(ALIGNMENTS)}.")
    if any(frames < 2 for frames in snippets):
        raise UsageError("A snippet has at least two frames; give larger `snippets`.")
    if sequences is not None and sequences < 1:
        raise UsageError(f"`sequences={sequences}` leaves none; it must be positive.")
    alignments = tuple(name for name in ALIGNMENTS if name in align)
    return replace(
        protocol,
        alignments=alignments or protocol.alignments,
        snippets=tuple(snippets) or protocol.snippets,
        sequences=sequences or protocol.sequences,
    )


def _predict(
    run: Path, sources: Sequence[FrameSource], *, motion: MotionChoice | None, device: str | None, progress: Bars
) -> dict[str, CameraPath]:
    predictor = load_predictor(run, device=choose_device(device))
    paths = {}
    for source in sources:
        poses, seconds, motions = [], [], []
        with progress(f"following {source.name or source.description}") as report:
            for frame, pose, motion_source in predictor.path(source, motion=motion):
                poses.append(pose)
                seconds.append(frame.seconds)
                motions.append(motion_source)
                report(len(poses), source.count)
        if len(poses) < 2:
            raise UsageError(f"{source.description} has {len(poses)} frame; a path needs at least two.")
        name = f"{source.description} ({predictor.unit})"
        paths[source.name] = CameraPath(
            name, np.stack(poses), seconds=np.array(seconds), motion=describe_motion(motions)
        )
    return paths


def _write(
    predicted: dict[str, CameraPath],
    matched: dict[str, tuple[str, CameraPath]],
    out: Path,
    *,
    first_frame: int | None,
) -> list[Path]:
    folders = []
    for name, path in predicted.items():
        true = matched[name][1] if name in matched else None
        folder = out if len(predicted) == 1 else out / name
        folders.append(write_path(path, folder, true=true, first_frame=first_frame))
    return folders


def _own_truth(frames: Path) -> Path | None:
    """Return the folder of clips if one holds true poses."""
    if not frames.is_dir() or not any(frames.rglob(CLIP_FILE)):
        return None
    try:
        open_paths(frames)
    except UsageError:
        return None
    return frames


def _matched(
    predicted: dict[str, CameraPath], trues: dict[str, CameraPath], *, truth: Path
) -> dict[str, tuple[str, CameraPath]]:
    """True paths with their names, by the names of the predicted ones."""
    if len(predicted) == len(trues) == 1:
        return {next(iter(predicted)): next(iter(trues.items()))}
    missing = [name for name in predicted if name not in trues]
    if missing:
        names = ", ".join(list(trues)[:5]) + (", ..." if len(trues) > 5 else "")
        raise UsageError(f"{truth} has no true path named '{missing[0]}' (it has {names}); rename one of the two.")
    return {name: (name, trues[name]) for name in predicted}

"""Scores of predicted camera paths under an odometry protocol: as values, JSON and CSV."""

import csv
import io
import math
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from vection.arrays import Poses
from vection.errors import UsageError
from vection.evaluation.bootstrap import draws, interval
from vection.evaluation.paths.camera_path import pair_paths
from vection.evaluation.paths.odometry import SegmentErrors, TruePoses, odometry_errors
from vection.evaluation.paths.protocol import OdometryProtocol, PathAlignment
from vection.evaluation.paths.snippets import SnippetScores, Speeds, pooled, snippet_scores, speed_json, speeds_of
from vection.evaluation.paths.trajectory import Gaps, find_gaps, scale_every_step
from vection.formats.camera_path import CameraPath, FrameNumbers
from vection.formats.record import KEY

FORMAT = 1
"""Of `odometry.json`."""


@dataclass(frozen=True)
class AlignedScores:
    """Errors of one path under one alignment; what is undefined (a path below 100 m) is NaN."""

    alignment: PathAlignment
    t_err: float
    """Percent."""
    t_err_interval: tuple[float, float]
    """95 % bootstrap interval over the segments' first frames. Segments overlap, so it is rather too narrow."""
    r_err: float
    """Degrees per 100 m."""
    ate: float
    """Unit of the true path, metres."""
    rpe_translation: float
    rpe_rotation: float
    """Degrees."""
    scale: float
    """What the predicted positions were multiplied by; NaN if it differs from step to step."""
    segments: SegmentErrors


@dataclass(frozen=True)
class PathScores:
    """All scores of one sequence."""

    name: str
    frames: int
    length: float
    """Of the true path over these frames."""
    aligned: tuple[AlignedScores, ...]
    snippets: tuple[SnippetScores, ...]
    left_out: int = 0
    """First frames of the sequence that the protocol leaves out."""
    speeds: Speeds | None = None
    """Metres a second of every true step, where its time is known."""
    gaps: int = 0
    """Places where frames are missing; the steps (RPE) and snippets across them are left out."""
    numbers: FrameNumbers | None = None
    """Numbers of all frames of the true path, where it states them."""

    def to_json(self) -> dict[str, Any]:
        """Return all numbers, ready for `json.dump`; what is undefined is None."""
        rows = []
        for row in self.aligned:
            numbers = {key: _defined(value) for key, value in asdict(row).items() if isinstance(value, float)}
            interval = [_defined(value) for value in row.t_err_interval]
            count = len(row.segments.length)
            rows.append({"alignment": row.alignment, **numbers, "t_err_interval": interval, "segments": count})
        return {
            "name": self.name,
            "frames": self.frames,
            "left_out": self.left_out,
            "gaps": self.gaps,
            "length": self.length,
            "alignments": rows,
            "snippets": [row.to_json() for row in self.snippets],
        }


def score_path(
    predicted: CameraPath,
    true: CameraPath,
    protocol: OdometryProtocol,
    *,
    name: str = "",
    first_frame: int | None = None,
) -> PathScores:
    """Pair two paths and compare them; UsageError if they cannot be paired (see `pair_paths`).

    A protocol that leaves out first frames of some sequences needs to know which one this is: the last two-digit part
    of `name`, else of where the paths were read from (`09`, `09/image_2`, `poses/09.txt`). UsageError if none is.
    """
    poses, rows = pair_paths(predicted, true, first_frame=first_frame)
    left_out = 0
    if protocol.left_out:
        left_out = protocol.left_out.get(_sequence(name, true.description, predicted.description), 0)
    frames = rows if true.numbers is None else true.numbers[rows]
    counted = frames >= left_out
    poses, rows, frames = poses[counted], rows[counted], frames[counted]
    if len(rows) < 2:
        raise UsageError(f"The protocol '{protocol.name}' leaves fewer than two frames of the path '{name}'.")
    seen, gaps = true.poses[rows], find_gaps(frames)
    snippets = [snippet_scores(poses, seen, protocol, frames=count, gaps=gaps) for count in protocol.snippets]
    seconds = true.seconds[rows] if true.seconds is not None else None
    return PathScores(
        name=name,
        frames=len(rows),
        length=float(np.linalg.norm(np.diff(seen[:, :3, 3], axis=0), axis=1).sum()),
        aligned=tuple(_aligned(poses, true.poses, rows, alignment=one, gaps=gaps) for one in protocol.alignments),
        snippets=tuple(row for row in snippets if row is not None),
        left_out=left_out,
        speeds=None if seconds is None else speeds_of(seen, seconds),
        gaps=int(gaps.sum()),
        numbers=true.numbers,
    )


def paths_json(scores: Sequence[PathScores], protocol: OdometryProtocol, *, truth: str) -> dict[str, Any]:
    """Return the scores of several sequences with the protocol, the means over sequences and over all snippets."""
    about = {"name": protocol.name, "description": protocol.describe(), "alignments": list(protocol.alignments)}
    mean: dict[str, dict[str, float | None]] = {}
    for index, alignment in enumerate(protocol.alignments):
        rows = [path.aligned[index] for path in scores]
        fields = ("t_err", "r_err", "ate", "rpe_translation", "rpe_rotation")
        mean[alignment] = {field: _mean_defined([getattr(row, field) for row in rows]) for field in fields}
    return {
        KEY: FORMAT,
        "protocol": about,
        "truth": truth,
        "sequences": [path.to_json() for path in scores],
        "mean": mean,
        "all_snippets": [row.to_json() for row in pooled(row for path in scores for row in path.snippets)],
        "speed": speed_json(path.speeds for path in scores),
    }


def segments_csv(scores: Sequence[PathScores]) -> str:
    """Return one line for each segment, alignment and sequence: errors per metre, radians per metre."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["sequence", "alignment", "first_frame", "length_m", "translation_per_m", "rotation_rad_per_m"])
    for path in scores:
        for row in path.aligned:
            part = row.segments
            first = part.first.astype(int) if path.numbers is None else path.numbers[part.first.astype(int)]
            numbers = zip(first, part.length, part.translation, part.rotation, strict=True)
            writer.writerows([path.name, row.alignment, *values] for values in numbers)
    return text.getvalue()


def _sequence(*places: str) -> str:
    """Return the number of the sequence: the last part of two digits of the first place that has one."""
    for place in places:
        found = re.findall(r"(?:^|/)(\d\d)(?=$|/|\.|\s)", "/".join(place.split("/")[-3:]))
        if found:
            return str(found[-1])
    raise UsageError(
        f"Nothing says which sequence '{places[0] or places[1]}' is, of which the protocol leaves out first frames; "
        "name its file or folder by the number (09.txt, 09/image_2)."
    )


def _aligned(
    predicted: Poses, true: TruePoses, rows: FrameNumbers, *, alignment: PathAlignment, gaps: Gaps
) -> AlignedScores:
    if alignment == "per-frame":
        scaled = scale_every_step(predicted, true[rows])
        errors = odometry_errors(scaled, true, alignment="none", frames=rows, gaps=gaps)
        scale = math.nan
    else:
        errors = odometry_errors(predicted, true, alignment=alignment, frames=rows, gaps=gaps)
        scale = errors.path.scale
    return AlignedScores(
        alignment=alignment,
        t_err=errors.t_err,
        t_err_interval=_interval(errors.segments),
        r_err=errors.r_err,
        ate=errors.path.ate,
        rpe_translation=errors.path.rpe_translation,
        rpe_rotation=math.degrees(errors.path.rpe_rotation),
        scale=scale,
        segments=errors.segments,
    )


def _interval(segments: SegmentErrors, *, resamples: int = 1000) -> tuple[float, float]:
    """95 % interval of t_err; the segments of one first frame are drawn together, and a single one has none."""
    starts, group = np.unique(segments.first, return_inverse=True)
    if len(starts) < 2:
        return math.nan, math.nan
    sums, counts = np.bincount(group, segments.translation), np.bincount(group)
    drawn = draws(len(starts), resamples=resamples)
    low, high = interval(100 * (drawn @ sums) / (drawn @ counts))
    return float(low), float(high)


def _defined(value: float) -> float | None:
    return None if math.isnan(value) else value


def _mean_defined(values: Sequence[float]) -> float | None:
    defined = [value for value in values if not math.isnan(value)]
    return float(np.mean(defined)) if defined else None

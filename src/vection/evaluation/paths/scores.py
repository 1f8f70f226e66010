"""Scores of predicted camera paths under an odometry protocol: as values, JSON, CSV and table."""

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from vection.arrays import Poses
from vection.errors import UsageError
from vection.evaluation.bootstrap import draws, interval
from vection.evaluation.paths.camera_path import pair_paths
from vection.evaluation.paths.odometry import SegmentErrors, TruePoses, odometry_errors
from vection.evaluation.paths.protocol import ALIGNMENTS, OdometryProtocol, PathAlignment
from vection.evaluation.paths.trajectory import scale_every_step, snippet_errors, steps_from_poses
from vection.extras import extra
from vection.formats.camera_path import CameraPath, FrameNumbers
from vection.formats.record import KEY

if TYPE_CHECKING:
    from rich.table import Table

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
class SnippetScores:
    """Mean and standard deviation over all snippets of one length."""

    frames: int
    snippets: int
    ate: float
    """Norm of the differences / number of frames, as published numbers have it."""
    std: float
    rmse: float
    """Mean of the true root mean squares."""
    rotation: float
    """Mean angle, degrees."""


@dataclass(frozen=True)
class PathScores:
    """All scores of one sequence."""

    name: str
    frames: int
    length: float
    """Of the true path over these frames."""
    aligned: tuple[AlignedScores, ...]
    snippets: tuple[SnippetScores, ...]

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
            "length": self.length,
            "alignments": rows,
            "snippets": [asdict(row) for row in self.snippets],
        }


def score_path(
    predicted: CameraPath,
    true: CameraPath,
    protocol: OdometryProtocol,
    *,
    name: str = "",
    first_frame: int | None = None,
) -> PathScores:
    """Pair two paths and compare them; UsageError if they cannot be paired (see `pair_paths`)."""
    poses, rows = pair_paths(predicted, true, first_frame=first_frame)
    # Prepared clips are called SEQUENCE/CAMERA.
    counted = rows >= protocol.left_out.get(name.partition("/")[0], 0)
    poses, rows = poses[counted], rows[counted]
    if len(rows) < 2:
        raise UsageError(f"The protocol '{protocol.name}' leaves fewer than two frames of the path '{name}'.")
    seen = true.poses[rows]
    snippets = [_snippets(poses, seen, protocol, frames=frames) for frames in protocol.snippets]
    return PathScores(
        name=name,
        frames=len(rows),
        length=float(np.linalg.norm(np.diff(seen[:, :3, 3], axis=0), axis=1).sum()),
        aligned=tuple(_aligned(poses, true.poses, rows, alignment=alignment) for alignment in protocol.alignments),
        snippets=tuple(row for row in snippets if row is not None),
    )


def paths_json(scores: Sequence[PathScores], protocol: OdometryProtocol, *, truth: str) -> dict[str, Any]:
    """Return the scores of several sequences with the protocol and the means over sequences."""
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
    }


def segments_csv(scores: Sequence[PathScores]) -> str:
    """Return one line for each segment, alignment and sequence: errors per metre, radians per metre."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["sequence", "alignment", "first_frame", "length_m", "translation_per_m", "rotation_rad_per_m"])
    for path in scores:
        for row in path.aligned:
            part = row.segments
            numbers = zip(part.first.astype(int), part.length, part.translation, part.rotation, strict=True)
            writer.writerows([path.name, row.alignment, *values] for values in numbers)
    return text.getvalue()


def paths_tables(scores: Sequence[PathScores], protocol: OdometryProtocol, *, truth: str) -> list["Table"]:
    """Return the tables for the terminal, the protocol below the last."""
    tables = []
    if protocol.alignments:
        tables.append(_alignment_table(scores))
    if protocol.snippets:
        tables.append(_snippet_table(scores))
    lines = [protocol.describe(), *(f"{name}: {ALIGNMENTS[name]}" for name in protocol.alignments)]
    tables[-1].caption = "\n".join([*lines, f"Ground truth read from {truth}"])
    tables[-1].caption_justify = "left"
    return tables


def _alignment_table(scores: Sequence[PathScores]) -> "Table":
    with extra("cli", purpose="Printing tables"):
        from rich.table import Table
    table = Table()
    columns = ("sequence", "frames", "length, m", "alignment", "segments", "t_err, %", "95 %", "r_err, °/100 m")
    for heading in (*columns, "ATE, m", "RPE, m", "RPE, °", "scale"):
        table.add_column(heading, justify="left" if heading in ("sequence", "alignment") else "right")
    for path in scores:
        for number, row in enumerate(path.aligned):
            first = (path.name or "-", str(path.frames), f"{path.length:.1f}") if number == 0 else ("", "", "")
            low, high = row.t_err_interval
            table.add_row(
                *first,
                row.alignment,
                str(len(row.segments.length)),
                _number(row.t_err, 3),
                "-" if math.isnan(low) else f"{low:.2f}..{high:.2f}",
                _number(row.r_err, 3),
                _number(row.ate, 3),
                _number(row.rpe_translation, 4),
                _number(row.rpe_rotation, 4),
                _number(row.scale, 4),
                end_section=number == len(path.aligned) - 1,
            )
    return table


def _snippet_table(scores: Sequence[PathScores]) -> "Table":
    with extra("cli", purpose="Printing tables"):
        from rich.table import Table
    table = Table()
    for heading in ("sequence", "snippet, frames", "snippets", "ATE, m", "root mean square, m", "rotation, °"):
        table.add_column(heading, justify="left" if heading == "sequence" else "right")
    for path in scores:
        for row in path.snippets:
            error = f"{row.ate:.4f} +- {row.std:.4f}"
            numbers = (f"{row.rmse:.4f}", f"{row.rotation:.4f}")
            table.add_row(path.name or "-", str(row.frames), str(row.snippets), error, *numbers)
    return table


def _aligned(predicted: Poses, true: TruePoses, rows: FrameNumbers, *, alignment: PathAlignment) -> AlignedScores:
    if alignment == "per-frame":
        scaled = scale_every_step(predicted, true[rows])
        errors = odometry_errors(scaled, true, alignment="none", frames=rows)
        scale = math.nan
    else:
        errors = odometry_errors(predicted, true, alignment=alignment, frames=rows)
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
    """95 % interval of t_err; the segments of one first frame are drawn together."""
    starts, group = np.unique(segments.first, return_inverse=True)
    if not len(starts):
        return math.nan, math.nan
    sums, counts = np.bincount(group, segments.translation), np.bincount(group)
    drawn = draws(len(starts), resamples=resamples)
    low, high = interval(100 * (drawn @ sums) / (drawn @ counts))
    return float(low), float(high)


def _snippets(predicted: Poses, true: Poses, protocol: OdometryProtocol, *, frames: int) -> SnippetScores | None:
    """None for a path shorter than one snippet."""
    errors = snippet_errors(
        steps_from_poses(true),
        steps_from_poses(predicted),
        frames=frames,
        as_released=protocol.as_released,
        fewest_frames=protocol.fewest_frames,
    )
    if not len(errors.translation):
        return None
    mean, std = float(errors.translation.mean()), float(errors.translation.std())
    rotation = math.degrees(float(errors.rotation.mean()))
    return SnippetScores(frames, len(errors.translation), mean, std, float(errors.rmse.mean()), rotation)


def _number(value: float, digits: int) -> str:
    return "-" if math.isnan(value) else f"{value:.{digits}f}"


def _defined(value: float) -> float | None:
    return None if math.isnan(value) else value


def _mean_defined(values: Sequence[float]) -> float | None:
    defined = [value for value in values if not math.isnan(value)]
    return float(np.mean(defined)) if defined else None

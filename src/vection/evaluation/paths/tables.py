"""Scores of camera paths as tables for the terminal."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from vection.evaluation.paths.protocol import ALIGNMENTS, OdometryProtocol
from vection.evaluation.paths.scores import PathScores
from vection.evaluation.paths.snippets import pooled, speed_json
from vection.extras import extra

if TYPE_CHECKING:
    from rich.table import Table


def paths_tables(scores: Sequence[PathScores], protocol: OdometryProtocol, *, truth: str) -> list["Table"]:
    """Return the tables for the terminal, the protocol below the last."""
    tables = []
    if protocol.alignments:
        tables.append(_alignment_table(scores))
    if protocol.snippets:
        tables.append(_snippet_table(scores))
    lines = [protocol.describe(), *(f"{name}: {ALIGNMENTS[name]}" for name in protocol.alignments)]
    if (speed := speed_json(path.speeds for path in scores)) is not None:
        lines.append(f"true speed: {speed['mean']:.3f} +- {speed['std']:.3f} m/s over all steps")
    if gaps := sum(path.gaps for path in scores):
        lines.append(f"frames are missing in {gaps} places: RPE and snippets leave out what goes across them")
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
            first = (path.name or "-", _frames(path), f"{path.length:.1f}") if number == 0 else ("", "", "")
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
    rows = [(path.name or "-", row) for path in scores for row in path.snippets]
    if len(scores) > 1:
        rows += [
            (f"all {len(scores)} sequences", row) for row in pooled(row for path in scores for row in path.snippets)
        ]
    for name, row in rows:
        error = f"{row.ate:.4f} +- {row.std:.4f}"
        numbers = (f"{row.rmse:.4f}", f"{row.rotation:.4f}")
        left_out = f" ({row.across_gaps} across gaps left out)" if row.across_gaps else ""
        table.add_row(name, str(row.frames), f"{row.snippets}{left_out}", error, *numbers)
    return table


def _frames(path: PathScores) -> str:
    left_out = [f"first {path.left_out} left out"] if path.left_out else []
    gaps = [f"gaps: {path.gaps}"] if path.gaps else []
    about = ", ".join(left_out + gaps)
    return f"{path.frames} ({about})" if about else str(path.frames)


def _number(value: float, digits: int) -> str:
    return "-" if math.isnan(value) else f"{value:.{digits}f}"

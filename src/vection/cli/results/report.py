"""`vection report`."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tyro.conf import Positional

from vection.cli.arguments import parse
from vection.cli.console import say

EXAMPLES = ("vection report runs/first", "vection report runs/first --out first.html")


@dataclass(frozen=True)
class Report:
    """Write the HTML report of a run: scores, pictures, path, learning curves, settings, all in one file."""

    run: Positional[Path]
    """Run folder, as vection train makes it."""
    out: Path | None = None
    """The file to write; report.html in the run folder if not given."""


def run(arguments: Sequence[str]) -> None:
    """Write the report and print its place."""
    options = parse(Report, arguments, command="report", examples=EXAMPLES)
    from vection.reports.report import write_report

    say(write_report(options.run, out=options.out))

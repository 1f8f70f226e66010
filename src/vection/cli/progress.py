"""The progress bar of commands, on standard error."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from vection.cli.console import PlainConsole
from vection.names import printable
from vection.progress import Report


@contextmanager
def progress_bar(title: str) -> Iterator[Report]:
    """Show a bar while the block runs; the yielded function moves it. One that never moved vanishes with an error."""
    bar = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=PlainConsole(stderr=True),
    )
    with bar:
        task = bar.add_task(printable(title), total=None)
        try:
            yield lambda done, total: bar.update(task, completed=done, total=total)
        except BaseException:
            bar.update(task, visible=bar.tasks[0].completed > 0)
            raise

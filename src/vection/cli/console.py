"""What is printed: nothing in it, such as the name of a file, is taken for markup or steers the terminal."""

import sys
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from vection.names import printable

TABLE_WIDTH = 200
"""Where nobody knows the width (a file, a pipe) tables get the room that they need."""


class PlainConsole(Console):
    """A console whose strings are only text."""

    def __init__(self, *, stderr: bool = False, width: int | None = None) -> None:
        super().__init__(stderr=stderr, width=width, markup=False, emoji=False, highlight=False)

    def render_str(self, text: str, **how: Any) -> Text:
        """Return the text of a line or cell."""
        return super().render_str(printable(text), **how)


def print_table(table: Table) -> None:
    """Print a table on standard output."""
    PlainConsole(width=None if sys.stdout.isatty() else TABLE_WIDTH).print(table)


def say(text: object) -> None:
    """Print a line on standard output; only a terminal must be kept from what names hold."""
    print(printable(str(text)) if sys.stdout.isatty() else text)

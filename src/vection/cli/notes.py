"""Sentences on standard error, beside what a command prints."""

from rich.console import Console
from rich.text import Text

from vection.cli.flags import as_flags


def note(word: str, sentence: str) -> None:
    """Print a sentence of the library after a word in colour; nothing in it, such as a name, is taken for markup."""
    line = Text.assemble((f"{word}: ", "yellow"), as_flags(sentence))
    Console(stderr=True).print(line, soft_wrap=True, highlight=False)

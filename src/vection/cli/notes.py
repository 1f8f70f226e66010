"""Sentences on standard error, beside what a command prints."""

from rich.text import Text

from vection.cli.console import PlainConsole
from vection.cli.flags import as_flags
from vection.names import printable


def note(word: str, sentence: str) -> None:
    """Print a sentence of the library after a word in colour; nothing in it, such as a name, is taken for markup."""
    line = Text.assemble((f"{word}: ", "yellow"), printable(as_flags(sentence)))
    PlainConsole(stderr=True).print(line, soft_wrap=True)


def remark(sentence: str) -> None:
    """Print a sentence of the library alone."""
    PlainConsole(stderr=True).print(as_flags(sentence), soft_wrap=True)

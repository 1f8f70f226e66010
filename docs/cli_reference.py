"""Writes docs/cli.md from the help texts of the program: python docs/cli_reference.py (make docs)."""

import contextlib
import io
import os
from pathlib import Path

from vection.cli.main import COMMANDS, main

PAGE = Path(__file__).with_name("cli.md")


def reference() -> str:
    """Return the page."""
    os.environ["COLUMNS"] = "110"
    parts = ["# The command line\n\nWritten by `make docs` from the help texts.\n", f"```\n{_help()}```\n"]
    parts += [f"## vection {' '.join(words)}\n\n```\n{_help(*words)}```\n" for words in _commands()]
    return "\n".join(parts)


def _commands() -> list[list[str]]:
    """Return the commands, and one in its second meaning behind the first."""
    commands = [[command] for command in COMMANDS]
    commands.insert(commands.index(["export"]) + 1, ["export", "--to", "onnx"])
    return commands


def _help(*command: str) -> str:
    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        main([*command, "--help"])
    return "\n".join(line.rstrip() for line in text.getvalue().rstrip().splitlines()) + "\n"


if __name__ == "__main__":
    PAGE.write_text(reference(), encoding="utf-8")

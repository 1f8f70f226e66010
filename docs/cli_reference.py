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
    parts += [f"## vection {command}\n\n```\n{_help(command)}```\n" for command in COMMANDS]
    return "\n".join(parts)


def _help(*command: str) -> str:
    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        main([*command, "--help"])
    return "\n".join(line.rstrip() for line in text.getvalue().rstrip().splitlines()) + "\n"


if __name__ == "__main__":
    PAGE.write_text(reference(), encoding="utf-8")

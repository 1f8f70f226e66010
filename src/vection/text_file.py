"""Text files that appear whole or not at all."""

import contextlib
import os
from pathlib import Path

from vection.errors import UsageError


def write_text(path: Path, text: str) -> None:
    """Write a file in one step, and the folders above it; UsageError if the place cannot be written."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise UsageError(f"Cannot write {path}: {error.strerror}; free space or choose another place.") from error

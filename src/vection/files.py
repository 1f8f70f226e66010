"""Files and folders that appear whole or not at all, and reading that says why it failed."""

import contextlib
import json
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from vection.errors import DataError, UsageError, VectionError


def write_text(path: Path, text: str) -> None:
    """Write a UTF-8 file in one step, and the folders above it; UsageError if the place cannot be written."""
    with whole_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Yield a temporary path with the suffix of `path`; what was written there becomes `path` when the block ends well.

    The folders above it are made. An error in the block, or a kill, leaves an older file as it was. Raises UsageError
    if the place cannot be written.

    >>> with whole_file(Path("scores.json")) as temporary:
    ...     _ = temporary.write_text("{}")
    >>> Path("scores.json").read_text()
    '{}'
    """
    with _cannot_write(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".vection-{secrets.token_hex(6)}{path.suffix}")
        try:
            yield temporary
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def whole_folder(path: Path, *, overwrite: bool = False) -> Iterator[Path]:
    """Yield an empty temporary folder that becomes the folder `path` when the block ends well.

    A folder that is there must be empty, or `overwrite` must hold: it is then kept until the new one is whole. Whether
    it may be overwritten is for the caller to check. Raises UsageError if the place is taken or cannot be written.
    """
    if not overwrite:
        check_free(path)
    with _cannot_write(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=".vection-", dir=path.parent))
        try:
            temporary = folder / path.name
            temporary.mkdir()
            yield temporary
            if path.exists():
                path.rename(folder / "old")
            try:
                temporary.rename(path)
            except OSError:
                if (folder / "old").exists():
                    (folder / "old").rename(path)
                raise
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def check_free(path: Path) -> None:
    """Raise UsageError if something lies at `path`; an empty folder does not count."""
    if path.is_file() or (path.is_dir() and any(path.iterdir())):
        raise UsageError(f"{path} exists already; choose another place, or remove it first.")


def read_text(path: Path, *, remedy: str, missing: type[VectionError] = UsageError) -> str:
    """Read a UTF-8 file, with or without a byte-order mark.

    `remedy` ends the sentence of the errors: `missing` if there is no such file or it cannot be opened (a DataError
    where the file belongs to the data, not to what the user typed), DataError if it is no text.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise missing(f"Cannot read {path}: {error.strerror}; {remedy}") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is no text in UTF-8; {remedy}") from error


def read_json(path: Path, *, remedy: str, missing: type[VectionError] = UsageError) -> dict[str, Any]:
    """Read a JSON object; errors as of `read_text`, and DataError if it is no JSON, or none that is an object."""
    text = read_text(path, remedy=remedy, missing=missing)
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path} is not valid JSON ({error}); {remedy}") from error
    if not isinstance(content, dict):
        raise DataError(f"{path} holds no JSON object; {remedy}")
    return content


@contextlib.contextmanager
def _cannot_write(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        place = path if error.filename is None else Path(error.filename)
        if not (place.is_relative_to(path.parent) or path.is_relative_to(place)):
            raise  # of something else that was opened meanwhile
        raise UsageError(
            f"Cannot write {path}: {error.strerror or error}; free space or choose another place."
        ) from error

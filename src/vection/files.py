"""Files and folders that appear whole or not at all, and reading that says why it failed."""

import contextlib
import errno
import fnmatch
import json
import math
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from vection.errors import DataError, UsageError, VectionError
from vection.locks import REPLACED, TEMPORARY, hold, own_file, remove, short_name, sweep, to_be_removed

CANNOT_FLUSH = (errno.EINVAL, errno.ENOTSUP, errno.EBADF, errno.EACCES, errno.EPERM)
"""Errors of systems that do not flush files that are read, or folders; a full or broken disk has others."""
NOBODYS = (f"{TEMPORARY}*", ".DS_Store", "._*", "Thumbs.db", "desktop.ini")
"""Files that nobody misses, of killed programs and of file managers."""


def write_text(path: Path, text: str) -> None:
    """Write a UTF-8 file in one step, and the folders above it; UsageError if the place cannot be written.

    What cannot be encoded, as names of files that are no UTF-8, is written out.
    """
    with whole_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8", errors="backslashreplace")


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
    if not path.name:
        raise UsageError(f"'{path}' is a folder; name a file to write.")
    with _cannot_write(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with own_file(path.with_name(f"{TEMPORARY}{short_name(path.name)}")) as temporary:
            yield temporary
            temporary.replace(path)


@contextlib.contextmanager
def whole_folder(path: Path, *, overwrite: bool = False) -> Iterator[Path]:
    """Yield an empty temporary folder that becomes the folder `path` when the block ends well.

    A folder that is there must be empty, or `overwrite` must hold: then it is kept until the new one is whole, and
    after a kill in the moment between the two `find_folder` finds it, and the next call puts it back. Whether it may be
    overwritten is for the caller to check. Raises UsageError if the place is taken, cannot be written, or if another
    process is writing it.
    """
    if path.name in ("", ".."):
        raise UsageError(f"{path} cannot be written as a whole; name a folder in it.")
    sweep(path)
    with hold(path) as alone, _cannot_write(path):
        aside = _aside(path)
        if alone and aside.is_dir() and not path.exists():
            aside.rename(path)
        if not overwrite or path.is_file():
            check_free(path)
        folder = _temporary_folder(path, alone=alone)
        try:
            temporary = folder / path.name
            temporary.mkdir()
            yield temporary
            _swap(temporary, path)
        finally:
            remove(folder)


def flush(folder: Path) -> None:
    """Wait until the files of a folder are on the disk, so that a loss of power cannot leave them empty."""
    for path in (*folder.iterdir(), folder):
        try:
            file = os.open(path, os.O_RDONLY)
            try:
                os.fsync(file)
            finally:
                os.close(file)
        except OSError as error:
            if error.errno not in CANNOT_FLUSH:
                raise


def find_folder(path: Path) -> Path | None:
    """Return `path`, or what a kill amid its replacement by `whole_folder` left in its stead, or None."""
    return next((folder for folder in (path, _aside(path)) if folder.is_dir()), None)


def inside(folder: Path, name: str) -> Path:
    """Return the file `name` below `folder`, which a file in it names; DataError if a link leads out of the folder."""
    path = folder / name
    if not lies_in(path, folder):
        raise DataError(f"{path} is a link that leads out of {folder}; put a copy there, or link the whole folder.")
    return path


def lies_in(path: Path, folder: Path) -> bool:
    """Return whether `path` is `folder` or lies below it, when all links are followed."""
    return real_path(path).is_relative_to(real_path(folder))


def real_path(path: Path) -> Path:
    """Return the place where links lead; where they lead in circles, `Path.resolve` would raise RuntimeError."""
    return Path(os.path.realpath(path))


def visible(paths: Iterable[Path], root: Path) -> list[Path]:
    """Return the paths below `root` that are not hidden, nor in hidden folders, such as those of unfinished files."""
    return [path for path in paths if not any(part.startswith(".") for part in path.relative_to(root).parts)]


def remove_unfinished(folder: Path) -> None:
    """Remove what killed programs left unfinished in `folder`; nothing else may write there at the same time."""
    for rest in folder.glob(f"{TEMPORARY}*"):
        if rest.is_dir():
            shutil.rmtree(rest, ignore_errors=True)
        else:
            rest.unlink(missing_ok=True)


def check_free(path: Path) -> None:
    """Raise UsageError if something lies at `path`; an empty folder does not count."""
    sweep(path)
    if path.is_file() or (path.is_dir() and any(path.iterdir())):
        raise UsageError(f"{path} exists already; choose another place, or remove it first.")


def check_own(folder: Path, own: Iterable[str], *, kind: str) -> None:
    """Raise UsageError if `folder`, which is to be replaced, holds more than `own`, the names of such a `kind`.

    A name may have wildcards, and a folder before it ("frames/*.jpg"); one of a folder stands for all in it.
    """
    own = tuple(own)
    above = {name.partition("/")[0] for name in own if "/" in name}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        top = name.partition("/")[0]
        known = _matches(name, own) or _matches(top, own) or _matches(path.name, NOBODYS)
        if not known and not (top in above and path.is_dir()):
            raise UsageError(
                f"{folder} is not overwritten: '{name}' in it is no part of {kind} and would be lost; move it "
                "away, or choose another place."
            )


def _matches(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


def json_text(content: Any, *, indent: int | None = None) -> str:
    """Return plain values as JSON that every reader takes: numbers that are not finite become null.

    >>> json_text({"abs_rel": 0.1, "t_err": float("nan")})
    '{"abs_rel": 0.1, "t_err": null}'
    """
    try:
        return json.dumps(content, indent=indent, allow_nan=False, default=os.fspath)
    except ValueError:
        return json.dumps(_defined(content), indent=indent, allow_nan=False, default=os.fspath)


def json_of_rows(content: Mapping[str, Any], key: str, rows: Iterable[Any]) -> str:
    """Return JSON of an object that ends with a list: `key`, and a line for each of `rows`.

    To lay out a hundred thousand rows at once would take more memory than they do.

    >>> print(json_of_rows({"unit": "metres"}, "frames", [{"name": "a"}, {"name": "b"}]))
    {
     "unit": "metres",
     "frames": [
      {"name": "a"},
      {"name": "b"}
     ]
    }
    """
    lines = ",\n  ".join(map(json_text, rows))
    return f'{json_text(content, indent=1)[:-2]},\n "{key}": [\n  {lines}\n ]\n}}'


def _defined(content: Any) -> Any:
    if isinstance(content, Mapping):
        return {key: _defined(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_defined(value) for value in content]
    return None if isinstance(content, float) and not math.isfinite(content) else content


def check_room(place: Path, size: float, *, thinning: str = "") -> None:
    """Raise UsageError if the disk of `place`, which need not be there yet, has less than `size` bytes free.

    `thinning` names the arguments with which less is written.
    """
    above = [folder for folder in (place, *place.absolute().parents) if folder.is_dir()]
    free = float(shutil.disk_usage(above[0]).free)
    if size > free:
        raise UsageError(
            f"At least {in_units(size)} will be written, but the disk of {_shown(above)} has {in_units(free)} free; "
            f"free space, choose another place, or write less{thinning and f' ({thinning})'}."
        )


def _shown(folders: list[Path]) -> Path:
    """Return the first folder that is no temporary one of ours."""
    return next(folder for folder in folders if not any(part.startswith(TEMPORARY) for part in folder.parts))


def in_units(size: float) -> str:
    """Return a number of bytes in words.

    >>> in_units(1.234e9), in_units(5e3)
    ('1.2 GB', '0.005 MB')
    """
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.2g} MB"


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
    return json_object(read_text(path, remedy=remedy, missing=missing), path=path, remedy=remedy)


def json_object(text: str, *, path: Path, remedy: str) -> dict[str, Any]:
    """Return the JSON object in a text; DataError if it is none, which names the file `path` and ends with `remedy`."""
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path} is not valid JSON ({error}); {remedy}") from error
    if not isinstance(content, dict):
        raise DataError(f"{path} holds no JSON object; {remedy}")
    return content


def _temporary_folder(path: Path, *, alone: bool) -> Path:
    """Make a folder beside `path`; what a killed process left there is removed, if nobody else can be at it."""
    if not alone:
        return to_be_removed(Path(tempfile.mkdtemp(prefix=TEMPORARY, dir=path.parent)))
    folder = path.with_name(f"{TEMPORARY}{short_name(path.name)}")
    shutil.rmtree(folder, ignore_errors=True)
    to_be_removed(folder).mkdir(mode=0o700)
    return folder


def _swap(new: Path, path: Path) -> None:
    """Rename `new` to `path`; an older folder is moved aside first and deleted last."""
    aside = _aside(path)
    try:
        if path.exists():
            shutil.rmtree(aside, ignore_errors=True)
            path.rename(aside)
        new.rename(path)
    except BaseException:
        if aside.exists() and not path.exists():
            aside.rename(path)
        raise
    remove(to_be_removed(aside))


def _aside(path: Path) -> Path:
    return path.with_name(f"{REPLACED}{short_name(path.name)}")


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

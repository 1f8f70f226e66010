"""One process a folder: locks of the operating system, which end with the process that holds them, however it ends."""

import contextlib
import errno
import functools
import hashlib
import json
import os
import secrets
import shutil
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import ParamSpec, TypeVar

from vection.errors import UsageError

if sys.platform != "win32":
    import fcntl

LOCK = ".lock-vection-"
"""How the names of lock files begin, which lie beside what they lock; they are removed when it is free again."""
TEMPORARY = ".vection-"
"""How the names of unfinished files and folders begin."""
REPLACED = ".old-vection-"
"""How the names of folders begin that are being replaced."""
LONGEST_NAME = 180
"""Bytes; names of files are at most 255, and ours put something before it."""
SHOWN_COMMAND = 120

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")

_held: dict[Path, int] = {}
"""The thread that holds a place, so that what it calls may hold it, too."""
_descriptors: set[int] = set()
_unfinished: set[Path] = set()
"""What this process made and has to remove."""


@contextlib.contextmanager
def hold(place: Path) -> Iterator[bool]:
    """Own what is written at `place` until the block ends, and yield whether the file system can tell others.

    What is called within may hold it once more. After a kill nothing is locked; the file that says who held it stays
    until the next call. Raises UsageError with the process that holds the place, or if nothing can be written there.
    """
    key = Path(os.path.realpath(place))
    if _held.get(key) == threading.get_ident():
        yield True
        return
    try:
        made = [folder for folder in key.parents if not folder.exists()]
        key.parent.mkdir(parents=True, exist_ok=True)
        file = _lock_file(key)
        descriptor = _open_locked(file)
    except OSError as error:
        raise UsageError(f"Cannot write {place}: {error.strerror}; free space or choose another place.") from error
    if isinstance(descriptor, str):
        raise UsageError(f"{place} is in use by {descriptor}; wait until that has ended, or choose another place.")
    try:
        if descriptor is not None:
            _held[key] = threading.get_ident()
        if descriptor is not None:
            _sign(descriptor)
        yield descriptor is not None
    finally:
        _held.pop(key, None)
        if descriptor is not None:
            remove(file)  # before it is free, so that nobody locks a file that is gone
        _close(descriptor)
        with contextlib.suppress(OSError):
            for folder in made:
                folder.rmdir()  # only if nothing was written


def sweep(place: Path) -> None:
    """Remove the lock and what else a killed process left beside a place, unless somebody holds it now."""
    key = Path(os.path.realpath(place))
    if key in _held:
        return
    left = [key.with_name(f"{TEMPORARY}{short_name(key.name)}")]
    with contextlib.suppress(OSError, UsageError):
        if key.exists():  # else it is all that there is
            left.append(key.with_name(f"{REPLACED}{short_name(key.name)}"))
        if any(path.exists() for path in left) or _lock_file(key).exists():
            with hold(place) as alone:
                for path in left if alone else ():
                    remove(path)


def holding(
    argument: str, *, when: Callable[[], bool] = lambda: True
) -> Callable[[Callable[Parameters, Result]], Callable[Parameters, Result]]:
    """Let a function `hold` the place that its keyword `argument` names, if `when` says so when it is called."""

    def decorate(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
        @functools.wraps(function)
        def held(*arguments: Parameters.args, **named: Parameters.kwargs) -> Result:
            alone = argument in named and when()
            with hold(Path(str(named[argument]))) if alone else contextlib.nullcontext():
                return function(*arguments, **named)

        return held

    return decorate


@contextlib.contextmanager
def own_file(path: Path) -> Iterator[Path]:
    """Yield `path`, empty, or a name like it if another process writes there; it is removed when the block ends.

    What a killed process left under this name is overwritten.
    """
    descriptor = _open_locked(path)
    if not isinstance(descriptor, int):
        path = to_be_removed(path.with_name(f"{path.stem}-{secrets.token_hex(6)}{path.suffix}"))
        descriptor = None
    try:
        if descriptor is not None:
            os.ftruncate(descriptor, 0)
        yield path
    finally:
        if descriptor is None or _is_ours(path, descriptor):
            remove(path)
        _unfinished.discard(path.absolute())
        _close(descriptor)


def to_be_removed(path: Path) -> Path:
    """Note that this process has to `remove` the path, whatever happens, and return it."""
    _unfinished.add(path.absolute())
    return path


def remove(path: Path) -> None:
    """Remove a file or folder, as far as that is possible."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):
            path.unlink()
    _unfinished.discard(path.absolute())


def clean_up() -> None:
    """Remove what is left where a signal interrupted the removing itself; other signals wait."""
    kinds = (signal.SIGINT, signal.SIGTERM) if threading.current_thread() is threading.main_thread() else ()
    before = {kind: signal.signal(kind, signal.SIG_IGN) for kind in kinds}
    for path in sorted(_unfinished, reverse=True):
        remove(path)
    for kind, handler in before.items():
        signal.signal(kind, handler)


def short_name(name: str) -> str:
    """Return a name that stays possible with something before it: itself, or, if it is very long, its hash."""
    if len(os.fsencode(name)) <= LONGEST_NAME:
        return name
    return hashlib.sha256(os.fsencode(name)).hexdigest()[:16] + Path(name).suffix[:16]


def _lock_file(place: Path) -> Path:
    """Beside the place; within, if the folder above it is read-only."""
    beside = place.parent / f"{LOCK}{short_name(place.name)}"
    if place.is_dir() and not os.access(place.parent, os.W_OK):
        return place / LOCK.rstrip("-")
    return beside


def _open_locked(file: Path) -> int | str | None:
    """Return the descriptor of a file that is locked now, or who has locked it, or None if nobody can."""
    while True:
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o666)
        _descriptors.add(descriptor)
        try:
            locked = _lock(descriptor)
            if locked is None:
                _close(descriptor)
                file.unlink(missing_ok=True)
                return None
            if not locked:
                holder = _holder(descriptor)
                _close(descriptor)
                return holder
            with contextlib.suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(descriptor), file.stat()):
                    to_be_removed(file)
                    return descriptor
        except BaseException:
            _close(descriptor)
            raise
        _close(descriptor)  # it was removed or renamed by who held it before


def _lock(descriptor: int) -> bool | None:
    """Lock it, or return False if another has it, or None where files cannot be locked."""
    if sys.platform == "win32":
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return False if error.errno in (errno.EWOULDBLOCK, errno.EACCES) else None
    return True


def _sign(descriptor: int) -> None:
    """Write who we are; a full disk does not matter."""
    program = Path(sys.argv[0])
    words = " ".join([program.parent.name if program.name == "__main__.py" else program.name, *sys.argv[1:]])
    about = {
        "pid": os.getpid(),
        "host": socket.gethostname(),
        "command": words[:SHOWN_COMMAND],
        "since": datetime.now().astimezone().isoformat(sep=" ", timespec="seconds"),
    }
    with contextlib.suppress(OSError):
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(about).encode(), 0)


def _holder(descriptor: int) -> str:
    try:
        about = json.loads(os.pread(descriptor, 4096, 0))
        return f"process {about['pid']} on {about['host']} ({about['command']}, since {about['since']})"
    except (ValueError, KeyError, TypeError, OSError):
        return "another process"


def _is_ours(path: Path, descriptor: int) -> bool:
    """Whether the name is still that of the locked file, or its writer replaced it; else another process has it now."""
    opened = os.fstat(descriptor)
    try:
        return opened.st_nlink == 0 or os.path.samestat(opened, path.stat())
    except OSError:
        return False


def _close(descriptor: int | None) -> None:
    if descriptor in _descriptors:
        _descriptors.discard(descriptor)
        os.close(descriptor)


def _forget() -> None:
    """A forked worker would keep the lock of a parent that was killed."""
    for descriptor in list(_descriptors):
        _close(descriptor)
    _held.clear()
    _unfinished.clear()


if sys.platform != "win32":
    os.register_at_fork(after_in_child=_forget)

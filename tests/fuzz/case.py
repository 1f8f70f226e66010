"""One case: a command on damaged input in a process of its own, and whether it ended as it must."""

import contextlib
import faulthandler
import io
import os
import re
import resource
import signal
import sys
import tempfile
import time
import traceback
import zipfile
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

SECONDS = 20
"""After which a case counts as hanging."""
MEGABYTES = 1500
"""More than that above what the imported library takes is too much for inputs of a few kilobytes."""
ENDINGS = (0, 2, 3)
UNFINISHED = re.compile(r"(^|/)(tmp/|\.vection-|\.lock-vection-|\.old-vection-)")
"""How the names of what is not finished begin."""


@dataclass(frozen=True)
class Ending:
    """How a command ended."""

    code: int
    """Exit code; negative: the signal."""
    error: str
    """What it wrote to standard error."""
    seconds: float
    megabytes: float
    """Memory above that of its parent."""
    opened: frozenset[Path]
    """The files that it opened."""


def run(words: Sequence[str], folder: Path, main: Callable[[Sequence[str]], int]) -> Ending:
    """Run a command in `folder`, in a fork of this process, in which everything is imported already."""
    with tempfile.TemporaryFile() as errors, tempfile.TemporaryFile() as opened:
        began = time.monotonic()
        child = os.fork()
        if child == 0:
            _child(words, folder, main, errors.fileno(), opened.fileno())
        code, usage = _wait(child, began + SECONDS)
        errors.seek(0)
        opened.seek(0)
        files = frozenset(folder / name for name in os.fsdecode(opened.read()).split("\0"))
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        used = max(0, usage.ru_maxrss - before) / 1024
        return Ending(code, errors.read().decode(errors="replace"), time.monotonic() - began, used, files)


def _child(words: Sequence[str], folder: Path, main: Callable[[Sequence[str]], int], errors: int, opened: int) -> None:
    code = 70

    def note(event: str, arguments: tuple[object, ...]) -> None:
        if event == "open" and isinstance(arguments[0], str | Path):
            os.write(opened, os.fsencode(arguments[0]) + b"\0")

    try:
        sys.addaudithook(note)
        os.setsid()
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os.dup2(errors, 2)
        os.chdir(folder)
        os.environ["TMPDIR"] = tempfile.tempdir = str(folder / "tmp")
        sys.stdout, sys.stderr = io.StringIO(), os.fdopen(2, "w", buffering=1, errors="backslashreplace")
        faulthandler.dump_traceback_later(SECONDS - 2, file=2)  # says where it hangs
        code = main(words)
        sys.stderr.flush()
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def _wait(child: int, deadline: float) -> tuple[int, resource.struct_rusage]:
    while True:
        found, status, usage = os.wait4(child, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status), usage
        if time.monotonic() > deadline:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child, signal.SIGKILL)
            _, _, usage = os.wait4(child, 0)
            return -signal.SIGALRM, usage
        time.sleep(0.002)


def files_below(folder: Path) -> dict[str, int]:
    """Return the files below a folder and their sizes."""
    return {str(path.relative_to(folder)): path.lstat().st_size for path in folder.rglob("*") if not path.is_dir()}


def complaint(
    ending: Ending, before: dict[str, int], folder: Path, *, outputs: Sequence[str], damaged: tuple[Path, bytes] | None
) -> str:
    """Return what is wrong with an ending, in a few words; empty if nothing is.

    `before` are the files that were there, `outputs` what the command may write, `damaged` the file that was changed
    and what it held.
    """
    if ending.code == -signal.SIGALRM:
        return f"hangs for {SECONDS} seconds: {ending.error[-1000:]}"
    if ending.code not in ENDINGS:
        return f"ends with {ending.code}: {ending.error[-300:]}"
    if "Traceback" in ending.error or "bug in vection" in ending.error:
        return f"traceback: {ending.error[-300:]}"
    if ending.code and ending.error.count("vection: error:") != 1:
        return f"no sentence: {ending.error[-300:]}"
    if ending.megabytes > MEGABYTES:
        return f"takes {ending.megabytes:.0f} MB"
    after = files_below(folder)
    if lost := [name for name in before if name not in after]:
        return f"loses {lost[0]}"
    left = [name for name in after if name not in before]
    if more := [name for name in left if not name.startswith(tuple(outputs))]:
        return f"leaves {more[0]}"
    if half := [name for name in left if UNFINISHED.search(name)]:
        return f"leaves {half[0]}"
    if ending.code or damaged is None or damaged[0] not in ending.opened or _is_listed(damaged[0], folder, outputs):
        return ""
    reason = broken(*damaged)
    return f"accepts a file that is broken: {reason}" if reason else ""


def _is_listed(damaged: Path, folder: Path, outputs: Sequence[str]) -> bool:
    """Whether an output says that the file was left out."""
    tables = (table for output in outputs for table in folder.glob(f"{output}*/**/skipped.csv"))
    return any(damaged.name in table.read_text(encoding="utf-8", errors="replace") for table in tables)


def broken(file: Path, data: bytes) -> str:
    """Return what a format's own checks say against the bytes of a file; empty if nothing, or if it has none."""
    checks = {".png": _broken_png, ".npz": _broken_zip, ".zip": _broken_zip, ".jpg": _broken_jpeg}
    return checks.get(file.suffix, lambda _: "")(data)


def _broken_png(data: bytes) -> str:
    if not data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "no PNG"
    place = 8
    while place + 12 <= len(data):
        length, kind = int.from_bytes(data[place : place + 4]), data[place + 4 : place + 8]
        end = place + 8 + length
        if zlib.crc32(data[place + 4 : end]) != int.from_bytes(data[end : end + 4]):
            # A reader may pass over a chunk that it does not need.
            return f"checksum of {kind!r}" if kind in (b"IHDR", b"IDAT", b"PLTE") else ""
        if kind == b"IEND":
            return ""
        place = end + 4
    return "cut"


def _broken_zip(data: bytes) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return archive.testzip() or ""
    except Exception as error:
        return type(error).__name__


def _broken_jpeg(data: bytes) -> str:
    return "" if data.startswith(b"\xff\xd8") and b"\xff\xd9" in data[-4096:] else "cut"

"""A command in a process of its own, to which something happens at a chosen moment."""

import contextlib
import faulthandler
import io
import os
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from vection.cli.main import main

PATIENCE = 600.0
"""Seconds after which a command hangs."""
FILE_EVENTS = ("open", "shutil.", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.listdir", "os.scandir")
"""How the names of Python's audit events begin that are counted: moments at which files change hands."""

Deed = Callable[[], None]


@dataclass(frozen=True)
class Moment:
    """When something happens: at a number of file events, or after some seconds; never, if at neither."""

    event: int | None = None
    seconds: float | None = None


NEVER = Moment()


@dataclass(frozen=True)
class Ending:
    """How a command ended."""

    code: int
    """Exit code; negative: the signal; None is never: a command that hangs is killed and counts as -9."""
    error: str
    events: int
    """File events until then."""
    seconds: float


class Command:
    """A command that runs in `folder`, in a fork of this process; `deed` is done within it at `moment`.

    `group` gives it a process group, which signals then reach as a whole. `prepare` is done first.
    """

    def __init__(
        self,
        words: Sequence[str],
        folder: Path,
        *,
        moment: Moment = NEVER,
        deed: Deed = lambda: None,
        prepare: Deed = lambda: None,
    ) -> None:
        self.output = tempfile.TemporaryFile()  # noqa: SIM115
        self.counter = tempfile.TemporaryFile()  # noqa: SIM115
        self.began = time.monotonic()
        self.pid = os.fork()
        if self.pid == 0:
            self._run(words, folder, moment, deed, prepare)

    def _run(self, words: Sequence[str], folder: Path, moment: Moment, deed: Deed, prepare: Deed) -> None:
        code = 70
        try:
            os.setsid()
            os.chdir(folder)
            temporary = folder.parent / "tmp"
            temporary.mkdir(exist_ok=True)
            os.environ["TMPDIR"] = tempfile.tempdir = str(temporary)
            os.dup2(self.output.fileno(), 2)
            sys.stdout, sys.stderr = io.StringIO(), os.fdopen(2, "w", buffering=1, errors="backslashreplace")
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            faulthandler.dump_traceback_later(PATIENCE - 10, file=2)  # says where it hangs
            prepare()
            self._watch(str(folder), moment, deed)
            code = main(words)
            sys.stderr.flush()
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)

    def _watch(self, folder: str, moment: Moment, deed: Deed) -> None:
        seen = 0
        counter = self.counter.fileno()
        within = False

        def hook(event: str, arguments: tuple[object, ...]) -> None:
            nonlocal seen, within
            if within or not event.startswith(FILE_EVENTS) or not arguments:
                return
            place = arguments[0]
            if not isinstance(place, (str, os.PathLike)):
                return
            path = os.fspath(place)
            if isinstance(path, bytes) or (path.startswith("/") and not path.startswith(folder)):
                return
            seen += 1
            within = True
            os.pwrite(counter, b"%d" % seen, 0)
            if seen == moment.event:
                deed()
            within = False

        sys.addaudithook(hook)
        if moment.seconds is not None:
            signal.signal(signal.SIGALRM, lambda *_: deed())
            signal.setitimer(signal.ITIMER_REAL, moment.seconds)

    def wait(self, *, until_stopped: bool = False) -> Ending:
        """Wait for its end, or until it stops itself (then the code is 0)."""
        deadline = time.monotonic() + PATIENCE
        flags = os.WNOHANG | (os.WUNTRACED if until_stopped else 0)
        while True:
            found, status = os.waitpid(self.pid, flags)
            if found and os.WIFSTOPPED(status):
                return self._ending(0)
            if found:
                return self._ending(os.waitstatus_to_exitcode(status))
            if time.monotonic() > deadline:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(self.pid, signal.SIGKILL)
            time.sleep(0.002)

    def _ending(self, code: int) -> Ending:
        error = os.pread(self.output.fileno(), 1 << 20, 0).decode(errors="replace")
        events = int(os.pread(self.counter.fileno(), 32, 0) or 0)
        return Ending(code, error, events, time.monotonic() - self.began)

    def __enter__(self) -> "Command":
        return self

    def __exit__(self, *_: object) -> None:
        self.output.close()
        self.counter.close()


def run(
    words: Sequence[str],
    folder: Path,
    *,
    moment: Moment = NEVER,
    deed: Deed = lambda: None,
    prepare: Deed = lambda: None,
) -> Ending:
    """Run a command to its end."""
    with Command(words, folder, moment=moment, deed=deed, prepare=prepare) as command:
        return command.wait()


def fresh_copy(inputs: Path, folder: Path) -> Path:
    """Return `folder` with nothing but the inputs in it, and nothing in the folder for temporary files beside it."""
    for path in (folder, folder.parent / "tmp"):
        shutil.rmtree(path, ignore_errors=True)
    return shutil.copytree(inputs, folder, symlinks=True)

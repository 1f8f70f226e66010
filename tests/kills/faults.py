"""What happens to a command, and what must hold afterwards: nothing is lost, and it goes on to the same result."""

import ctypes
import gc
import os
import random
import resource
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import cv2
from tests.kills.moments import NEVER, Command, Deed, Ending, Moment, fresh_copy, run
from tests.kills.results import contents, differences, empty_folders, leftovers
from tests.kills.scenarios import Scenario

SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
INTERRUPTED = 130
PAGE = 4096
ROOM = "4g"
"""Of a disk that is large enough."""


@dataclass(frozen=True)
class Reference:
    """A scenario, its inputs, and what it leaves in peace."""

    scenario: Scenario
    inputs: Path
    folder: Path
    """Where every case runs, because results hold paths."""
    before: dict[str, bytes]
    after: dict[str, bytes]
    empty: set[str]
    ending: Ending

    def copy(self) -> Path:
        return fresh_copy(self.inputs, self.folder)

    def run(self, *, moment: Moment = NEVER, deed: Deed = lambda: None, prepare: Deed = lambda: None) -> Ending:
        return run(self.scenario.words, self.folder, moment=moment, deed=deed, prepare=prepare)


def in_peace(scenario: Scenario, place: Path) -> Reference:
    """Write the inputs of a scenario below `place` and run it once without any fault."""
    inputs, folder = place / "inputs", place / "case"
    inputs.mkdir()
    cv2.setNumThreads(1)  # OpenCV waits for ever where threads of its own are gone after a fork
    scenario.write(inputs)
    fresh_copy(inputs, folder)
    gc.freeze()  # what is there stays shared with the forks
    ending = run(scenario.words, folder)
    assert ending.code == 0, f"{scenario.name} ends with {ending.code} in peace: {ending.error}"
    assert leftovers(folder) == [], f"{scenario.name} leaves {leftovers(folder)} in peace"
    return Reference(scenario, inputs, folder, contents(inputs), contents(folder), empty_folders(folder), ending)


def _moment(reference: Reference, chance: random.Random) -> Moment:
    if chance.random() < 0.6:
        return Moment(event=chance.randint(1, max(1, reference.ending.events)))
    return Moment(seconds=chance.uniform(0.001, reference.ending.seconds))


def kill(reference: Reference, chance: random.Random) -> str:
    """End the command by a signal, now and then twice, and call it again."""
    reference.copy()
    killed = False
    for _ in range(chance.choice((1, 1, 2))):
        kind = chance.choice(SIGNALS)
        killed |= kind == signal.SIGKILL
        whole_group = chance.random() < 0.5
        ending = reference.run(moment=_moment(reference, chance), deed=partial(_send, kind, whole_group=whole_group))
        if kind == signal.SIGKILL:
            for path in (reference.folder.parent / "tmp").glob("pymp-*"):  # of Python's own processes
                shutil.rmtree(path)
        if wrong := _interrupted(reference, ending, kind, killed=killed):
            return f"{kind.name}: {wrong}"
        if ending.code == 0:
            break
    return _goes_on(reference)


def full_disk(reference: Reference, chance: random.Random) -> str:
    """Let the disk be too small, then large enough."""
    sizes = {name: len(data) for name, data in reference.after.items() if reference.before.get(name) != data}
    if not _can_mount():
        return file_limit(reference, chance)
    inputs = sum(-(-path.stat().st_size // PAGE) for path in reference.inputs.rglob("*") if path.is_file()) * PAGE
    needed = sum(-(-size // PAGE) for size in sizes.values()) * PAGE
    with _disk(reference, size=str(inputs + 16 * PAGE + round(needed * chance.random()))) as remount:
        ending = reference.run()
        if wrong := _refused(reference, ending, codes=(0, 2)):
            return wrong
        remount(f"size={ROOM}")
        return _goes_on(reference)


def file_limit(reference: Reference, chance: random.Random) -> str:
    """Let no file be larger than some size."""
    largest = max(len(data) for data in reference.after.values())
    limit = chance.randint(50_000, max(50_001, largest))
    reference.copy()
    ending = reference.run(prepare=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))
    return _refused(reference, ending, codes=(0, 2)) or _goes_on(reference)


def read_only(reference: Reference, chance: random.Random) -> str:
    """Let nothing be written, by a read-only disk or by permissions."""
    if _can_mount() and chance.random() < 0.5:
        with _disk(reference, size=ROOM) as remount:
            remount("ro")
            ending = reference.run()
            if wrong := _refused(reference, ending, codes=(2,)):
                return wrong
            remount("rw")
            return _goes_on(reference)
    folder = reference.copy()
    folders = [folder, *(path for path in folder.rglob("*") if path.is_dir())]
    for path in folders:
        path.chmod(0o555)
    ending = reference.run(prepare=_lose_privileges)
    for path in folders:
        path.chmod(0o755)
    return _refused(reference, ending, codes=(2,)) or _goes_on(reference)


def unreadable(reference: Reference, chance: random.Random) -> str:
    """Take the permission to read one of the inputs."""
    path = chance.choice(sorted(path for path in reference.copy().rglob("*")))
    mode = path.stat().st_mode
    path.chmod(0)
    ending = reference.run(prepare=_lose_privileges)
    path.chmod(mode)
    return _refused(reference, ending, codes=(0, 2, 3))


def second_process(reference: Reference, chance: random.Random) -> str:
    """Call the command again while another process is in the middle of it, stopped."""
    folder = reference.copy()
    moment = Moment(event=chance.randint(1, reference.ending.events))
    with Command(
        reference.scenario.words, folder, moment=moment, deed=lambda: os.kill(os.getpid(), signal.SIGSTOP)
    ) as first:
        first.wait(until_stopped=True)
        second = reference.run()
        os.kill(first.pid, signal.SIGCONT)
        ending = first.wait()
    for one in (second, ending):
        if one.code not in (0, 2) or "Traceback" in one.error:
            return f"ends with {one.code}: {one.error[-300:]}"
    if second.code == 2 and ending.code == 2:
        return f"both refuse: {second.error[-300:]} {ending.error[-300:]}"
    return _goes_on(reference)


def changed_input(reference: Reference, chance: random.Random) -> str:
    """Let a file change while it is read."""
    folder = reference.copy()
    path = chance.choice(sorted(path for path in folder.rglob("*") if path.is_file()))
    data = path.read_bytes()
    changes: tuple[Deed, ...] = (
        path.unlink,
        lambda: path.write_bytes(data[: len(data) // 2]),
        lambda: path.write_bytes(data + data),
        lambda: _replace(path, b""),
    )
    ending = reference.run(moment=_moment(reference, chance), deed=chance.choice(changes))
    return _refused(reference, ending, codes=(0, 2, 3), changed=path)


def clock(reference: Reference, chance: random.Random) -> str:
    """Let the clock go backwards, and files come from the future."""
    for path in reference.copy().rglob("*"):
        os.utime(path, (time.time() + 1e6, time.time() + 1e6))
    step = chance.uniform(0.1, 1e5)

    def backwards() -> None:
        now = time.time()
        state = [now]

        def earlier() -> float:
            state[0] -= step
            return state[0]

        time.time = earlier

    ending = reference.run(prepare=backwards)
    if ending.code != 0:
        return f"ends with {ending.code}: {ending.error[-300:]}"
    return _same(reference)


FAULTS: dict[str, Callable[[Reference, random.Random], str]] = {
    "kill": kill,
    "full disk": full_disk,
    "file limit": file_limit,
    "read-only": read_only,
    "unreadable": unreadable,
    "second process": second_process,
    "changed input": changed_input,
    "clock": clock,
}


def _interrupted(reference: Reference, ending: Ending, kind: signal.Signals, *, killed: bool) -> str:
    """What is wrong after a signal; a command that had ended, or one that finds its work done, may say so.

    What a call that was `killed` left may lie there until a later one comes to write.
    """
    if ending.code not in (0, 2, -kind if kind == signal.SIGKILL else INTERRUPTED):
        return f"ends with {ending.code}: {ending.error[-500:]}"
    if "Traceback" in ending.error:
        return f"traceback: {ending.error[-500:]}"
    if ending.code == 2 and (differing := differences(reference.after, contents(reference.folder))):
        return f"refuses to go on: {ending.error[-300:]} ({differing[0]})"
    if lost := _lost(reference):
        return lost
    return "" if killed else _clean(reference)


def _refused(reference: Reference, ending: Ending, *, codes: tuple[int, ...], changed: Path | None = None) -> str:
    if ending.code not in codes:
        return f"ends with {ending.code}: {ending.error[-500:]}"
    if "Traceback" in ending.error or "bug in vection" in ending.error:
        return f"traceback: {ending.error[-500:]}"
    if ending.code and ending.error.count("vection: error:") != 1:
        return f"no sentence: {ending.error[-300:]}"
    return _lost(reference, changed=changed) or _clean(reference)


def _lost(reference: Reference, *, changed: Path | None = None) -> str:
    """Which input is neither as it was nor as it shall become, in place or where a kill in a replacement leaves it."""
    found = contents(reference.folder)
    for name, data in reference.before.items():
        if changed is not None and reference.folder / name == changed:
            continue
        first, _, rest = name.partition("/")
        now = found.get(name, found.get(f".old-vection-{first}/{rest}"))
        if now is None and reference.after.get(name) == data:
            return f"loses {name}"
        if now is not None and now not in (data, reference.after.get(name)) and not _may_change(reference, name):
            return f"changes {name}"
    return ""


def _may_change(reference: Reference, name: str) -> bool:
    return name.startswith(reference.scenario.goes_on) if reference.scenario.goes_on else False


def _clean(reference: Reference) -> str:
    """What lies about that a command, which ended by itself, must not leave."""
    goes_on = reference.scenario.goes_on
    left = [name for name in leftovers(reference.folder) if not (goes_on and name.startswith(goes_on))]
    if left:
        return f"leaves {left[0]}"
    known = reference.before.keys() | reference.after.keys()
    more = [name for name in contents(reference.folder) if name not in known]
    more = [name for name in more if not (goes_on and name.startswith(goes_on))]
    return f"leaves {more[0]}" if more else ""


def _goes_on(reference: Reference) -> str:
    ending = reference.run()
    done = ending.code == 2 and "exists already" in ending.error
    if ending.code != 0 and not done:
        return f"does not go on ({ending.code}): {ending.error[-2500:]}"
    return _same(reference)


def _same(reference: Reference) -> str:
    differing = differences(reference.after, contents(reference.folder))
    more = [f"{name} is left" for name in leftovers(reference.folder)]
    more += [f"{name} is left, empty" for name in empty_folders(reference.folder) - reference.empty]
    return "; ".join((differing + more)[:5])


def _send(kind: signal.Signals, *, whole_group: bool) -> None:
    if whole_group:  # as a terminal and a scheduler do
        os.killpg(0, kind)
    else:
        os.kill(os.getpid(), kind)


def _replace(path: Path, data: bytes) -> None:
    other = path.with_name("other")
    other.write_bytes(data)
    other.replace(path)


def _lose_privileges() -> None:
    """Let permissions hold for root as well: without CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH."""
    if os.geteuid() != 0:
        return
    libc = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    data = (ctypes.c_uint32 * 6)()
    libc.capget(header, data)
    for place in (0, 1, 2):  # effective, permitted, inheritable
        data[place] &= ~0b110
    assert libc.capset(header, data) == 0


def _can_mount() -> bool:
    return os.geteuid() == 0 and shutil.which("mount") is not None


@contextmanager
def _disk(reference: Reference, *, size: str) -> Iterator[Callable[[str], None]]:
    """Run a case on a disk of its own of this size; yields what changes the disk."""
    shutil.rmtree(reference.folder, ignore_errors=True)
    reference.folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", reference.folder], check=True)
    try:
        shutil.copytree(reference.inputs, reference.folder, symlinks=True, dirs_exist_ok=True)
        yield lambda option: subprocess.run(["mount", "-o", f"remount,{option}", reference.folder], check=True) and None
    finally:
        subprocess.run(["umount", "-l", reference.folder], check=True)

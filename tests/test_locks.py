"""One process a folder."""

import multiprocessing
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from vection.errors import UsageError
from vection.files import check_free, whole_file, whole_folder
from vection.locks import clean_up, hold, sweep

HOLD = """
import sys, time
from pathlib import Path
from vection.locks import hold
from vection.files import whole_folder
with {block} as inside:
    print("held", flush=True)
    time.sleep(60)
"""


@contextmanager
def killed_holder(place: Path, block: str = "hold(Path(sys.argv[1]))") -> Iterator[int]:
    """A process that holds a place and is killed at the end; its number."""
    with subprocess.Popen([sys.executable, "-c", HOLD.format(block=block), place], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        try:
            yield process.pid
        finally:
            process.send_signal(signal.SIGKILL)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_second_process_is_told_who_holds_the_place_and_a_kill_leaves_it_free(tmp_path: Path):
    place = tmp_path / "run"
    with killed_holder(place) as number:
        said = rf"run is in use by process {number} on .* \(.*, since \d{{4}}-.*\); wait until .* or choose another"
        with pytest.raises(UsageError, match=said), hold(place):
            pass
    assert names(tmp_path) == [".lock-vection-run"]
    with hold(place) as alone:
        assert alone
    assert names(tmp_path) == []


def test_what_is_called_within_holds_it_too_but_no_other_thread(tmp_path: Path):
    caught: list[UsageError] = []

    def elsewhere() -> None:
        try:
            with hold(tmp_path / "run"):
                pass
        except UsageError as error:
            caught.append(error)

    with hold(tmp_path / "run"), hold(tmp_path / "x" / ".." / "run"):
        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()
    assert f"process {os.getpid()}" in str(caught[0])
    with hold(tmp_path / "run"):
        pass
    assert names(tmp_path) == []


def test_folders_above_are_left_only_with_something_in_them(tmp_path: Path):
    with hold(tmp_path / "a" / "b" / "run"):
        assert names(tmp_path / "a" / "b") == [".lock-vection-run"]
    assert names(tmp_path) == []
    with hold(tmp_path / "a" / "b" / "run"):
        (tmp_path / "a" / "kept").write_text("")
    assert names(tmp_path / "a") == ["kept"]


def test_a_forked_worker_does_not_keep_the_lock_of_a_parent_that_ended(tmp_path: Path):
    with hold(tmp_path / "run"):
        worker = multiprocessing.get_context("fork").Process(target=signal.pause)
        worker.start()
    with hold(tmp_path / "run"):
        pass
    worker.kill()
    worker.join()


def test_a_place_that_cannot_be_written(tmp_path: Path):
    (tmp_path / "file").write_text("")
    said = "Cannot write .*; free space or choose another place"
    with pytest.raises(UsageError, match=said), hold(tmp_path / "file" / "run"):
        pass


def test_a_folder_that_is_being_written_is_not_written_twice_and_a_killed_one_is_swept(tmp_path: Path):
    with (
        killed_holder(tmp_path / "clip", "whole_folder(Path(sys.argv[1]))") as number,
        pytest.raises(UsageError, match=f"in use by process {number}"),
        whole_folder(tmp_path / "clip"),
    ):
        pass
    assert names(tmp_path) == [".lock-vection-clip", ".vection-clip"]
    with whole_folder(tmp_path / "clip") as temporary:
        (temporary / "new").write_text("")
    assert names(tmp_path) == ["clip"]
    assert names(tmp_path / "clip") == ["new"]


def test_a_call_that_finds_its_work_done_removes_the_lock_of_a_killed_one(tmp_path: Path):
    (tmp_path / "clip").mkdir()
    (tmp_path / "clip" / "a").write_text("")
    (tmp_path / ".lock-vection-clip").write_text("")
    with pytest.raises(UsageError, match="exists already"):
        check_free(tmp_path / "clip")
    assert names(tmp_path) == ["clip"]


def test_a_kill_amid_the_replacement_loses_nothing(tmp_path: Path):
    (tmp_path / ".old-vection-clip").mkdir()
    (tmp_path / ".old-vection-clip" / "old").write_text("")
    with pytest.raises(UsageError, match="exists already"), whole_folder(tmp_path / "clip"):
        pass
    assert names(tmp_path) == ["clip"]
    assert names(tmp_path / "clip") == ["old"]


def test_two_writers_of_one_file_and_one_that_was_killed(tmp_path: Path):
    (tmp_path / ".vection-a.txt").write_text("half of what a killed process wrote, which was long")
    with whole_file(tmp_path / "a.txt") as first, whole_file(tmp_path / "a.txt") as second:
        assert first != second
        first.write_text("first")
        second.write_text("second")
    assert (tmp_path / "a.txt").read_text() == "first"  # it ended last
    assert names(tmp_path) == ["a.txt"]


def test_where_files_cannot_be_locked_nothing_is_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("vection.locks._lock", lambda descriptor: None)
    with hold(tmp_path / "run") as alone, hold(tmp_path / "run"):
        assert not alone
    with whole_folder(tmp_path / "run", overwrite=True), whole_folder(tmp_path / "run", overwrite=True) as second:
        (second / "a").write_text("")
    assert names(tmp_path) == ["run"]
    with whole_file(tmp_path / "a") as temporary:
        assert re.fullmatch(r"\.vection-a-[0-9a-f]{12}", temporary.name)
        temporary.write_text("")


@pytest.mark.parametrize("name", ["n" * 250, "ü" * 120])
def test_long_names(tmp_path: Path, name: str):
    with whole_folder(tmp_path / name) as temporary:
        (temporary / "a").write_text("")
    with whole_file(tmp_path / f"{name[:-4]}.txt") as temporary:
        assert temporary.suffix == ".txt"
        temporary.write_text("")
    assert len(names(tmp_path)) == 2


def test_the_folder_one_is_in_is_not_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    for place in (Path(), Path("x/..")):
        with pytest.raises(UsageError, match="name a folder in it"), whole_folder(place):
            pass


def test_a_signal_amid_the_removing_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """As `main` does it: what a second wish to stop interrupted is done again."""

    def interrupted(path: Path) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("vection.locks.remove", interrupted)
        patched.setattr("vection.files.remove", interrupted)
        with pytest.raises(KeyboardInterrupt), whole_folder(tmp_path / "clip") as temporary:
            (temporary / "a").write_text("")
    assert ".vection-clip" in names(tmp_path)
    assert ".lock-vection-clip" in names(tmp_path)
    before = signal.getsignal(signal.SIGINT)
    clean_up()
    assert [name for name in names(tmp_path) if name.startswith(".")] == []
    assert signal.getsignal(signal.SIGINT) is before


def test_what_a_kill_left_of_a_finished_folder_goes_when_the_next_call_finds_it_done(tmp_path: Path):
    place = tmp_path / "run"
    for folder in (place, tmp_path / ".vection-run" / "run"):
        folder.mkdir(parents=True)
        (folder / "file").write_text("whole")
    with pytest.raises(UsageError, match="exists already"), whole_folder(place):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["run"]
    with hold(place):
        (tmp_path / ".vection-run").mkdir()
        sweep(place)  # the holder is writing it
        assert (tmp_path / ".vection-run").exists()
    sweep(place)
    assert [path.name for path in tmp_path.iterdir()] == ["run"]

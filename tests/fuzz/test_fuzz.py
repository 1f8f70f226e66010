"""A few cases of the quick targets, the same each time; `make fuzz` runs thousands of all."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.fuzz.campaign import fuzz
from tests.fuzz.case import complaint, files_below, run
from tests.fuzz.more_targets import MORE_TARGETS
from tests.fuzz.target import Target
from tests.fuzz.targets import TARGETS

QUICK = (
    "ingest png",
    "ingest mp4",
    "camera json",
    "evaluate npz",
    "evaluate files",
    "odometry tum",
    "prepare kitti-raw",
    "list names",
    "arguments ingest",
    "arguments evaluate",
    "arguments odometry",
)


@pytest.mark.parametrize(
    "target", [one for one in (*TARGETS, *MORE_TARGETS) if one.name in QUICK], ids=lambda one: one.name
)
def test_damaged_input_is_read_right_or_refused(target: Target):
    assert [found for found in fuzz(target, range(5)) if found.complaint] == []


@pytest.mark.parametrize(("reads", "told"), [("a.png", True), ("b.png", False)])
def test_a_command_that_accepts_a_broken_file_is_found_out_if_it_read_it(reads: str, told: bool, tmp_path: Path):
    for name in ("a.png", "b.png"):
        (tmp_path / name).write_bytes(b"no PNG")

    def careless(words: Sequence[str]) -> int:
        return 0 if Path(reads).read_bytes() else 1

    ending = run((), tmp_path, careless)
    damaged = (tmp_path / "a.png", b"no PNG")
    assert bool(complaint(ending, files_below(tmp_path), tmp_path, outputs=(), damaged=damaged)) is told

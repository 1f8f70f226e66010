"""A few cases of the quick targets, the same each time; `make fuzz` runs thousands of all."""

import pytest
from tests.fuzz.campaign import fuzz
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

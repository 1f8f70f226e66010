"""A few faults of the quick commands, the same each time; `make kills` brings about thousands on all."""

import os
import signal
from collections.abc import Callable
from functools import cache

import pytest
from tests.kills.campaign import case
from tests.kills.faults import FAULTS, INTERRUPTED, Reference, in_peace
from tests.kills.moments import Moment
from tests.kills.results import leftovers
from tests.kills.scenarios import SCENARIOS

QUICK = [
    *(("ingest again", fault) for fault in FAULTS),
    *((name, "kill") for name in ("import", "prepare")),
    ("prepare", "second process"),
    ("train monodepth2", "file limit"),
]


@pytest.fixture(scope="module")
def references(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Reference]:
    scenarios = {scenario.name: scenario for scenario in SCENARIOS}
    return cache(lambda name: in_peace(scenarios[name], tmp_path_factory.mktemp("kills")))


def test_a_terminated_command_ends_with_130(references: Callable[[str], Reference]):
    reference = references("import")
    reference.copy()
    middle = Moment(event=max(1, reference.ending.events // 2))
    ending = reference.run(moment=middle, deed=lambda: os.kill(os.getpid(), signal.SIGTERM))
    assert ending.code == INTERRUPTED
    assert leftovers(reference.folder) == []


@pytest.mark.parametrize(("name", "fault"), QUICK)
def test_nothing_is_lost_and_the_next_call_goes_on(references: Callable[[str], Reference], name: str, fault: str):
    assert [
        wrong for seed in range(2 if fault == "kill" else 1) if (wrong := case(references(name), fault, seed))
    ] == []

"""A few faults of the quick commands, the same each time; `make kills` brings about thousands on all."""

from collections.abc import Callable
from functools import cache

import pytest
from tests.kills.campaign import case
from tests.kills.faults import FAULTS, Reference, in_peace
from tests.kills.scenarios import SCENARIOS

QUICK = [("ingest again", fault) for fault in FAULTS] + [("import", "kill"), ("prepare", "kill")]


@pytest.fixture(scope="module")
def references(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Reference]:
    scenarios = {scenario.name: scenario for scenario in SCENARIOS}
    return cache(lambda name: in_peace(scenarios[name], tmp_path_factory.mktemp("kills")))


@pytest.mark.parametrize(("name", "fault"), QUICK)
def test_nothing_is_lost_and_the_next_call_goes_on(references: Callable[[str], Reference], name: str, fault: str):
    assert [
        wrong for seed in range(2 if fault == "kill" else 1) if (wrong := case(references(name), fault, seed))
    ] == []

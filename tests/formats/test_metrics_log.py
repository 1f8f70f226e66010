import json
from pathlib import Path

import pytest

from vection.errors import DataError, UsageError
from vection.formats.metrics_log import Event, append_event, forget_after, read_events

VALIDATION = Event(
    4,
    0.5,
    split="validation",
    epoch=1.5,
    stage="all",
    terms={"photometric": 0.5},
    depth_statistics={"median": 3.0},
    remarks=("hardly turns",),
    cameras={0: (50.0, 51.0, 47.5, 31.5)},
)


def test_events_read_back_equal_in_the_order_of_steps(tmp_path: Path):
    path = tmp_path / "metrics.jsonl"
    for event in (VALIDATION, Event(2, 1.0, learning_rate=1e-4, seconds_data=0.0)):
        append_event(path, event)
    assert read_events(path) == (Event(2, 1.0, learning_rate=1e-4, seconds_data=0.0), VALIDATION)
    second = json.loads(path.read_text().splitlines()[1])
    assert set(second) == {"format", "step", "loss", "split", "epoch", "stage", "learning_rate", "seconds_data"}


def test_of_a_step_logged_twice_the_later_line_counts(tmp_path: Path):
    path = tmp_path / "metrics.jsonl"
    for loss in (1.0, 2.0):
        append_event(path, Event(3, loss))
    assert [event.loss for event in read_events(path)] == [2.0]


def test_a_torn_last_line_is_dropped_and_another_is_not(tmp_path: Path):
    path = tmp_path / "metrics.jsonl"
    append_event(path, Event(1, 1.0))
    with path.open("a") as stream:
        stream.write('{"step": 2, "lo')
    assert [event.step for event in read_events(path)] == [1]
    with path.open("a") as stream:
        stream.write('\n{"step": 3, "loss": 1}\n')
    with pytest.raises(DataError, match=r"Line 2 of .*metrics\.jsonl is no log event"):
        read_events(path)
    with pytest.raises(UsageError, match="No such file"):
        read_events(tmp_path / "absent.jsonl")


def test_later_steps_and_broken_lines_are_forgotten(tmp_path: Path):
    path = tmp_path / "metrics.jsonl"
    forget_after(path, 3)
    assert not path.exists()
    for step in (1, 2, 3, 4):
        append_event(path, Event(step, 1.0))
    with path.open("a") as stream:
        stream.write('[1]\n{"step": 5, "lo')
    forget_after(path, 3)
    assert [json.loads(line)["step"] for line in path.read_text().splitlines()] == [1, 2, 3]
    append_event(path, Event(3, 1.0, split="validation"))
    forget_after(path, 3)
    assert [event.split for event in read_events(path) if event.step == 3] == ["train", "validation"]
    forget_after(path, 3, validated=False)
    assert [event.split for event in read_events(path) if event.step == 3] == ["train"]

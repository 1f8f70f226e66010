import json
import os
import signal
from pathlib import Path

import cv2
import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from vection.formats.metrics_log import Event, append_event
from vection.inference.pictures import CAPTION, GAP, TILE_WIDTHS
from vection.training.log import RunLog
from vection.training.settings import Stage
from vection.training.stop import StopRequest


def event(step: int) -> Event:
    return Event(step, 1.0 / step, terms={"photometric": 1.0 / step})


def steps(run: Path) -> list[int]:
    return [json.loads(line)["step"] for line in (run / "metrics.jsonl").read_text().splitlines()]


def test_a_resumed_log_forgets_what_the_checkpoint_does_not_know(tmp_path: Path):
    log = RunLog(tmp_path, resume_step=0)
    for step in (1, 2, 3, 4):
        log.write(event(step))
    log.close()
    with (tmp_path / "metrics.jsonl").open("a") as stream:
        stream.write('{"step": 5, "spl')  # killed here
    log = RunLog(tmp_path, resume_step=2)
    assert steps(tmp_path) == [1, 2]
    log.write(event(3))
    log.close()
    assert steps(tmp_path) == [1, 2, 3]


def test_a_torn_last_line_is_dropped_alone(tmp_path: Path):
    append_event(tmp_path / "metrics.jsonl", event(1))
    with (tmp_path / "metrics.jsonl").open("a") as stream:
        stream.write('{"step": 2')
    RunLog(tmp_path, resume_step=10).close()
    assert steps(tmp_path) == [1]


def test_a_new_run_starts_an_empty_log(tmp_path: Path):
    append_event(tmp_path / "metrics.jsonl", event(1))
    RunLog(tmp_path, resume_step=0).close()
    assert steps(tmp_path) == []


def test_panels_have_a_block_a_sample_and_tensorboard_a_picture_a_kind(tmp_path: Path):
    log = RunLog(tmp_path, resume_step=0)
    red, right = torch.zeros(4, 3, 20, 30), torch.zeros(4, 2, 20, 30)
    red[:, 0] = 1.0
    right[:, 0] = 3.0
    log.write_panel({"target": red, "auto-mask": torch.zeros(4, 1, 20, 30), "rigid-flow": right}, step=7)
    log.write_panel({}, step=8)
    log.close()
    assert [path.name for path in (tmp_path / "panels").iterdir()] == ["step_000007.png"]
    panel = cv2.imread(str(tmp_path / "panels/step_000007.png"))
    width, height = TILE_WIDTHS[0], round(TILE_WIDTHS[0] * 20 / 30 / 2) * 2
    assert panel.shape == (3 * (CAPTION + height + GAP), 3 * (width + GAP), 3)
    for row in range(3):
        middle = row * (CAPTION + height + GAP) + CAPTION + height // 2
        assert panel[middle, width // 2].tolist() == [0, 0, 255]  # BGR
        assert panel[middle, width + GAP + width // 2].tolist() == [0, 0, 0]
        assert panel[middle, 2 * (width + GAP) + width // 2].tolist() == [0, 0, 255]  # to the right is red
    events = EventAccumulator(str(tmp_path / "tensorboard")).Reload()
    assert sorted(events.Tags()["images"]) == ["pictures/auto-mask", "pictures/rigid-flow", "pictures/target"]
    assert (events.Images("pictures/target")[0].height, events.Images("pictures/target")[0].width) == (60, 30)


def test_learning_rate_drops_after_the_named_epochs():
    stage = Stage(epochs=6, learning_rate=1e-3, drops=(2, 4), drop_factor=0.5)
    assert [stage.learning_rate_at(epoch) for epoch in range(6)] == [1e-3, 1e-3, 5e-4, 5e-4, 2.5e-4, 2.5e-4]
    assert [Stage().learning_rate_at(epoch) for epoch in (0, 14, 15)] == pytest.approx([1e-4, 1e-4, 1e-5])


@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_waits_and_a_second_ctrl_c_later_does_not(
    kind: signal.Signals, monkeypatch: pytest.MonkeyPatch
):
    before = signal.getsignal(kind)
    with StopRequest() as stop:
        stop.raise_if_requested()
        os.kill(os.getpid(), kind)
        with pytest.raises(KeyboardInterrupt):
            stop.raise_if_requested()
        os.kill(os.getpid(), kind)  # the same wish, passed on by a launcher
        monkeypatch.setattr("vection.training.stop.AT_ONCE_AFTER", 0.0)
        os.kill(os.getpid(), signal.SIGTERM)
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(kind) is before

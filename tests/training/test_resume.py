"""However a run ends, going on gives the same weights, byte for byte, as never having been stopped."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from accelerate import Accelerator

from vection.errors import UsageError
from vection.formats.checkpoint import WEIGHTS, find_checkpoint, read_config
from vection.formats.run_folder import RunFolder
from vection.recipes.recipe import Recipe
from vection.runs.train import train
from vection.training.accelerator import make_accelerator
from vection.training.loop import Training
from vection.training.stage_run import StageRun
from vection.training.stop import StopAtOnce

PROGRAM = "import sys; from vection.cli.main import main; sys.exit(main())"
STEPS = 4
"""Optimiser steps of each of the two epochs."""


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """As in the subprocesses: sums over threads depend on their number."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def start(recipe: Recipe, data: Path, run: Path) -> subprocess.Popen[str]:
    """Train in another process, with the settings in which `recipe` differs from monodepth2-debug."""
    settings = recipe.training
    changes = {
        "training.steps_per_epoch": settings.steps_per_epoch,
        "training.accumulation": settings.accumulation,
        "training.checkpoint_every": settings.checkpoint_every,
    }
    words = ["train", recipe.name, "--data", str(data), "--out", str(run), "--device", "cpu"]
    for name, value in changes.items():
        words += [f"--{name}", str(value)]
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *words],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def records(run: Path) -> list[dict[str, Any]]:
    """Everything logged whole so far."""
    file = RunFolder(run).metrics
    lines = file.read_text().splitlines(keepends=True) if file.exists() else []
    return [json.loads(line) for line in lines if line.endswith("\n")]


def wait_for_step(process: subprocess.Popen[str], run: Path, step: int) -> None:
    deadline = time.monotonic() + 120
    while not any(record["step"] >= step for record in records(run)):
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < deadline
        time.sleep(0.01)


def without_times(run: Path) -> list[dict[str, Any]]:
    times = ("samples_per_second", "seconds_data", "seconds_compute")
    return [{key: value for key, value in record.items() if key not in times} for record in records(run)]


def assert_same(run: Path, reference: Path) -> None:
    for name in ("last", "best"):
        own, expected = (getattr(RunFolder(folder), name) for folder in (run, reference))
        assert (own / WEIGHTS).read_bytes() == (expected / WEIGHTS).read_bytes()
        assert read_config(own)["position"] == read_config(expected)["position"]
    assert without_times(run) == without_times(reference)


@pytest.fixture(scope="module")
def references(tmp_path_factory: pytest.TempPathFactory, tiny_clips: Path) -> Callable[[Recipe], Path]:
    """Uninterrupted runs, one for each number of accumulated batches."""
    done: dict[int, Path] = {}

    def reference(recipe: Recipe) -> Path:
        accumulation = recipe.training.accumulation
        if accumulation not in done:
            out = tmp_path_factory.mktemp("reference") / "run"
            done[accumulation] = train(recipe, data=tiny_clips, out=out, device="cpu")
        return done[accumulation]

    return reference


@pytest.mark.parametrize(
    ("kind", "accumulation", "checkpoint_every"),
    [(signal.SIGKILL, 2, 3), (signal.SIGINT, 2, 100)],
    ids=["killed between checkpoints", "interrupted"],
)
def test_an_ended_run_goes_on_as_if_it_had_not(
    tmp_path: Path,
    tiny_clips: Path,
    debug_recipe: Callable[..., Recipe],
    references: Callable[[Recipe], Path],
    kind: signal.Signals,
    accumulation: int,
    checkpoint_every: int,
):
    recipe = debug_recipe(steps_per_epoch=STEPS, accumulation=accumulation, checkpoint_every=checkpoint_every)
    reference = references(recipe)
    run = tmp_path / "run"
    process = start(recipe, tiny_clips, run)
    wait_for_step(process, run, 2 if kind == signal.SIGINT else STEPS)
    process.send_signal(kind)
    _, complaint = process.communicate(timeout=60)
    assert process.returncode == (130 if kind == signal.SIGINT else -signal.SIGKILL)
    found = find_checkpoint(RunFolder(run).last)
    assert found is not None
    stopped_at = read_config(found)["position"]["step"]
    assert 2 <= stopped_at < 2 * STEPS
    if kind == signal.SIGINT:
        assert complaint.strip().endswith("vection: interrupted")
        assert "Traceback" not in complaint
    train(recipe, data=tiny_clips, out=run, device="cpu")
    assert_same(run, reference)


def test_a_finished_run_stays_as_it_is_and_another_recipe_is_refused(
    tmp_path: Path, tiny_clips: Path, debug_recipe: Callable[..., Recipe]
):
    recipe = debug_recipe(steps_per_epoch=1)
    run = train(recipe, data=tiny_clips, out=tmp_path / "run", device="cpu")
    weights, logged = (RunFolder(run).last / WEIGHTS).read_bytes(), without_times(run)
    train(recipe, data=tiny_clips, out=run, device="cpu")
    assert (RunFolder(run).last / WEIGHTS).read_bytes() == weights
    assert without_times(run) == logged
    other = replace(recipe, training=replace(recipe.training, seed=1))
    with pytest.raises(UsageError, match=r"holds a run of other settings .*`resume=False`"):
        train(other, data=tiny_clips, out=run, device="cpu")
    train(other, data=tiny_clips, out=run, device="cpu", resume=False)
    assert (RunFolder(run).last / WEIGHTS).read_bytes() != weights
    assert len(without_times(run)) == len(logged)


def test_what_a_kill_left_of_the_last_checkpoint_goes(
    tmp_path: Path, tiny_clips: Path, debug_recipe: Callable[..., Recipe]
):
    recipe = debug_recipe(steps_per_epoch=1)
    run = train(recipe, data=tiny_clips, out=tmp_path / "run", device="cpu")
    checkpoints = RunFolder(run).last.parent
    before = sorted(path.name for path in checkpoints.iterdir())
    for name in (".vection-last", ".old-vection-last"):
        (checkpoints / name).mkdir()
    (checkpoints / ".lock-vection-best").touch()
    train(recipe, data=tiny_clips, out=run, device="cpu")
    assert sorted(path.name for path in checkpoints.iterdir()) == before


@pytest.mark.parametrize(
    ("place", "function", "removed"),
    [(Training, "fit", "checkpoints"), (RunFolder, "write_recipe", "recipe.json")],
    ids=["before its first checkpoint", "before its recipe"],
)
def test_a_fresh_start_that_fails_at_once_does_not_go_on_from_the_old_run(
    place: type,
    function: str,
    removed: str,
    tmp_path: Path,
    tiny_clips: Path,
    debug_recipe: Callable[..., Recipe],
    monkeypatch: pytest.MonkeyPatch,
):
    recipe = debug_recipe(steps_per_epoch=1)
    run = train(recipe, data=tiny_clips, out=tmp_path / "run", device="cpu")
    other = replace(recipe, training=replace(recipe.training, seed=1))

    def killed(*_: object, **__: object) -> None:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(place, function, killed)
        with pytest.raises(SystemExit):
            train(other, data=tiny_clips, out=run, device="cpu", resume=False)
    assert not (run / removed).exists()
    train(other, data=tiny_clips, out=run, device="cpu")
    assert_same(run, train(other, data=tiny_clips, out=tmp_path / "reference", device="cpu"))


def test_a_run_does_not_go_on_with_other_data(tmp_path: Path, tiny_clips: Path, debug_recipe: Callable[..., Recipe]):
    recipe, data = debug_recipe(steps_per_epoch=1), tmp_path / "data"
    shutil.copytree(tiny_clips, data)
    run = train(recipe, data=data, out=tmp_path / "run", device="cpu")
    shutil.copytree(data / "drive_1", data / "drive_3")
    message = r"begun with \d+ samples to learn and \d held out, and the data has \d+ and \d now; .*`resume=False`"
    with pytest.raises(UsageError, match=message):
        train(recipe, data=data, out=run, device="cpu")


def test_a_second_ctrl_c_leaves_the_checkpoint_before_it(
    tmp_path: Path,
    tiny_clips: Path,
    debug_recipe: Callable[..., Recipe],
    references: Callable[[Recipe], Path],
    monkeypatch: pytest.MonkeyPatch,
):
    recipe = debug_recipe(steps_per_epoch=STEPS, accumulation=2, checkpoint_every=3)
    run, update, updates = tmp_path / "run", StageRun.update, []

    def interrupted(*arguments: Any, **named: Any) -> None:
        update(*arguments, **named)
        updates.append(1)
        if len(updates) == STEPS + 1:
            raise StopAtOnce  # the step was taken, and is not counted yet

    with monkeypatch.context() as patch:
        patch.setattr(StageRun, "update", interrupted)
        with pytest.raises(KeyboardInterrupt):
            train(recipe, data=tiny_clips, out=run, device="cpu")
    assert read_config(RunFolder(run).last)["position"]["step"] == STEPS
    train(recipe, data=tiny_clips, out=run, device="cpu")
    assert_same(run, references(recipe))


def test_the_scale_of_gradients_in_float16_goes_on(
    tmp_path: Path, tiny_clips: Path, debug_recipe: Callable[..., Recipe], monkeypatch: pytest.MonkeyPatch
):
    def scaled(*arguments: Any, **options: Any) -> Accelerator:
        accelerator = make_accelerator(*arguments, **options)
        accelerator.scaler = torch.amp.GradScaler("cpu", init_scale=8.0, growth_interval=3)
        return accelerator

    monkeypatch.setattr("vection.training.loop.make_accelerator", scaled)
    recipe = debug_recipe(steps_per_epoch=2)
    reference = train(recipe, data=tiny_clips, out=tmp_path / "reference", device="cpu")
    step = Training._step

    def stopped(self: Training, *arguments: Any, **options: Any) -> dict[str, torch.Tensor]:
        if self.position.step == 2:
            raise SystemExit
        return step(self, *arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(Training, "_step", stopped)
        with pytest.raises(SystemExit):
            train(recipe, data=tiny_clips, out=tmp_path / "run", device="cpu")
    run = train(recipe, data=tiny_clips, out=tmp_path / "run", device="cpu")
    last, expected = (read_config(RunFolder(folder).last)["scaler"] for folder in (run, reference))
    assert last == expected
    assert (expected["scale"], expected["_growth_tracker"]) == (16.0, 1)

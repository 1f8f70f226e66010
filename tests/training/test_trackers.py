"""Trackers beside TensorBoard, through Accelerate; a stand-in records what one would be told."""

import importlib
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import accelerate.tracking
import pytest
from accelerate.utils import LoggerType

from vection.cli.main import main
from vection.errors import UsageError
from vection.recipes.recipe import Recipe
from vection.runs.train import train
from vection.training.accelerator import check_trackers

STAND_IN = """
told = []

class config:
    @staticmethod
    def update(values, allow_val_change):
        told.append(("config", values))

class Run:
    def log(self, values, step=None):
        told.append(("log", step, values))
        if fails:
            raise ConnectionError("no network")

    def finish(self):
        told.append(("finish",))

def init(project, name):
    told.append(("init", project, name))
    return Run()

fails = False
"""


@pytest.fixture
def trackio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A package in place of trackio."""
    (tmp_path / "packages").mkdir()
    (tmp_path / "packages" / "trackio.py").write_text(STAND_IN)
    monkeypatch.syspath_prepend(tmp_path / "packages")
    monkeypatch.delitem(sys.modules, "trackio", raising=False)
    monkeypatch.setattr(accelerate.tracking, "_available_trackers", [LoggerType.TRACKIO])
    yield importlib.import_module("trackio")
    sys.modules.pop("trackio", None)


def test_a_tracker_is_told_what_the_log_says_and_no_place(
    trackio: Any, debug_recipe: Callable[..., Recipe], tiny_clips: Path, tmp_path: Path
):
    recipe = debug_recipe(log_every=1)
    run = train(recipe, data=tiny_clips, out=tmp_path / "first", device="cpu", log_with=("trackio", "trackio"))
    (started, (_, settings), *logged, finished) = trackio.told
    assert (started, finished) == (("init", "vection", "first"), ("finish",))
    assert settings["training.log_every"] == 1
    assert settings["data.height"] == recipe.data.height
    assert not any("/" in str(value) for value in settings.values())
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert [step for _, step, _ in logged] == [line["step"] for line in lines]
    for line, (_, _, values) in zip(lines, logged, strict=True):
        assert values[f"{line['split']}/loss"] == line["loss"]
        assert values[f"{line['split']}/photometric"] == line["terms"]["photometric"]
    train(recipe, data=tiny_clips, out=run, device="cpu", log_with=("trackio",))  # nothing is left to be done, or shown
    assert trackio.told[-1] == ("finish",)
    assert len([one for one in trackio.told if one[0] == "init"]) == 1


def test_a_tracker_that_fails_is_left_alone(
    trackio: Any, debug_recipe: Callable[..., Recipe], tiny_clips: Path, tmp_path: Path
):
    trackio.fails = True
    with pytest.warns(UserWarning, match=r"trackio fails \(ConnectionError: no network\); the run is no longer shown"):
        run = train(debug_recipe(), data=tiny_clips, out=tmp_path / "run", device="cpu", log_with=("trackio",))
    assert (run / "checkpoints" / "last" / "model.safetensors").is_file()
    assert len([one for one in trackio.told if one[0] == "log"]) == 1


def test_a_tracker_that_cannot_begin_stops_before_the_first_step(
    trackio: Any, debug_recipe: Callable[..., Recipe], tiny_clips: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(trackio, "init", None)
    with pytest.raises(UsageError, match=r"Logging with trackio cannot begin .*`log_with`"):
        train(debug_recipe(), data=tiny_clips, out=tmp_path / "run", device="cpu", log_with=("trackio",))
    assert not (tmp_path / "run" / "checkpoints").exists()


@pytest.mark.parametrize("name", ["mlflow", "trackio", "wandb"])
def test_a_missing_package_is_named(
    name: str, tiny_clips: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("vection.training.accelerator.importlib.util.find_spec", lambda _: None)
    words = ["train", "monodepth2-debug", "--data", str(tiny_clips), "--out", str(tmp_path / "run")]
    assert main([*words, "--log-with", name]) == 2
    assert f"Logging with {name} needs {name}: pip install {name}." in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_an_unknown_tracker():
    with pytest.raises(UsageError, match="There is no tracker 'mlflo'; did you mean mlflow"):
        check_trackers(["mlflo"])

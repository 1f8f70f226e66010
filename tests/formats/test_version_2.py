"""What was written at format 2 can be used for ever; see version_2/README.md and `test_version_1.py`."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from vection.cli.main import main
from vection.runs.load import read_run_recipe

Unpack = Callable[..., Path]
Run = Callable[..., str]


@pytest.mark.parametrize("name", ["monodepth2", "sgdepth", "motion-field", "dynamo-depth"])
def test_a_run_predicts(unpack: Unpack, vection: Run, tmp_path: Path, name: str) -> None:
    clips, run = unpack("clips"), unpack(name, 2)
    out = tmp_path / "predictions"
    vection("predict", run, clips / "val/drive", "--out", out, "--no-video", "--no-png", "--device", "cpu")
    predictions = json.loads((out / "predictions.json").read_text())
    assert [frame["name"] for frame in predictions["frames"]] == ["000000", "000001", "000002", "000003"]


def test_a_run_with_block_matching_is_refused(
    unpack: Unpack, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clips, run = unpack("clips"), unpack("sc-sfmlearner", 2)
    assert main(["predict", str(run), str(clips / "val/drive"), "--out", str(tmp_path / "predictions")]) == 3
    assert "which this vection no longer has; train it anew" in capsys.readouterr().err
    assert read_run_recipe(run).method.name == "sc_sfmlearner"


def test_training_goes_on(unpack: Unpack, vection: Run) -> None:
    clips, run = unpack("clips"), unpack("monodepth2", 2)
    said = json.loads(vection("train", run, "--data", clips, "--out", run, "--device", "cpu", "--json"))
    assert said["step"] == 4  # it was done


def test_predictions_of_a_part_of_the_image(unpack: Unpack, vection: Run) -> None:
    folder = unpack("window", 2)
    words = ("--truth", folder / "truth.npz", "--protocol", "synthetic", "--no-baselines", "--json")
    model = json.loads(vection("evaluate", folder / "predictions", *words))["results"][0]
    assert model["unseen"] == pytest.approx(0.40306, abs=1e-4)
    assert model["errors"]["all"]["abs_rel"] == pytest.approx(0.50899, rel=1e-4)

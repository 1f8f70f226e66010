"""What was written at format 2 can be used for ever; see version_2/README.md and `test_version_1.py`."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

Unpack = Callable[..., Path]
Run = Callable[..., str]


@pytest.mark.parametrize("name", ["monodepth2", "sc-sfmlearner", "sgdepth", "motion-field", "dynamo-depth"])
def test_a_run_predicts(unpack: Unpack, vection: Run, tmp_path: Path, name: str) -> None:
    clips, run = unpack("clips"), unpack(name, 2)
    out = tmp_path / "predictions"
    vection("predict", run, clips / "val/drive", "--out", out, "--no-video", "--no-png", "--device", "cpu")
    predictions = json.loads((out / "predictions.json").read_text())
    assert [frame["name"] for frame in predictions["frames"]] == ["000000", "000001", "000002", "000003"]


def test_training_goes_on(unpack: Unpack, vection: Run) -> None:
    clips, run = unpack("clips"), unpack("monodepth2", 2)
    said = json.loads(vection("train", run, "--data", clips, "--out", run, "--device", "cpu", "--json"))
    assert said["step"] == 4  # it was done

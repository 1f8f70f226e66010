"""What was written at format 1 can be used for ever: real folders, read by nothing but commands.

See version_1/README.md. When one of these tests fails, teach the format to read what is old; leave the test alone.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from vection.cli.main import main
from vection.recipes.recipe_file import recipe_from_json, recipe_to_json

Unpack = Callable[[str], Path]
Run = Callable[..., str]

RUNS = ("monodepth2", "sc-sfmlearner", "sgdepth", "motion-field", "dynamo-depth")
MATCHED = "sc-sfmlearner"
"""The run that was trained with block matching of the pose, which is gone: it is read, but predicts no more."""


def errors(evaluation: dict[str, Any]) -> dict[str, float]:
    """Errors of the model's depth over all pixels."""
    return evaluation["results"][0]["errors"]["all"]


@pytest.mark.parametrize("name", [name for name in RUNS if name != MATCHED])
def test_a_run_predicts_as_it_did(unpack: Unpack, vection: Run, tmp_path: Path, name: str) -> None:
    clips, run = unpack("clips"), unpack(name)
    stored = json.loads((run / "evaluation.json").read_text())
    out = tmp_path / "again"
    vection("predict", run, clips / "val/drive", "--out", out, "--no-video", "--no-png", "--device", "cpu")
    words = ("evaluate", out, "--truth", clips / "val/drive", "--protocol", "synthetic", "--no-baselines", "--json")
    assert errors(json.loads(vection(*words))) == pytest.approx(errors(stored), rel=1e-4)


@pytest.mark.parametrize("command", ["predict", "train"])
def test_a_run_with_block_matching_is_refused(
    unpack: Unpack, tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    clips, run = unpack("clips"), unpack(MATCHED)
    words = ["predict", run, clips / "val/drive"] if command == "predict" else ["train", run, "--data", clips]
    assert main([*map(str, words), "--out", str(tmp_path / "out"), "--device", "cpu"]) == 3
    said = capsys.readouterr().err
    assert "was trained with block matching of the pose ('pose_matching'), which this vection no longer has" in said
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", RUNS)
def test_stored_predictions_get_the_scores_they_got(unpack: Unpack, vection: Run, name: str) -> None:
    clips, run = unpack("clips"), unpack(name)
    stored = json.loads((run / "evaluation.json").read_text())
    words = ("evaluate", run, "--truth", clips / "val/drive", "--protocol", "synthetic", "--json")
    scores = json.loads(vection(*words, "--row-mean-from", clips / "train"))
    assert [result["name"] for result in scores["results"]] == [result["name"] for result in stored["results"]]
    assert errors(scores) == pytest.approx(errors(stored), rel=1e-6)
    objects, stored_objects = (content["results"][0]["objects"] for content in (scores, stored))
    assert (objects is None) == (stored_objects is None)
    if objects is not None:
        assert {"definitions", *objects} == set(stored_objects)


@pytest.mark.parametrize("name", RUNS)
def test_a_run_is_reported(unpack: Unpack, vection: Run, name: str) -> None:
    run = unpack(name)
    page = Path(vection("report", run)).read_text()
    error = errors(json.loads((run / "evaluation.json").read_text()))["abs_rel"]
    assert f"(AbsRel {error:.3f})" in page
    assert f"{name}-debug" in page
    for part in ("row-mean depth", "Terms of the loss"):
        assert part in page
    if name == "dynamo-depth":
        assert "How well the mask" in page
        assert "predicted object flow" in page


def test_training_goes_on(unpack: Unpack, vection: Run) -> None:
    clips, run = unpack("clips"), unpack("monodepth2")
    said = json.loads(vection("train", run, "--data", clips, "--out", run, "--device", "cpu", "--json"))
    assert said["step"] == 4
    assert said["train_loss"] > 0
    assert said["validation_loss"] > 0


def test_training_starts_from_a_run(unpack: Unpack, vection: Run, tmp_path: Path) -> None:
    clips, run = unpack("clips"), unpack("sgdepth")
    words = (
        "--data",
        clips,
        "--out",
        tmp_path / "adapted",
        "--stages.0.epochs",
        "1",
        "--training.steps_per_epoch",
        "1",
    )
    assert json.loads(vection("train", run, *words, "--device", "cpu", "--json"))["step"] == 1


@pytest.mark.parametrize("file", ["path_tum.txt", "path_kitti.txt", "path.csv", ""])
def test_paths_get_the_scores_they_got(unpack: Unpack, vection: Run, file: str) -> None:
    clips, folder = unpack("clips"), unpack("odometry")
    stored = json.loads((folder / "odometry.json").read_text())["mean"]
    scores = json.loads(vection("odometry", folder / file, "--truth", clips / "val/drive", "--json"))["mean"]
    for alignment, numbers in stored.items():
        assert scores[alignment]["ate"] == pytest.approx(numbers["ate"], abs=1e-6)


@pytest.mark.parametrize("part", ["depth", "motion", "classes"])
def test_prediction_folders_hold_what_they_held(unpack: Unpack, vection: Run, part: str) -> None:
    clips = unpack("clips")
    name, protocol = {
        "depth": ("monodepth2", "synthetic"),
        "motion": ("dynamo-depth", "motion-segmentation"),
        "classes": ("sgdepth", "miou"),
    }[part]
    folder = unpack(name) / "predictions"
    scores = vection("evaluate", folder, "--truth", clips / "val/drive", "--protocol", protocol, "--json")
    assert json.loads(scores)["truth"]


def test_recipes_keep_every_setting(unpack: Unpack) -> None:
    recipes = json.loads(unpack("recipes.json").read_text())
    assert len(recipes) == 96
    for name, old in recipes.items():
        new = recipe_to_json(recipe_from_json(old))
        for part in ("data", "training"):
            inner = new[part] | {"augmentation": {}} | new[part].get("augmentation", {})
            was = plain(old[part]) | {"augmentation": {}} | plain(old[part]).get("augmentation", {})
            assert inner.items() >= was.items(), name
        settings = new["method"] | new["method"].get("released", {}) | new["method"].get("short", {})
        flat = old["method"] | old["method"].get("comparison", {})
        for setting, value in plain(flat).items():
            if (flat["name"], setting) in GONE or (setting, value) == ("mask", "auto-derotated"):
                continue
            assert settings[RENAMED.get((flat["name"], setting), setting)] == value, (name, setting)
        assert settings["name"] != "monodepth2" or settings["derotated_mask"] == (flat["mask"] == "auto-derotated")
        for stage, old_stage in zip(new["stages"], old["stages"], strict=True):
            assert (stage | {"trains": ()}).items() >= (plain(old_stage) | {"trains": ()}).items(), name


RENAMED = {
    ("monodepth2", "encoder"): "depth_network",
    ("sgdepth", "encoder"): "depth_network",
    ("motion_field", "encoder"): "depth_network",
    ("dynamo_depth", "depth"): "depth_network",
    ("dynamo_depth", "motion"): "motion_encoder",
    ("sc_sfmlearner", "pose_network"): "ego_motion",
}
GONE = {("sc_sfmlearner", "comparison"), ("sgdepth", "multi_scale")} | {
    (name, "pose_matching") for name in ("monodepth2", "sc_sfmlearner", "sgdepth", "motion_field", "dynamo_depth")
}
"""A group whose members are settings now, a setting that had one value, and block matching of the pose."""


def plain(values: dict[str, Any]) -> dict[str, Any]:
    """JSON has lists where recipes have tuples."""
    return {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}

"""Each command on a tiny data set, and all together from a video to a report."""

import json
from pathlib import Path

import numpy as np
import pytest

from vection.cli.arguments import dotted_names, override
from vection.cli.main import main
from vection.recipes.registry import get_recipe

Capture = pytest.CaptureFixture[str]


def succeeds(capsys: Capture, *words: str | Path) -> str:
    code = main([str(word) for word in words])
    captured = capsys.readouterr()
    assert code == 0, captured.err
    return captured.out


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, clips: Path) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "debug"
    words = ["train", "monodepth2-debug", "--data", clips, "--out", folder, "--training.seed", 3, "--set"]
    words += ["training.log_every=2", "--set", "stages.0.learning_rate=2e-4"]
    assert main([str(word) for word in words]) == 0
    return folder


def test_train_applies_overrides(run: Path) -> None:
    recipe = json.loads((run / "recipe.json").read_text())
    assert recipe["training"]["seed"] == 3
    assert recipe["training"]["log_every"] == 2
    assert recipe["stages"][0]["learning_rate"] == 2e-4


def test_train_again_goes_on_and_says_so_in_json(capsys: Capture, run: Path, clips: Path) -> None:
    words = ["train", "monodepth2-debug", "--data", clips, "--out", run, "--training.seed", "3", "--json", "--set"]
    words += ["training.log_every=2", "--set", "stages.0.learning_rate=2e-4"]
    last = json.loads(succeeds(capsys, *words).splitlines()[-1])
    assert last["run"] == str(run)
    assert last["step"] == 4
    assert last["train_loss"] > 0
    assert last["validation_loss"] > 0
    # True depth lies beside these clips.
    events = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    errors = [event["depth_statistics"]["abs_rel"] for event in events if event["split"] == "validation"]
    assert errors
    assert all(0.05 < error < 1 for error in errors)


def test_from_video_to_report(capsys: Capture, tmp_path: Path, run: Path, video: Path) -> None:
    size = ("--width", "96", "--height", "64", "--stride", "1", "--intrinsics", "fov:80", "--keep-static")
    made = json.loads(succeeds(capsys, "ingest", video, "--out", tmp_path / "clip", *size, "--json"))
    assert made["clips"] == [{"folder": str(tmp_path / "clip"), "frames": 8}]
    out = tmp_path / "predictions"
    said = json.loads(succeeds(capsys, "predict", run, video, "--out", out, "--json"))
    assert said["predictions"] == [str(out)]
    assert said["unit"] == "up-to-scale"
    depth = np.load(out / "depth" / "000003.npy")
    assert depth.shape == (64, 96)
    assert (depth > 0).all()
    assert len((out / "path_tum.txt").read_text().splitlines()) == 8
    report = Path(succeeds(capsys, "report", run).strip())
    assert report == run / "report.html"
    assert "monodepth2-debug" in report.read_text()


def test_evaluate_a_run(capsys: Capture, run: Path, clips: Path) -> None:
    succeeds(capsys, "predict", run, clips, "--out", run / "predictions", "--no-path", "--no-png", "--no-video")
    words = ("evaluate", run, "--truth", clips, "--protocol", "synthetic")
    table = succeeds(capsys, *words, "--csv", run / "scores.csv")
    assert "row-mean depth" in table
    assert "median scaling per image" in " ".join(table.split())
    content = json.loads(succeeds(capsys, *words, "--json"))
    assert [result["name"] for result in content["results"]] == ["model", "constant depth", "row-mean depth"]
    assert len((run / "scores.csv").read_text().splitlines()) > 16
    assert len(list((run / "examples").glob("*.npz"))) == 6
    page = Path(succeeds(capsys, "report", run).strip()).read_text()
    assert "evaluated images the predicted depth is off by" in page
    assert "relative error" in page


def test_predictions_are_thinned_on_request(capsys: Capture, tmp_path: Path, run: Path, clips: Path) -> None:
    words = ("predict", run, clips / "drive_1", "--no-video", "--no-png", "--no-depth", "--stride", "2", "--out")
    succeeds(capsys, *words, tmp_path / "p", "--max-frames", "2")
    listed = json.loads((tmp_path / "p/predictions.json").read_text())["frames"]
    assert [frame["name"] for frame in listed] == ["000000", "000002"]
    assert {path.name for path in (tmp_path / "p").iterdir()} == {"predictions.json", "path_tum.txt", "path_kitti.txt"}
    assert main([str(word) for word in (*words, tmp_path / "q", "--max-frames", "0")]) == 2
    assert "--max-frames must be at least 1, but is 0" in capsys.readouterr().err


def test_one_drive_alone_leaves_row_mean_depth_out(capsys: Capture, tmp_path: Path, run: Path, clips: Path) -> None:
    clip = clips / "drive_1"
    words = ("predict", run, clip, "--out", tmp_path / "p", "--no-video", "--no-png")
    assert "up-to-scale" in succeeds(capsys, *words)
    evaluate = ("evaluate", tmp_path / "p", "--truth", clip, "--protocol", "synthetic", "--json")
    results = json.loads(succeeds(capsys, *evaluate))["results"]
    assert [result["name"] for result in results] == ["model", "constant depth"]
    results = json.loads(succeeds(capsys, *evaluate, "--row-mean-from", clips / "drive_2"))["results"]
    assert [result["name"] for result in results] == ["model", "constant depth", "row-mean depth"]


def test_recipes(capsys: Capture) -> None:
    assert "\nmonodepth2-debug " in succeeds(capsys, "recipes")
    listed = json.loads(succeeds(capsys, "recipes", "--json"))
    assert {"name", "summary"} == set(listed[0])
    assert "training.seed = 0" in succeeds(capsys, "recipes", "monodepth2-debug")
    assert json.loads(succeeds(capsys, "recipes", "monodepth2-debug", "--json"))["data"]["width"] == 96


def test_every_setting_has_a_dotted_name_that_can_be_overridden() -> None:
    recipe = get_recipe("monodepth2-debug")
    names = dotted_names(recipe)
    assert names["data.augmentation.hue"] == recipe.data.augmentation.hue
    assert names["stages.0.drops"] == recipe.stages[0].drops
    words = [
        "--data.offsets",
        "-2",
        "2",
        "--stages.0.drops",
        "4",
        "5",
        "--training.gradient-clip",
        "1",
        "--data.width=64",
    ]
    changed = override(recipe, words, command="train", see="vection recipes")
    assert changed.data.offsets == (-2, 2)
    assert changed.stages[0].drops == (4, 5)
    assert changed.training.gradient_clip == 1.0
    assert changed.data.width == 64
    assert changed.method == recipe.method

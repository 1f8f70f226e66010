"""What a user can get wrong: one sentence on standard error, the right exit code, nothing half-written."""

import json
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from vection.cli.main import main


def fails(capsys: pytest.CaptureFixture[str], *words: str | Path, code: int) -> str:
    """Run the program, check its exit code and that it said one sentence, and return that."""
    assert main([str(word) for word in words]) == code
    captured = capsys.readouterr()
    errors = [line for line in captured.err.splitlines() if line.startswith("vection: ")]
    assert len(errors) == 1, captured.err
    assert "Traceback" not in captured.err
    assert captured.out == ""
    return errors[0]


def images(folder: Path, *, count: int) -> Path:
    folder.mkdir()
    generator = np.random.default_rng(0)
    for index in range(count):
        picture = (generator.random((64, 96, 3)) * 255).astype(np.uint8)
        cv2.imwrite(str(folder / f"{index}.png"), picture)
    return folder


def test_missing_file(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert "absent.mp4" in fails(capsys, "ingest", tmp_path / "absent.mp4", "--out", tmp_path / "clip", code=2)
    assert "absent" in fails(capsys, "report", tmp_path / "absent", code=2)
    truth = ("--truth", tmp_path / "absent", "--protocol", "synthetic")
    assert "absent" in fails(capsys, "evaluate", tmp_path, *truth, code=2)
    train = ("train", "monodepth2-debug", "--data", tmp_path / "absent", "--out", tmp_path / "run")
    assert "absent" in fails(capsys, *train, code=2)
    assert not list(tmp_path.iterdir())
    predict = ("predict", tmp_path / "absent", images(tmp_path / "frames", count=1), "--out", tmp_path / "p")
    assert "no checkpoint" in fails(capsys, *predict, code=2)
    predict = ("predict", tmp_path / "absent", tmp_path / "absent.mp4", "--out", tmp_path / "p")
    assert "absent.mp4" in fails(capsys, *predict, code=2)
    assert [path.name for path in tmp_path.iterdir()] == ["frames"]


def test_workers_of_ingest_only_measure(capsys: pytest.CaptureFixture[str], tmp_path: Path, video: Path) -> None:
    assert "--measure" in fails(capsys, "ingest", video, "--out", tmp_path / "clip", "--workers", 2, code=2)
    fails(capsys, "ingest", video, "--out", tmp_path / "clip", "--measure", "--workers", -1, code=2)
    assert not (tmp_path / "clip").exists()


def test_text_file_named_mp4(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "text.mp4").write_text("not a video\n" * 100)
    assert "text.mp4" in fails(capsys, "ingest", tmp_path / "text.mp4", "--out", tmp_path / "clip", code=3)
    assert not (tmp_path / "clip").exists()


def test_corrupt_video(capsys: pytest.CaptureFixture[str], tmp_path: Path, video: Path) -> None:
    (tmp_path / "cut.mp4").write_bytes(video.read_bytes()[: video.stat().st_size // 2])
    assert "cut.mp4" in fails(capsys, "ingest", tmp_path / "cut.mp4", "--out", tmp_path / "clip", code=3)
    assert [path.name for path in tmp_path.iterdir()] == ["cut.mp4"]


def test_two_frames_only(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    folder = images(tmp_path / "frames", count=2)
    message = fails(capsys, "ingest", folder, "--out", tmp_path / "clip", "--width", "96", "--height", "64", code=3)
    assert "2" in message
    assert "3" in message
    assert not (tmp_path / "clip").exists()


def test_intrinsics_of_another_size(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    folder = images(tmp_path / "frames", count=5)
    camera = {"width": 1920, "height": 800, "fx": 1000, "fy": 1000, "cx": 960, "cy": 400}
    (tmp_path / "camera.json").write_text(json.dumps(camera))
    words = ("ingest", folder, "--out", tmp_path / "clip", "--intrinsics", tmp_path / "camera.json")
    assert "1920x800" in fails(capsys, *words, code=3)
    assert not (tmp_path / "clip").exists()


def test_output_that_cannot_be_written(capsys: pytest.CaptureFixture[str], tmp_path: Path, clips: Path) -> None:
    (tmp_path / "file").write_text("")
    place = tmp_path / "file" / "below"
    assert str(place) in fails(capsys, "train", "monodepth2-debug", "--data", clips, "--out", place, code=2)
    assert str(place) in fails(capsys, "demo", "--out", place, code=2)
    folder = images(tmp_path / "frames", count=5)
    assert str(place) in fails(capsys, "ingest", folder, "--out", place, "--width", "96", "--height", "64", code=2)


def test_a_folder_that_is_no_demo_is_left_alone(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "precious.txt").write_text("x")
    assert "holds no demo" in fails(capsys, "demo", "--out", tmp_path, code=2)
    assert [path.name for path in tmp_path.iterdir()] == ["precious.txt"]


def test_unknown_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert "did you mean train?" in fails(capsys, "trian", code=2)
    assert "the commands are demo, doctor, calibrate, ingest" in fails(capsys, "xyz", code=2)


def test_unknown_recipe(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    message = fails(capsys, "train", "monodepth2-debg", "--data", tmp_path, "--out", tmp_path / "run", code=2)
    assert "monodepth2-debug" in message
    assert "monodepth2-stereo" in fails(capsys, "recipes", "monodepth2-sterio", code=2)


@pytest.mark.parametrize(
    ("override", "said"),
    [
        (("--training.sed", "3"), "did you mean --training.seed"),
        (("--set", "data.batch_sizes=3"), "did you mean --data.batch_size"),
        (("--training.seed", "three"), "--training.seed"),
        (("--set", "training.seed"), "NAME=VALUE"),
        (("--training.precision", "float8"), "float8"),
        (("surplus",), "surplus"),
        (("--no-resum",), "did you mean --no-resume"),
    ],
)
def test_wrong_override(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, override: tuple[str, ...], said: str
) -> None:
    train = ("train", "monodepth2-debug", "--data", tmp_path, "--out", tmp_path / "run")
    assert said in fails(capsys, *train, *override, code=2)
    assert not (tmp_path / "run").exists()


def test_wrong_arguments_of_other_commands(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert "--out" in fails(capsys, "ingest", tmp_path, code=2)
    assert "did you mean --out" in fails(capsys, "report", tmp_path, "--otu", "x", code=2)
    assert "--width" in fails(capsys, "ingest", tmp_path, "--out", "x", "--width", "wide", code=2)
    assert "zoom" in fails(capsys, "ingest", tmp_path, "--out", "x", "--crop", "zoom", code=2)
    assert "kitti-2015" in fails(capsys, "evaluate", tmp_path, "--truth", tmp_path, "--protocol", "kitti", code=2)


def test_unknown_device(capsys: pytest.CaptureFixture[str], tmp_path: Path, clips: Path) -> None:
    words = ("train", "monodepth2-debug", "--data", clips, "--out", tmp_path / "run", "--device", "gpu")
    assert "no device 'gpu'" in fails(capsys, *words, code=2)
    assert not (tmp_path / "run").exists()


def test_clips_of_another_size(capsys: pytest.CaptureFixture[str], tmp_path: Path, clips: Path) -> None:
    words = ("train", "monodepth2-debug", "--data", clips, "--out", tmp_path / "run", "--data.width", "128")
    assert "96x64" in fails(capsys, *words, code=3)


def test_a_bug_says_how_to_find_it(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(arguments: list[str]) -> None:
        raise RuntimeError("two\nlines")

    monkeypatch.setattr("vection.cli.models.recipes.run", broken)
    message = fails(capsys, "recipes", code=1)
    assert message == (
        "vection: error: RuntimeError: two lines; this is a bug in vection; run again with --traceback to see where."
    )
    assert main(["recipes", "--traceback"]) == 1
    assert "Traceback" in capsys.readouterr().err


def test_interruption(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(arguments: list[str]) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("vection.cli.models.recipes.run", interrupted)
    assert fails(capsys, "recipes", code=130) == "vection: interrupted"


def test_a_disk_that_will_not_hold_the_result(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, video: Path
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda folder: SimpleNamespace(free=1000))
    ingest = ("ingest", video, "--out", tmp_path / "clip", "--width", 96, "--height", 64, "--intrinsics", "fov:70")
    assert "free space, choose another place" in fails(capsys, *ingest, code=2)
    assert "free space" in fails(capsys, "predict", "street", video, "--out", tmp_path / "p", code=2)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("width", ['""', "[96]", "NaN", "Infinity", '"../../x"', "null"])
def test_a_camera_whose_size_is_no_number(capsys: pytest.CaptureFixture[str], tmp_path: Path, width: str) -> None:
    camera = tmp_path / "camera.json"
    camera.write_text(f'{{"width": {width}, "height": 64, "fx": 80, "fy": 80, "cx": 47, "cy": 31}}')
    frames = images(tmp_path / "frames", count=4)
    words = ("ingest", frames, "--out", tmp_path / "clip", "--width", 96, "--height", 64, "--intrinsics", camera)
    assert "camera.json" in fails(capsys, *words, code=3)

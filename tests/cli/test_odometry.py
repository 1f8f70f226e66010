import json
from pathlib import Path

import numpy as np
import pytest
from tests.cli.test_commands import succeeds
from tests.cli.test_wrong_input import fails
from tests.evaluation.paths.test_trajectory import scaled, winding_path

from vection.formats.camera_path import kitti_text, read_path, tum_text
from vection.formats.checkpoint import save_checkpoint
from vection.recipes.methods import build_method
from vection.recipes.recipe_file import recipe_to_json
from vection.recipes.registry import get_recipe

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def paths(tmp_path: Path) -> Path:
    """Folders `true` and `predicted` with the sequences 09 and 10, predicted at a tenth of the size."""
    poses = winding_path(60)
    for name, factor in (("true", 1.0), ("predicted", 0.1)):
        (tmp_path / name).mkdir()
        for sequence in ("09", "10"):
            (tmp_path / name / f"{sequence}.txt").write_text(kitti_text(list(scaled(poses, factor))))
    return tmp_path


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run whose network has learned nothing; its path is as good as any other for what is tested here."""
    folder = tmp_path_factory.mktemp("runs") / "untrained"
    recipe = get_recipe("monodepth2-debug")
    method = build_method(recipe.method)
    config = {"recipe": recipe_to_json(recipe)}
    save_checkpoint(folder, weights=method.state_dict(), config=config)
    return folder


def test_paths_of_other_programs(capsys: Capture, paths: Path) -> None:
    words = ("odometry", paths / "predicted", "--truth", paths / "true", "--align", "scale", "none")
    out = json.loads(succeeds(capsys, *words, "--json", "--csv", paths / "segments.csv"))
    assert [one["name"] for one in out["sequences"]] == ["09", "10"]
    none, scale = out["sequences"][0]["alignments"]
    assert (none["alignment"], scale["alignment"]) == ("none", "scale")
    assert none["t_err"] == pytest.approx(90, abs=5)
    assert scale["t_err"] == pytest.approx(0, abs=1e-4)
    assert scale["scale"] == pytest.approx(10, rel=1e-6)
    assert out["sequences"][0]["snippets"][0]["ate"] == pytest.approx(0, abs=1e-6)
    assert "09,scale,0,100.0" in (paths / "segments.csv").read_text()
    table = " ".join(succeeds(capsys, *words).split())
    assert "one scale by least squares" in table
    assert "snippets of 5 and 100 frames" in table


def test_a_sequence_alone_says_how_many_frames_it_leaves_out(capsys: Capture, paths: Path) -> None:
    words = ("odometry", paths / "predicted" / "09.txt", "--protocol", "sc-sfmlearner", "--truth")
    out = json.loads(succeeds(capsys, *words, paths / "true" / "09.txt", "--json"))
    assert [(one["frames"], one["left_out"]) for one in out["sequences"]] == [(51, 9)]
    assert "51 (first 9 left out)" in " ".join(succeeds(capsys, *words, paths / "true" / "09.txt").split())
    (paths / "true" / "09.txt").rename(paths / "true.txt")
    (paths / "predicted" / "09.txt").rename(paths / "mine.txt")
    words = ("odometry", paths / "mine.txt", "--protocol", "sc-sfmlearner", "--truth", paths / "true.txt")
    assert "name its file or folder by the number" in " ".join(fails(capsys, *words, code=2).split())


def test_the_first_sequences(capsys: Capture, paths: Path) -> None:
    words = ("odometry", paths / "predicted", "--truth", paths / "true", "--protocol", "dynamo-snippets")
    out = json.loads(succeeds(capsys, *words, "--json"))
    assert [one["snippets"] for one in out["all_snippets"]] == [2 * 56]  # shorter than 100 frames
    assert "first 100 sequences" in out["protocol"]["description"]
    first = json.loads(succeeds(capsys, *words, "--sequences", "1", "--json"))
    assert [one["name"] for one in first["sequences"]] == ["09"]
    assert "must be positive" in fails(capsys, *words, "--sequences", "0", code=2)


def test_a_path_is_converted_and_drawn(capsys: Capture, paths: Path) -> None:
    said = succeeds(capsys, "odometry", paths / "predicted" / "09.txt", "--out", paths / "out")
    assert said.strip() == str(paths / "out")
    np.testing.assert_allclose(
        read_path(paths / "out" / "path_tum.txt").poses, scaled(winding_path(60), 0.1), atol=1e-6
    )
    assert (paths / "out" / "path.png").stat().st_size > 1000
    assert not (paths / "out" / "odometry.json").exists()
    words = ("odometry", paths / "predicted", "--out", paths / "both", "--beside", paths / "true")
    succeeds(capsys, *words)
    assert (paths / "both" / "09" / "path.png").read_bytes() != (paths / "out" / "path.png").read_bytes()


def test_from_a_run_to_errors(capsys: Capture, tmp_path: Path, run: Path, clips: Path) -> None:
    out = json.loads(succeeds(capsys, "odometry", run, clips, "--out", tmp_path / "paths", "--json"))
    assert out["paths"] == [str(tmp_path / "paths" / name) for name in ("drive_1", "drive_2")]
    assert [one["name"] for one in out["sequences"]] == ["drive_1", "drive_2"]
    assert [one["frames"] for one in out["sequences"]] == [8, 8]
    assert json.loads((tmp_path / "paths" / "odometry.json").read_text())["mean"] == out["mean"]
    # The same path as that of `predict`, which predicts depth as well.
    succeeds(capsys, "predict", run, clips / "drive_1", "--out", tmp_path / "p", "--no-video", "--no-png")
    file = Path("drive_1") / "path_kitti.txt"
    assert (tmp_path / "paths" / file).read_text() == (tmp_path / "p" / file.name).read_text()
    # And as that which is read from the files.
    again = json.loads(succeeds(capsys, "odometry", tmp_path / "paths", "--truth", clips, "--json"))
    assert again["mean"]["scale"]["ate"] == pytest.approx(out["mean"]["scale"]["ate"], rel=1e-5)


def test_a_video_has_a_path_without_truth(capsys: Capture, tmp_path: Path, run: Path, video: Path) -> None:
    said = succeeds(capsys, "odometry", run, video, "--out", tmp_path / "out").strip()
    assert said == f"{tmp_path / 'out'}: motion from the network in 7, of 7 pairs"
    assert len((tmp_path / "out" / "path.csv").read_text().splitlines()) == 9


def test_motion_is_measured_or_not_as_said(capsys: Capture, tmp_path: Path, run: Path, video: Path) -> None:
    words = ("odometry", run, video, "--out", tmp_path / "out", "--motion", "measured")
    assert "give --intrinsics" in fails(capsys, *words, code=2)
    out = json.loads(succeeds(capsys, *words, "--intrinsics", "fov:90", "--json"))
    (said,) = out["motion"]
    assert said.endswith("of 7 pairs")
    assert "network" not in said
    assert (tmp_path / "out" / "path_tum.txt").read_text().startswith(f"# motion: {said}\n")
    assert len(read_path(tmp_path / "out" / "path_tum.txt")) == 8
    words = ("predict", run, video, "--out", tmp_path / "p", "--no-video", "--no-png")
    assert "motion from the network in 7, of 7 pairs" in succeeds(capsys, *words, "--motion", "network")
    listed = json.loads((tmp_path / "p" / "predictions.json").read_text())
    assert listed["motion"] == "from the network in 7, of 7 pairs"
    assert [frame.get("motion_source") for frame in listed["frames"]] == ["network"] * 7 + [None]
    assert "invalid choice" in fails(capsys, *words, "--overwrite", "--motion", "both", code=2)


def test_intrinsics_of_clips_are_their_own(capsys: Capture, tmp_path: Path, run: Path, clips: Path) -> None:
    words = ("odometry", run, clips, "--out", tmp_path / "paths", "--intrinsics", "fov:70")
    assert "leave --intrinsics out" in fails(capsys, *words, code=2)


def test_a_model_of_depth_alone_says_why_there_is_no_path(
    capsys: Capture, tmp_path: Path, run: Path, video: Path, clips: Path
) -> None:
    recipe = get_recipe("monodepth2-debug")
    config = {"recipe": recipe_to_json(recipe), "knows": {"ego_motion": False}}
    save_checkpoint(tmp_path / "depth", weights=build_method(recipe.method).state_dict(), config=config)
    words = ("predict", tmp_path / "depth", video, "--out", tmp_path / "p", "--no-video", "--no-png")
    assert "motion none: this model knows no motion, and without intrinsics" in succeeds(capsys, *words)
    assert len(list((tmp_path / "p" / "depth").iterdir())) == 8
    assert not (tmp_path / "p" / "path_tum.txt").exists()
    words = ("odometry", tmp_path / "depth", video, "--out", tmp_path / "o")
    assert "There is no path: this model knows no motion" in fails(capsys, *words, code=2)
    words = ("predict", tmp_path / "depth", clips / "drive_1", "--out", tmp_path / "clip", "--no-video", "--no-png")
    succeeds(capsys, *words, "--scene-flow")
    assert len(read_path(tmp_path / "clip" / "path_tum.txt")) == 8


def test_wrong_arguments(capsys: Capture, paths: Path) -> None:
    predicted, true = paths / "predicted", paths / "true"
    assert "nothing to do" in fails(capsys, "odometry", predicted, code=2)
    assert "--out" in fails(capsys, "odometry", predicted, paths / "drive.mp4", code=2)
    assert "sim3" in fails(capsys, "odometry", predicted, "--truth", true, "--align", "sim3", code=2)
    assert "at least two" in fails(capsys, "odometry", predicted, "--truth", true, "--snippets", "1", code=2)
    assert "kitti-odometry" in fails(capsys, "odometry", predicted, "--truth", true, "--protocol", "kitti", code=2)
    assert "with --out" in fails(capsys, "odometry", predicted, "--truth", true, "--beside", true, code=2)
    (true / "10.txt").rename(true / "11.txt")
    assert "no path named '10'" in fails(capsys, "odometry", predicted, "--truth", true, code=2)
    (paths / "short.txt").write_text(tum_text(list(winding_path(5)), [0.1 * index for index in range(5)]))
    words = ("odometry", paths / "short.txt", "--truth", true / "09.txt")
    assert "--first-frame" in fails(capsys, *words, code=2)
    (paths / "broken.txt").write_text("no path\n")
    assert "no camera path" in fails(capsys, "odometry", paths / "broken.txt", "--truth", true / "09.txt", code=3)

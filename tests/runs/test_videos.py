import html
import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from vection.cli.main import main
from vection.data.clips.folder import read_clip, write_rgb
from vection.errors import DataError, UsageError
from vection.formats.evaluation_file import read_evaluation
from vection.formats.measured_geometry import is_measured
from vection.formats.prediction_folder import read_prediction_list
from vection.formats.run_folder import RunFolder
from vection.recipes.registry import get_recipe
from vection.runs.videos import VideoTraining, train_on_videos

RECIPE = "measured-depth-debug"


@pytest.fixture(scope="module")
def trained(video: Path, tmp_path_factory: pytest.TempPathFactory) -> VideoTraining:
    return train_on_videos([video], out=tmp_path_factory.mktemp("runs") / "run", recipe=RECIPE, device="cpu")


def test_a_video_becomes_a_run_with_a_report(trained: VideoTraining):
    run = RunFolder(trained.run)
    clip = read_clip(run.clips / "drive")
    assert (clip.width, clip.height) == (96, 64)
    assert is_measured(clip.folder)
    assert trained.report.is_file()
    (warning,) = trained.warnings
    assert "60 degrees" in warning
    assert trained.actions == ()
    assert warning in trained.report.read_text()


def test_what_was_held_out_is_predicted_and_scored(trained: VideoTraining):
    run = RunFolder(trained.run)
    predicted = [frame.name for frame in read_prediction_list(run.predictions).frames]
    stems = [frame.stem for frame in read_clip(run.clips / "drive").frames]
    assert 0 < len(predicted) < len(stems) / 2
    assert predicted == stems[-len(predicted) :]
    assert set(trained.abs_rel) == {"model", "constant depth", "row-mean depth"}
    evaluation = read_evaluation(run.evaluation)
    assert evaluation.results[0].errors["all"]["abs_rel"] == pytest.approx(trained.abs_rel["model"], abs=1e-6)


def test_again_it_goes_on_without_reading_the_video_again(trained: VideoTraining, video: Path):
    clip_file = RunFolder(trained.run).clips / "drive" / "clip.json"
    before = clip_file.stat().st_mtime_ns
    again = train_on_videos([video], out=trained.run, recipe=RECIPE, device="cpu")
    assert again.abs_rel == trained.abs_rel
    assert clip_file.stat().st_mtime_ns == before


def test_a_run_of_other_videos_is_refused(trained: VideoTraining, video: Path):
    other = video.parent / "other"
    other.mkdir(exist_ok=True)
    write_rgb(other / "0.png", np.zeros((64, 96, 3), np.uint8))
    with pytest.raises(UsageError, match="begun with other videos"):
        train_on_videos([other], out=trained.run, recipe=RECIPE)
    recipe = get_recipe(RECIPE)
    wider = replace(recipe, data=replace(recipe.data, width=128))
    with pytest.raises(UsageError, match="begun with other size"):
        train_on_videos([video], out=trained.run, recipe=wider)


def test_one_of_several_that_is_unusable_is_left_out_by_name(video: Path, tmp_path: Path):
    broken = tmp_path / "broken.mp4"
    tripod, first = tmp_path / "tripod", next(video.iterdir())
    broken.write_bytes(b"no video")
    tripod.mkdir()
    for number in range(36):
        shutil.copyfile(first, tripod / f"{number}.png")
    done = train_on_videos([broken, tripod, video], out=tmp_path / "run", recipe="monodepth2-debug", device="cpu")
    assert any(warning.startswith("broken.mp4 is left out") for warning in done.warnings)
    (stands,) = (warning for warning in done.warnings if warning.startswith("tripod is left out"))
    assert "the camera stands at 100% of the places" in stands
    assert stands in html.unescape(done.report.read_text())
    assert done.abs_rel == {}
    with pytest.raises(DataError, match="the camera stands"):
        train_on_videos([tripod], out=tmp_path / "alone", recipe=RECIPE)
    with pytest.raises(DataError, match="None of the 2 videos"):
        train_on_videos([broken, tripod], out=tmp_path / "none", recipe=RECIPE)


def test_videos_of_one_name_do_not_take_each_other_s_place(video: Path, tmp_path: Path):
    with pytest.raises(UsageError, match="would be one clip, 'drive'"):
        train_on_videos([video, video], out=tmp_path / "run", recipe=RECIPE)
    assert not (tmp_path / "run").exists()


def test_torchrun_trains_on_clips(video: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(UsageError, match="`vection ingest`"):
        train_on_videos([video], out=tmp_path / "run", recipe=RECIPE)


def test_a_data_set_s_recipe_is_refused(video: Path, tmp_path: Path):
    with pytest.raises(UsageError, match="reads a data set"):
        train_on_videos([video], out=tmp_path / "run", recipe="monodepth2")


def test_the_command_tells_recipes_videos_and_clips_apart(
    video: Path, trained: VideoTraining, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    words = ["train", RECIPE, str(video), "--out", str(trained.run), "--device", "cpu", "--json"]
    assert main(words) == 0
    printed = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert printed["report"] == str(trained.report)
    assert printed["abs_rel"] == trained.abs_rel
    clips = str(RunFolder(trained.run).clips)
    wrong = {
        (RECIPE, str(video), "--data", clips): "not both",
        (clips,): f"--data {clips}",
        ("absent.mp4",): "no video absent.mp4",
        (): "Name a video",
        ("--data", clips): "--out",
        ("--data", clips, "--out", str(tmp_path / "run"), "--intrinsics", "fov:60"): "clips have their own",
    }
    for words, message in wrong.items():
        assert main(["train", *words]) == 2
        assert message in capsys.readouterr().err


def test_a_run_whose_video_has_got_its_camera_is_begun_anew_or_refused(video: Path, tmp_path: Path):
    source, out = tmp_path / "drive", tmp_path / "run"
    shutil.copytree(video, source)
    train_on_videos([source], out=out, recipe=RECIPE, device="cpu")
    (source / "intrinsics.json").write_text(
        json.dumps({"width": 96, "height": 64, "fx": 90, "fy": 90, "cx": 48, "cy": 32})
    )
    with pytest.raises(UsageError, match=r"or their intrinsics, have changed since .*`resume=False`"):
        train_on_videos([source], out=out, recipe=RECIPE, device="cpu")
    train_on_videos([source], out=out, recipe=RECIPE, device="cpu", resume=False)
    assert read_clip(RunFolder(out).clips / "drive").frames[0].intrinsics[0] == 90

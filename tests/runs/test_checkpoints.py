"""Which checkpoint of a run is taken, by those who predict and those who train on."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from vection.cli.main import main
from vection.data.synthetic import still_street, write_drive
from vection.errors import UsageError
from vection.formats.checkpoint import read_config
from vection.formats.prediction_folder import read_prediction_list
from vection.formats.run_folder import RunFolder
from vection.recipes.registry import all_recipes, get_recipe
from vection.runs.load import find_run_checkpoint, read_knows
from vection.runs.predict import predict
from vection.runs.start import starting_recipe, with_start
from vection.runs.train import train

DEBUG = get_recipe("monodepth2-debug")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, tiny_clips: Path) -> Path:
    """A run of two epochs of two steps that keeps a snapshot of each."""
    kept = replace(DEBUG, training=replace(DEBUG.training, snapshot_every=1))
    return train(kept, data=tiny_clips, out=tmp_path_factory.mktemp("runs") / "first", device="cpu")


def test_checkpoints_have_names(run: Path):
    folders = RunFolder(run)
    assert {name: find_run_checkpoint(run, checkpoint=name) for name in ("best", "last", "2", "000004")} == {
        "best": folders.best, "last": folders.last, "2": folders.snapshot(2), "000004": folders.snapshot(4)
    }  # fmt: skip
    assert [read_config(folder)["position"]["step"] for folder in folders.snapshots.values()] == [2, 4]
    for name in ("3", "first"):
        with pytest.raises(UsageError, match=rf"no checkpoint '{name}'; it has best, last, 2, 4\."):
            find_run_checkpoint(run, checkpoint=name)
    for place in (folders.last, Path("street")):
        with pytest.raises(UsageError, match="is one checkpoint and no run of several"):
            find_run_checkpoint(place, checkpoint="best")


def test_the_recipe_says_which_stands_for_the_run(run: Path, tmp_path: Path):
    copy = RunFolder(tmp_path / "run")
    copy.last.parent.mkdir(parents=True)
    for folder in (RunFolder(run).last, RunFolder(run).best):
        (copy.path / "checkpoints" / folder.name).symlink_to(folder)
    assert find_run_checkpoint(copy.path) == copy.best
    copy.last.unlink()
    copy.last.mkdir()
    config = read_config(RunFolder(run).last)
    config["recipe"]["default_checkpoint"] = "last"
    (copy.last / "config.json").write_text(json.dumps(config))
    (copy.last / "model.safetensors").symlink_to(RunFolder(run).last / "model.safetensors")
    assert find_run_checkpoint(copy.path) == copy.last


def test_prediction_and_paths_take_a_named_one(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    write_drive(tmp_path / "drive", still_street(width=96, height=64, frames=3, antialias=False), seed=3)
    words = ["--device", "cpu", "--checkpoint"]
    for name in ("best", "2"):
        out = tmp_path / name
        assert main(["predict", str(run), str(tmp_path / "drive"), "--out", str(out), "--no-video", *words, name]) == 0
        assert read_prediction_list(out).model == str(find_run_checkpoint(run, checkpoint=name))
    command = ["odometry", str(run), str(tmp_path / "drive"), "--out", str(tmp_path / "path"), *words]
    assert main([*command, "4"]) == 0
    capsys.readouterr()
    assert main([*command, "5"]) == 2
    assert "has no checkpoint '5'; it has best, last, 2, 4." in " ".join(capsys.readouterr().err.split())
    assert main(["odometry", str(tmp_path / "path"), "--truth", str(tmp_path / "drive"), "--checkpoint", "4"]) == 2
    assert "--checkpoint is one of a run that predicts" in " ".join(capsys.readouterr().err.split())


def test_training_starts_from_a_named_one(run: Path, tmp_path: Path, tiny_clips: Path):
    folders = RunFolder(run)
    from_run = starting_recipe(str(run), out=tmp_path)
    assert with_start(from_run).start_from == str(folders.best)
    assert with_start(from_run, checkpoint="2").start_from == str(folders.snapshot(2))
    with pytest.raises(UsageError, match="`start_from=RUN`"):
        with_start(DEBUG, checkpoint="2")
    still = replace(DEBUG, start_from=str(run), stages=(replace(DEBUG.stages[0], epochs=1, learning_rate=0.0),))
    second = train(still, data=tiny_clips, out=tmp_path / "second", checkpoint="2", device="cpu")
    assert RunFolder(second).read_recipe()["start_from"] == str(folders.snapshot(2))
    train(still, data=tiny_clips, out=second, checkpoint="2", device="cpu")  # the same settings: it goes on


@pytest.mark.parametrize("name", [recipe.name for recipe in all_recipes().values() if recipe.starts_after])
def test_a_recipe_that_needs_a_start_does_not_run_without(
    name: str, tmp_path: Path, tiny_clips: Path, capsys: pytest.CaptureFixture[str]
):
    assert main(["train", name, "--data", str(tiny_clips), "--out", str(tmp_path / "run")]) == 2
    message = " ".join(capsys.readouterr().err.split())
    first = get_recipe(name).starts_after
    assert f"vection train {first} --data DATA --out runs/{first}" in message
    assert not (tmp_path / "run").exists()


def test_a_start_after_so_many_epochs_is_found_by_itself(run: Path, tmp_path: Path):
    wanting = replace(DEBUG, start_from=str(run), starts_after="monodepth2-debug", start_epoch=1)
    assert with_start(wanting).start_from == str(RunFolder(run).snapshot(2))
    assert with_start(wanting, checkpoint="last").start_from == str(RunFolder(run).last)
    with pytest.raises(UsageError, match=r"no snapshot after 10 epochs.*`training\.snapshot_every=10`"):
        with_start(replace(wanting, start_epoch=10))
    with pytest.raises(UsageError, match="There is no checkpoint"):
        with_start(replace(wanting, start_from=str(tmp_path)))


@pytest.fixture(scope="module")
def staged(tmp_path_factory: pytest.TempPathFactory, tiny_clips: Path) -> Path:
    """A run of four stages, of a step each, that keeps a snapshot of each."""
    recipe = get_recipe("dynamo-depth-debug")
    kept = replace(recipe, training=replace(recipe.training, snapshot_every=1, steps_per_epoch=1))
    return train(kept, data=tiny_clips, out=tmp_path_factory.mktemp("runs") / "staged", device="cpu")


def knows_objects(run: Path) -> dict[str, bool]:
    places = {str(step): place for step, place in RunFolder(run).snapshots.items()} | {"last": RunFolder(run).last}
    return {name: read_knows(place).object_motion for name, place in places.items()}


def test_a_checkpoint_knows_what_was_learned_before_it(staged: Path, tmp_path: Path):
    expected = {"1": False, "2": False, "3": True, "4": True, "last": True}
    assert knows_objects(staged) == expected
    older = tmp_path / "older"
    shutil.copytree(staged, older)
    for file in (older / "checkpoints").glob("*/config.json"):
        file.write_text(
            json.dumps({key: value for key, value in json.loads(file.read_text()).items() if key != "knows"})
        )
    assert knows_objects(older) == expected
    assert read_knows(RunFolder(staged).snapshot(1)).ego_motion


def test_motion_that_was_not_learned_yet_is_left_out_with_a_sentence(staged: Path, tmp_path: Path):
    write_drive(tmp_path / "drive", still_street(width=96, height=64, frames=3, antialias=False), seed=3)
    said = {}
    for name in ("2", "3"):
        (folder,) = predict(staged, tmp_path / "drive", tmp_path / name, checkpoint=name, video=False, device="cpu")
        said[name] = read_prediction_list(folder).warning
        assert (folder / "motion_mask").exists() == (folder / "object_flow").exists() == (name == "3")
    assert "has not learned how objects move" in said["2"]
    assert "learned" not in said["3"]
    (folder,) = predict(staged, tmp_path / "drive", tmp_path / "still", checkpoint="2", path=False, device="cpu")
    assert not read_prediction_list(folder).warning


def test_what_the_start_knows_is_known(staged: Path, tmp_path: Path, tiny_clips: Path):
    recipe = starting_recipe(str(staged), out=tmp_path)
    recipe = replace(recipe, stages=recipe.stages[:1])
    out = train(recipe, data=tiny_clips, out=tmp_path / "on", checkpoint="last", device="cpu")
    assert knows_objects(out) == {"1": True, "last": True}

"""The weights that ship: what they are, and what they know without any training."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch

from vection.cli.main import main
from vection.data.clips.folder import read_clip
from vection.data.synthetic.drive import write_drive
from vection.data.synthetic.varied import varied
from vection.errors import UsageError
from vection.formats.checkpoint import load_weights, save_checkpoint
from vection.formats.prediction_folder import read_prediction_list
from vection.formats.run_folder import RunFolder
from vection.losses.measured_log_error import measured_log_error
from vection.recipes.methods import build_method
from vection.recipes.recipe import Recipe
from vection.recipes.recipe_file import recipe_to_json
from vection.recipes.registry import get_recipe
from vection.runs.load import find_run_checkpoint, load_predictor, read_run_recipe
from vection.runs.start import starting_recipe, without_lists
from vection.runs.train import train
from vection.starts import STREET, start_folder

LARGEST = 12_000_000


def test_it_is_small_and_says_what_it_learned_from():
    folder = start_folder(STREET)
    assert folder is not None
    assert sum(file.stat().st_size for file in folder.iterdir()) <= LARGEST
    card = (folder / "CARD.md").read_text(encoding="utf-8")
    assert all(word in card for word in ("MIT", "AbsRel", "vection train street"))


def test_it_is_the_start_of_the_recipe_video():
    recipe = get_recipe("video")
    assert recipe.start_from == STREET
    method = build_method(replace(recipe.method, pretrained=False))
    load_weights(method, find_run_checkpoint(Path(STREET)))
    assert all(value.dtype == torch.float32 for value in method.parameters())


def test_it_knows_a_street_it_has_not_seen(tmp_path: Path):
    write_drive(tmp_path / "drive", varied(77_001, width=416, height=128, frames=2), seed=77_001)
    clip, predictor = read_clip(tmp_path / "drive"), load_predictor(STREET)
    true = clip.read_truth(1).depth
    near = np.where(true < 80, true, np.float32(0))
    weight = (near > 0).astype(np.float32)
    constant = np.full_like(true, np.median(near[near > 0]))
    model, guess = (
        float(measured_log_error(*(torch.from_numpy(each)[None, None] for each in (depth, near, weight))))
        for depth in (predictor.predict(clip.read_image(1)).depth, constant)
    )
    assert model < 0.3
    assert model < 0.6 * guess


def test_a_name_that_means_two_models_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / STREET).mkdir()
    assert find_run_checkpoint(Path(STREET)) == start_folder(STREET)  # a folder of anything else is no model
    shipped = start_folder(STREET)
    assert shipped is not None
    shutil.copytree(shipped, tmp_path / STREET, dirs_exist_ok=True)
    with pytest.raises(UsageError, match="as well as a run folder"):
        find_run_checkpoint(Path(STREET))
    assert find_run_checkpoint(tmp_path / STREET) == tmp_path / STREET


def test_a_model_alone_is_no_picture(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    shipped = start_folder(STREET)
    assert main(["predict", str(shipped), "--out", str(tmp_path / "out")]) == 2
    assert "is a model; name the video or images" in " ".join(capsys.readouterr().err.split())


def test_one_photo_needs_no_training(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    photo = tmp_path / "photo.png"
    cv2.imwrite(str(photo), np.full((120, 200, 3), 128, np.uint8))
    assert main(["predict", str(photo), "--out", str(tmp_path / "out"), "--device", "cpu"]) == 0
    assert read_prediction_list(tmp_path / "out").model == STREET
    assert main(["predict", "runs/none", str(photo), "--model", STREET, "--out", str(tmp_path / "other")]) == 2
    assert "both" in capsys.readouterr().err.lower()
    assert main(["predict", "runs/none", str(photo), "--out", str(tmp_path / "other"), "--device", "cpu"]) == 2
    assert f"weights that ship with vection: {STREET}" in " ".join(capsys.readouterr().err.split())


def small(name: str, **data: Any) -> Recipe:
    """One step at the size of the tiny clips."""
    recipe = get_recipe(name)
    return replace(
        recipe,
        method=replace(recipe.method, pretrained=False),
        data=replace(recipe.data, width=96, height=64, batch_size=1, workers=0, **data),
        stages=(replace(recipe.stages[0], epochs=1),),
        training=replace(recipe.training, steps_per_epoch=1, validation_fraction=0.0),
    )


def test_clips_have_none_of_the_settings_of_kitti_s_layout(tiny_clips: Path, tmp_path: Path):
    recipe = small("monodepth2", source="clips")
    run = train(recipe, data=tiny_clips, out=tmp_path / "run", device="cpu")
    stored = read_run_recipe(run)
    assert (recipe.data.split, recipe.data.shared_intrinsics) == ("eigen_zhou", True)
    assert (stored.data.split, stored.data.shared_intrinsics) == (None, False)
    older = replace(stored, data=replace(stored.data, split="nowhere", shared_intrinsics=True))
    RunFolder(run).write_recipe(recipe_to_json(older))
    assert starting_recipe(str(run), out=run).data == stored.data
    train(recipe, data=tiny_clips, out=run, device="cpu")  # goes on, and has nothing to do


@pytest.mark.parametrize(
    ("setting", "value"),
    [("split", "nowhere"), ("left_only", True), ("drop_static_frames", True), ("shared_intrinsics", True)],
)
def test_who_chooses_them_for_clips_is_told(setting: str, value: Any, tmp_path: Path):
    clips = get_recipe("monodepth2-debug")
    with pytest.raises(UsageError, match=rf"read without `data\.{setting}`"):
        without_lists(replace(clips, data=replace(clips.data, **{setting: value})))
    kitti = get_recipe("monodepth2")
    without_lists(replace(kitti, data=replace(kitti.data, **{setting: value})))
    started = replace(kitti, name="mine", data=replace(kitti.data, **{setting: value}))
    save_checkpoint(tmp_path / "start", weights={}, config={"recipe": recipe_to_json(started)})
    goes_on = replace(started, data=replace(started.data, source="clips"), start_from=str(tmp_path / "start"))
    without_lists(goes_on)  # those of the start were chosen for KITTI
    mine = replace(kitti, name="mine", data=replace(kitti.data, source="clips"))
    without_lists(mine)  # a recipe of one's own, made of one for KITTI
    with pytest.raises(UsageError, match="read without"):
        without_lists(replace(mine, data=replace(mine.data, split="nowhere")))

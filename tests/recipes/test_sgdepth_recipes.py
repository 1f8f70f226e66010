import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import pytest
import torch

from vection.data.clips.folder import read_clip, write_clip
from vection.errors import DataError, UsageError
from vection.methods.method import Progress
from vection.methods.sgdepth_settings import SgDepthSettings
from vection.recipes.methods import build_method
from vection.recipes.recipe import Recipe
from vection.recipes.registry import get_recipe, recipe_names
from vection.runs.data import load_data
from vection.runs.train import train
from vection.samples import RawSample, stack
from vection.training.augmentation.augment import augment

TABLE_1 = {
    "sgdepth-416x128": (416, 128), "sgdepth-depth-only-416x128": (416, 128),
    "sgdepth": (640, 192), "sgdepth-depth-only": (640, 192), "sgdepth-resnet50": (640, 192),
    "sgdepth-1280x384": (1280, 384), "sgdepth-depth-only-1280x384": (1280, 384),
}  # fmt: skip
TABLE_3: dict[str, dict[str, Any]] = {
    "sgdepth-segmentation-only": {"learns": "segmentation", "masking": "none"},
    "sgdepth-kitti-depth-only": {"learns": "depth", "masking": "none"},
    "sgdepth-kitti-multi-task": {"gradient_scale": None, "masking": "none"},
    "sgdepth-kitti-scaled-gradients": {"gradient_scale": 0.1, "masking": "none"},
    "sgdepth-kitti-semantic-mask": {"gradient_scale": 0.1, "masking": "all"},
    "sgdepth-kitti-threshold": {"gradient_scale": 0.1, "masking": "threshold"},
    "sgdepth-kitti": {"gradient_scale": 0.1, "masking": "scheduled"},
    "sgdepth-kitti-resnet50": {"masking": "scheduled", "depth_network": "resnet50"},
}


@pytest.mark.parametrize("name", [*TABLE_1, *TABLE_3])
def test_rows_of_the_tables_have_the_papers_settings(name: str):
    recipe = get_recipe(name)
    assert isinstance(recipe.method, SgDepthSettings)
    both = recipe.method.learns == "depth-and-segmentation"
    assert recipe.data.batch_size == (6 if both else 12)
    assert (recipe.data.labels is None) == (recipe.method.learns == "depth")
    (stage,) = recipe.stages
    assert (stage.epochs, stage.learning_rate, stage.drops, stage.drop_factor) == (40, 1e-4, (30,), 0.1)
    assert (recipe.data.width, recipe.data.height) == TABLE_1.get(name, (640, 192))
    assert recipe.data.split == ("eigen_zhou" if name in TABLE_1 else "kitti")
    for field, value in TABLE_3.get(name, {}).items():
        assert getattr(recipe.method, field) == value, field


def test_all_recipes_are_tested_here_or_not_of_the_paper():
    extra = {"as-released", "class-files", "video", "synthetic", "debug"}
    assert {n for n in recipe_names() if n.startswith("sgdepth")} == {
        *TABLE_1,
        *TABLE_3,
        *(f"sgdepth-{e}" for e in extra),
    }


def with_data(name: str = "sgdepth-debug", **changes: Any) -> Recipe:
    recipe = get_recipe(name)
    return replace(recipe, data=replace(recipe.data, **changes))


def with_method(name: str = "sgdepth-debug", **changes: Any) -> Recipe:
    recipe = get_recipe(name)
    return replace(recipe, method=replace(recipe.method, **changes))


def first(recipe: Recipe, root: Path) -> RawSample:
    return load_data(recipe, root).training[0]


def test_labels_come_from_the_clips_themselves_or_from_a_folder_beside_them(tiny_clips: Path):
    own = first(get_recipe("sgdepth-debug"), tiny_clips)
    assert own.labelled is not None
    one = first(with_data(labels=str(tiny_clips / "drive_1")), tiny_clips)
    below = first(with_data(labels="drive_1"), tiny_clips)
    beside = first(with_data(labels="drive_1"), tiny_clips / "drive_2")
    for clip in (below, beside):
        assert clip.labelled is not None
        assert one.labelled is not None
        assert torch.equal(clip.labelled.image, one.labelled.image)


def test_depth_alone_needs_no_labels(tiny_clips: Path):
    recipe = with_method(learns="depth", masking="none")
    assert first(replace(recipe, data=replace(recipe.data, labels=None)), tiny_clips).labelled is None


def test_labels_that_are_missing(tiny_clips: Path, tmp_path: Path):
    with pytest.raises(UsageError, match=r"`data\.labels=FOLDER`, or `data\.labels=clips`"):
        load_data(with_data(labels=None), tiny_clips)
    with pytest.raises(UsageError, match=r"'elsewhere' were not found.*`data\.labels=FOLDER`"):
        load_data(with_data(labels="elsewhere"), tiny_clips)
    with pytest.raises(DataError, match="holds no labelled images"):
        load_data(with_data(labels=str(tmp_path)), tiny_clips)


def test_class_files_beside_the_clips_make_masks(tiny_clips: Path, tmp_path: Path):
    clip = tmp_path / "drive"
    shutil.copytree(tiny_clips / "drive_1", clip)
    info = read_clip(clip)
    (clip / "classes").mkdir()
    for index, frame in enumerate(info.frames):
        cv2.imwrite(str(clip / "classes" / f"{frame.stem}.png"), info.read_truth(index).semantics)
    write_clip(replace(info, classes="classes"))
    recipe = with_data("sgdepth-class-files", height=64, width=96, batch_size=2)
    method = build_method(replace(recipe.method, pretrained=False, masking_from=0))
    raw = stack([load_data(recipe, tmp_path).training[index] for index in (0, 1)])
    batch = augment(raw, recipe.data.augmentation, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        terms = method(batch, Progress())
    assert set(terms) == {"photometric", "smoothness"}
    assert all(term.isfinite() for term in terms.values())
    overlaps = method.get_buffer("log.overlaps")
    assert int((overlaps > 0).sum()) == 2  # both images have cars


def test_masks_without_classes_are_refused_before_training(tmp_path: Path, tiny_clips: Path):
    with pytest.raises(UsageError, match=r"`method\.class_maps=given`"):
        train(with_method(learns="depth"), data=tiny_clips, out=tmp_path / "run")
    with pytest.raises(UsageError, match=r"`data\.use_classes=True`"):
        train(with_method(class_maps="given"), data=tiny_clips, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()

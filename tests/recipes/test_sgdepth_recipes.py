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
from vection.recipes.methods import build_method
from vection.recipes.recipe import Recipe
from vection.recipes.registry import get_recipe
from vection.runs.data import load_data
from vection.runs.train import train
from vection.samples import RawSample, stack
from vection.training.augmentation.augment import augment


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


def test_labels_are_paired_with_nothing_where_no_frame_is_held_out(tiny_clips: Path):
    recipe = get_recipe("sgdepth-debug")
    sets = load_data(replace(recipe, training=replace(recipe.training, validation_fraction=0.0)), tiny_clips)
    assert sets.validation is None


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


@pytest.mark.parametrize(
    "recipe",
    [
        with_method("sgdepth", class_maps="given"),
        with_data("sgdepth", use_classes=True),
        with_data("motion-field-kitti", use_classes=True),
        with_method("motion-field-kitti", object_masks=True),
    ],
)
def test_kitti_s_own_layout_has_no_class_maps(recipe: Recipe, tmp_path: Path):
    with pytest.raises(UsageError, match=r"no class maps; make clips.*`data\.source=clips`"):
        load_data(recipe, tmp_path)

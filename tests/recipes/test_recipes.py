import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from pydantic import ValidationError
from tests.batches import measured_geometry

from vection.data.sets.clip_dataset import ClipDataset
from vection.data.sets.labelled import LabelledClips, LabelledDataset
from vection.errors import DataError, UsageError
from vection.formats.checkpoint import WEIGHTS, load_weights
from vection.formats.run_folder import RunFolder
from vection.methods.method import MethodSettings, Progress
from vection.methods.monodepth2 import Monodepth2Settings
from vection.recipes.methods import METHODS, build_method
from vection.recipes.recipe import Recipe
from vection.recipes.recipe_file import recipe_from_json, recipe_to_json
from vection.recipes.registry import RENAMED, all_recipes, get_recipe, recipe_names
from vection.runs.data import load_data
from vection.runs.train import train
from vection.samples import Batch, stack
from vection.training.augmentation.augment import augment
from vection.training.stop import StopRequest

SIZE = {"height": 64, "width": 96}


@pytest.fixture(scope="module")
def batch(tiny_clips: Path) -> Batch:
    recipe = get_recipe("monodepth2-debug")
    raw = stack([LabelledClips(ClipDataset(tiny_clips, use_stereo=True), LabelledDataset(tiny_clips, **SIZE))[0]])
    assert raw.labelled is not None
    raw = replace(raw, classes=raw.labelled.classes, source_classes=raw.labelled.classes.expand(-1, 2, -1, -1))
    batch = augment(raw, recipe.data.augmentation, generator=torch.Generator().manual_seed(0))
    return replace(batch, measured=measured_geometry(1, 2))


def test_names_are_unique():
    names = recipe_names()
    assert len(names) == sum(len(entry.recipes) for entry in METHODS.values())
    assert all(get_recipe(name).name == name and get_recipe(name).summary for name in names)


@pytest.mark.parametrize("name", RENAMED)
def test_old_names_say_the_new_one(name: str):
    with pytest.raises(UsageError, match=f"is called '{RENAMED[name]}' now"):
        get_recipe(name)
    assert get_recipe(RENAMED[name])


def test_short_recipes_take_the_fastest_precision_and_the_best_checkpoint():
    """Ours stand apart: nothing of a paper's row is left in them."""
    endings = ("-video", "-synthetic", "-demo", "-debug")
    ours = [recipe for name, recipe in all_recipes().items() if name.endswith(endings)]
    assert len(ours) == 17
    for recipe in ours:
        assert (recipe.training.precision, recipe.default_checkpoint, recipe.protocols) == ("auto", "best", ())


@pytest.mark.parametrize("name", recipe_names())
def test_json_there_and_back(name: str):
    recipe = get_recipe(name)
    assert recipe_from_json(json.loads(json.dumps(recipe_to_json(recipe)))) == recipe


def test_a_wrong_value_names_its_field():
    values = recipe_to_json(get_recipe("monodepth2"))
    values["data"]["height"] = "tall"
    with pytest.raises(ValidationError, match=r"data\.height"):
        recipe_from_json(values)


@pytest.mark.parametrize(
    ("wrong", "hint"), [("monodepth2-strereo", "did you mean monodepth2-stereo"), ("zzz", "vection recipes")]
)
def test_unknown_recipes(wrong: str, hint: str):
    with pytest.raises(UsageError, match=hint):
        get_recipe(wrong)


SETTINGS: dict[MethodSettings, str] = {}
for recipe in all_recipes().values():  # many recipes share one method
    SETTINGS.setdefault(replace(recipe.method, pretrained=False), recipe.name)


@pytest.mark.parametrize("settings", SETTINGS, ids=SETTINGS.values())
def test_the_method_of_every_recipe_computes_its_loss(settings: Monodepth2Settings, batch: Batch):
    method = build_method(settings)
    with torch.no_grad():
        terms = method.training_loss(batch, Progress())
    assert all(term.isfinite() for term in terms.values())


@pytest.mark.parametrize("name", [name for name in recipe_names() if name.endswith("-debug")])
def test_debug_recipes_train_stop_and_go_on_bit_for_bit(
    tmp_path: Path, tiny_clips: Path, monkeypatch: pytest.MonkeyPatch, name: str
):
    whole = get_recipe(name)
    reference = train(whole, data=tiny_clips, out=tmp_path / "reference", device="cpu")
    asked = 0

    def in_mid_epoch(_: StopRequest) -> None:
        nonlocal asked
        asked += 1
        if asked == 3:  # of two epochs of two steps
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(StopRequest, "raise_if_requested", in_mid_epoch)
        with pytest.raises(KeyboardInterrupt):
            train(whole, data=tiny_clips, out=tmp_path / "run", device="cpu")
    train(whole, data=tiny_clips, out=tmp_path / "run", device="cpu")
    assert (RunFolder(tmp_path / "run").last / WEIGHTS).read_bytes() == (
        RunFolder(reference).last / WEIGHTS
    ).read_bytes()


def test_training_starts_from_another_runs_weights(tmp_path: Path, tiny_clips: Path):
    recipe = get_recipe("monodepth2-debug")
    quick = replace(
        recipe, training=replace(recipe.training, steps_per_epoch=1), stages=(replace(recipe.stages[0], epochs=1),)
    )
    first = train(quick, data=tiny_clips, out=tmp_path / "first", device="cpu")
    still = replace(quick, stages=(replace(quick.stages[0], learning_rate=0.0),), start_from=str(RunFolder(first).last))
    second = train(still, data=tiny_clips, out=tmp_path / "second", device="cpu")
    before, after = (build_method(recipe.method) for _ in range(2))
    load_weights(before, RunFolder(first).last)
    load_weights(after, RunFolder(second).last)
    for one, other in zip(before.parameters(), after.parameters(), strict=True):
        assert torch.equal(one, other)


def with_size(recipe: Recipe, *, height: int, width: int) -> Recipe:
    return replace(recipe, data=replace(recipe.data, height=height, width=width))


@pytest.mark.parametrize(("height", "width"), [(60, 96), (64, 100), (32, 96)])
def test_sizes_that_do_not_fit_the_networks(tiny_clips: Path, height: int, width: int):
    with pytest.raises(UsageError, match="multiples of 32, from 64"):
        load_data(with_size(get_recipe("monodepth2-debug"), height=height, width=width), tiny_clips)


def test_clips_of_another_size(tiny_clips: Path):
    with pytest.raises(DataError, match=r"are 96x64, the recipe wants 192x128.*`width=192` `height=128`"):
        load_data(with_size(get_recipe("monodepth2-debug"), height=128, width=192), tiny_clips)


def test_a_run_folder_that_cannot_be_written(tmp_path: Path, tiny_clips: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="Cannot write"):
        train(get_recipe("monodepth2-debug"), data=tiny_clips, out=tmp_path / "file" / "run", device="cpu")


def test_stereo_alone_learns_from_pairs_without_neighbours(tiny_clips: Path):
    recipe = get_recipe("monodepth2-debug")
    recipe = replace(recipe, method=replace(recipe.method, temporal=False, stereo=True))
    recipe = replace(recipe, training=replace(recipe.training, validation_fraction=0.0))
    samples = load_data(recipe, tiny_clips).training
    assert len(samples) == 16  # every frame of two drives
    assert samples[0].sources.shape[1] == 0
    assert samples[0].stereo is not None


@pytest.mark.parametrize("offsets", [(1,), (-2, -1, 1)])
def test_a_predicted_mask_is_of_two_neighbours(tiny_clips: Path, offsets: tuple[int, ...]):
    recipe = get_recipe("monodepth2-debug")
    recipe = replace(recipe, data=replace(recipe.data, offsets=offsets))
    recipe = replace(recipe, training=replace(recipe.training, validation_fraction=0.0))
    load_data(recipe, tiny_clips)
    predictive = replace(recipe.method, mask="predictive")
    with pytest.raises(UsageError, match=rf"each of 2 neighbours, but `data\.offsets` names {len(offsets)}"):
        load_data(replace(recipe, method=predictive), tiny_clips)
    load_data(replace(recipe, method=replace(predictive, temporal=False, stereo=True)), tiny_clips)

"""Settings that no training can have are refused before anything is made."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from vection.cli.arguments import override
from vection.cli.main import main
from vection.errors import DataError, UsageError
from vection.formats.bounds import leads_out
from vection.formats.checkpoint import OPTIMISER, load_optimiser, read_config, save_checkpoint
from vection.recipes.methods import METHODS
from vection.recipes.recipe import Recipe
from vection.recipes.recipe_file import check_recipe
from vection.recipes.registry import get_recipe, recipe_names
from vection.training.batches import EpochBatches
from vection.training.position import Position

IMPOSSIBLE = [
    *((f"stages.0.{name}", value) for name, value in (
        ("epochs", "0"), ("epochs", f"1{20 * '0'}"), ("learning_rate", "nan"), ("learning_rate", "inf"),
        ("learning_rate", "-1"), ("drop_factor", "-1"), ("warm_up", "-1"), ("weight_decay", "nan"))),
    *((f"training.{name}", value) for name, value in (
        ("log_every", "0"), ("checkpoint_every", "0"), ("snapshot_every", "0"), ("accumulation", "0"),
        ("accumulation", "-1"), ("steps_per_epoch", "0"), ("validation_batches", "0"), ("validation_fraction", "nan"),
        ("validation_fraction", "2"), ("gradient_clip", "0"), ("seed", "-1"), ("seed", f"1{20 * '0'}"))),
    *((f"data.{name}", value) for name, value in (
        ("batch_size", "0"), ("batch_size", "-1"), ("batch_size", f"1{20 * '0'}"), ("workers", "-1"),
        ("workers", f"1{20 * '0'}"), ("width", "0"), ("least_change", "nan"), ("rehearsal", "1.5"))),
    *((f"data.augmentation.{name}", value) for name, value in (
        ("flip", "7"), ("jitter", "nan"), ("scale_crop", "0"), ("brightness", "-1"))),
    *((f"method.{name}", value) for name, value in (
        ("scales", "0"), ("scales", "5"), ("min_depth", "0"), ("min_depth", "200"), ("max_depth", "nan"),
        ("ssim_weight", "-1"), ("smoothness_weight", "inf"), ("drop_path", "2"))),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value"), IMPOSSIBLE, ids=lambda one: one[:20])
def test_impossible_settings_are_named(name: str, value: str):
    recipe = override(get_recipe("monodepth2-debug"), [f"--{name}", value], command="train", see="")
    with pytest.raises(UsageError, match=f"The setting `{name}` is"):
        check_recipe(recipe)


@pytest.mark.parametrize("name", recipe_names())
def test_every_recipe_is_possible(name: str):
    check_recipe(get_recipe(name))


@pytest.mark.parametrize("name", METHODS)
def test_the_bounds_hold_for_every_method(name: str):
    settings = METHODS[name].settings()
    check_recipe(Recipe(name, "", method=settings))
    with pytest.raises(UsageError, match=r"`method\.min_depth` is 0"):
        check_recipe(Recipe(name, "", method=replace(settings, min_depth=0.0)))


def test_nothing_is_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    words = ["train", "monodepth2-debug", "--data", tmp_path, "--out", tmp_path / "run", "--training.log_every", "0"]
    assert main([str(word) for word in words]) == 2
    assert "--training.log_every is 0" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_an_epoch_of_any_length_takes_no_memory():
    batches = EpochBatches(3, batch_size=2, batches=10**9, seed=0)
    batches.start(0)
    first = [batch for batch, _ in zip(batches, range(3), strict=False)]
    assert sorted(first[0] + first[1][:1]) == [0, 1, 2]


@pytest.mark.parametrize("position", [None, [], {"stage": "x"}, {"step": -1}])
def test_a_damaged_position_is_said(position: object):
    with pytest.raises(DataError, match=r"config\.json is not valid at"):
        Position.stored({"position": position}, path=Path("config.json"))


def test_a_position_outlives_its_file(tmp_path: Path):
    save_checkpoint(tmp_path / "last", weights={"a": torch.zeros(1)}, config={"position": vars(Position(step=3))})
    assert Position.stored(read_config(tmp_path / "last"), path=tmp_path) == Position(step=3)
    modes = {file.stat().st_mode for file in (tmp_path / "last").iterdir()}
    assert len(modes) == 1


@pytest.mark.parametrize("damage", ["missing", "cut", "other"])
def test_a_damaged_optimiser_says_how_to_start_anew(tmp_path: Path, damage: str):
    parameters = [torch.nn.Parameter(torch.zeros(3))]
    optimiser = torch.optim.Adam(parameters)
    parameters[0].grad = torch.ones(3)
    optimiser.step()
    save_checkpoint(tmp_path / "last", weights={}, config={}, optimiser=optimiser)
    file = tmp_path / "last" / OPTIMISER
    if damage == "missing":
        file.unlink()
    elif damage == "cut":
        file.write_bytes(file.read_bytes()[:-4])
    else:
        optimiser = torch.optim.Adam([torch.nn.Parameter(torch.zeros(1))])
        optimiser.param_groups.clear()
    with pytest.raises(DataError, match="start anew with `resume=False`"):
        load_optimiser(optimiser, tmp_path / "last")


@pytest.mark.parametrize("name", ["..", "a/../../b", "/etc", "C:\\x", "\\\\host\\x", "a\\..\\..\\b", "a\0b"])
def test_paths_that_lead_out(name: str):
    assert leads_out(name)

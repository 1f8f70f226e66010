from dataclasses import replace

import pytest

from vection.methods.sc_sfmlearner import ScSfmLearnerSettings
from vection.recipes.registry import get_recipe
from vection.recipes.sc_sfmlearner import RECIPES

SIZES = {
    "sc-sfmlearner": ("dispresnet", 832, 256),
    "sc-sfmlearner-dispresnet-416x128": ("dispresnet", 416, 128),
    "sc-sfmlearner-dispnet-832x256": ("dispnet", 832, 256),
    "sc-sfmlearner-dispnet-416x128": ("dispnet", 416, 128),
}


def settings_of(name: str) -> ScSfmLearnerSettings:
    method = get_recipe(name).method
    assert isinstance(method, ScSfmLearnerSettings)
    return method


def test_the_papers_training():
    recipe = get_recipe("sc-sfmlearner")
    (stage,) = recipe.stages
    assert (stage.epochs, stage.learning_rate, stage.drops, recipe.training.steps_per_epoch) == (200, 1e-4, (), 1000)
    assert (recipe.data.batch_size, recipe.data.augmentation.jitter, recipe.data.augmentation.flip) == (4, 0, 0.5)
    method = settings_of("sc-sfmlearner")
    assert (method.photometric_weight, method.smoothness_weight, method.geometry_weight) == (1.0, 0.1, 0.5)
    assert (method.ssim_weight, method.scales, method.released.smoothness) == (0.85, 1, "squared")


@pytest.mark.parametrize("name", SIZES)
def test_table_5(name: str):
    recipe = get_recipe(name)
    assert (settings_of(name).depth_network, recipe.data.width, recipe.data.height) == SIZES[name]


def test_table_3_adds_one_thing_after_the_other():
    full = settings_of("sc-sfmlearner-dispnet-416x128")
    gc = replace(full, self_discovered_mask=False)
    ssim = replace(gc, geometry_weight=0.0)
    basic = replace(ssim, ssim_weight=0.0)
    rows = {"basic": basic, "basic-ssim": ssim, "basic-ssim-gc": gc}
    for name, expected in rows.items():
        assert settings_of(f"sc-sfmlearner-{name}") == expected
        assert settings_of(f"sc-sfmlearner-{name}-4-scales") == replace(expected, scales=4)
        data = get_recipe(f"sc-sfmlearner-{name}").data
        assert (data.width, data.height) == (416, 128)


@pytest.mark.parametrize("scales", [2, 3, 4])
def test_table_4(scales: int):
    one = settings_of("sc-sfmlearner-dispnet-416x128")
    assert settings_of(f"sc-sfmlearner-{scales}-scales") == replace(one, scales=scales)


def test_tables_1_and_2_start_from_cityscapes_or_not():
    for name in ("sc-sfmlearner", "sc-sfmlearner-odometry"):
        recipe, second = get_recipe(name), get_recipe(f"{name}-cityscapes-first")
        assert replace(second, name=recipe.name, summary=recipe.summary) == recipe
    assert settings_of("sc-sfmlearner-cityscapes") == settings_of("sc-sfmlearner")


def test_every_name_says_the_method():
    assert all(recipe.name.startswith("sc-sfmlearner") for recipe in RECIPES)

from dataclasses import replace

import pytest

from vection.cli.arguments import override
from vection.recipes.registry import get_recipe


def test_switches_take_true_and_false_in_small_letters() -> None:
    recipe = get_recipe("monodepth2")
    changed = override(recipe, ["--method.pretrained", "false"], command="train", see="vection recipes monodepth2")
    assert not changed.method.pretrained
    assert changed == replace(recipe, method=replace(recipe.method, pretrained=False))


@pytest.mark.parametrize(
    ("recipe", "setting"),
    [
        ("sc-sfmlearner-debug", "smoothness_weight"),
        ("sgdepth-debug", "smoothness_weight"),
        ("dynamo-depth-debug", "drop_path"),
    ],
)
def test_each_method_has_its_own_settings(recipe: str, setting: str) -> None:
    before = get_recipe(recipe)
    changed = override(before, [f"--method.{setting}", "0.25"], command="train", see="vection recipes")
    assert changed == replace(before, method=replace(before.method, **{setting: 0.25}))

from dataclasses import replace

from vection.cli.arguments import override
from vection.recipes.registry import get_recipe


def test_switches_take_true_and_false_in_small_letters() -> None:
    recipe = get_recipe("monodepth2")
    changed = override(recipe, ["--method.pretrained", "false"], command="train", see="vection recipes monodepth2")
    assert not changed.method.pretrained
    assert changed == replace(recipe, method=replace(recipe.method, pretrained=False))

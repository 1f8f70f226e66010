"""Every method can learn its camera, and the trainer knows that it does."""

from dataclasses import replace

import pytest

from vection.recipes.methods import build_method
from vection.recipes.registry import get_recipe

NAMES = ("monodepth2", "sc-sfmlearner", "sgdepth", "motion-field", "dynamo-depth")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("intrinsics", ["given", "per-camera", "per-pair"])
def test_a_method_says_whether_it_learns_the_camera(name: str, intrinsics: str):
    settings = replace(get_recipe(f"{name}-debug").method, pretrained=False, intrinsics=intrinsics)
    assert build_method(settings).learns_intrinsics == (intrinsics != "given")

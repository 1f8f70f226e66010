"""A new method needs its own files and a line in the table of methods; then everything knows it."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.toy_method import ENTRY, Toy, ToySettings

from vection.cli.main import main
from vection.recipes.methods import METHODS
from vection.recipes.recipe_file import recipe_from_json, recipe_to_json
from vection.recipes.registry import get_recipe, recipe_names
from vection.runs.load import load_predictor


@pytest.fixture(autouse=True)
def _in_the_table(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(METHODS, "toy", ENTRY)


def test_its_recipes_are_known_and_survive_json():
    assert "toy-debug" in recipe_names()
    recipe = replace(get_recipe("toy-debug"), method=ToySettings(speed=3.0))
    assert recipe_from_json(json.loads(json.dumps(recipe_to_json(recipe)))) == recipe


def test_it_trains_goes_on_and_predicts(tmp_path: Path, tiny_clips: Path):
    run = tmp_path / "run"
    command = ["train", "toy-debug", "--data", str(tiny_clips), "--out", str(run), "--device", "cpu"]
    assert main([*command, "--method.speed", "2.0"]) == 0
    assert main([*command, "--method.speed", "2.0"]) == 0  # there is nothing left to do
    assert main(command) == 2  # the settings are others
    predictor = load_predictor(run)
    assert isinstance(predictor.method, Toy)
    assert predictor.method.settings.speed == 2.0
    image = np.zeros((64, 96, 3), np.uint8)
    first, second = predictor.stream([image, image])
    assert first.depth.shape == (64, 96)
    assert second.T_camera_to_world is not None
    assert torch.allclose(torch.tensor(second.T_camera_to_world[2, 3]), torch.tensor(0.2, dtype=torch.float64))

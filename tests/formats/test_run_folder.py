from pathlib import Path

import pytest

from vection.errors import DataError, UsageError
from vection.formats.run_folder import RunFolder


def test_a_recipe_reads_back_equal_and_the_folder_is_made(tmp_path: Path):
    run = RunFolder(tmp_path / "runs" / "first")
    run.write_recipe({"name": "mine", "stages": [{"epochs": 2}]})
    assert run.read_recipe() == {"name": "mine", "stages": [{"epochs": 2}]}
    assert [path.name for path in run.path.iterdir()] == ["recipe.json"]


def test_a_new_training_leaves_nothing_of_the_scores_before_it(tmp_path: Path):
    run = RunFolder(tmp_path)
    run.begin({"name": "first"})
    for part in (run.evaluation, run.examples / "0.npz", run.panel(3), run.predictions / "predictions.json"):
        part.parent.mkdir(exist_ok=True)
        part.write_text("")
    run.begin({"name": "second"})
    assert {path.name for path in run.path.iterdir()} == {"recipe.json", "predictions"}


def test_recipes_that_cannot_be_read(tmp_path: Path):
    run = RunFolder(tmp_path)
    with pytest.raises(UsageError, match=r"recipe\.json.*give a run folder"):
        run.read_recipe()
    run.recipe.write_text("[]")
    with pytest.raises(DataError, match="holds no JSON object"):
        run.read_recipe()


def test_every_part_lies_in_the_folder(tmp_path: Path):
    run = RunFolder(tmp_path)
    parts = [run.metrics, run.panels, run.tensorboard, run.last, run.best, run.predictions, run.evaluation]
    parts += [run.examples, run.provenance, run.report, run.panel(3)]
    assert len(set(parts)) == len(parts)
    assert all(part.is_relative_to(tmp_path) for part in parts)
    assert run.panel(3).name == "step_000003.png"
    assert not run.has_predictions

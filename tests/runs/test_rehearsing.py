from dataclasses import replace
from pathlib import Path

import pytest

from vection.data.clips.folder import find_clips
from vection.errors import DataError, UsageError
from vection.formats.run_folder import RunFolder
from vection.recipes.registry import get_recipe
from vection.runs.train import train

DEBUG = get_recipe("measured-depth-debug")
RECIPE = replace(DEBUG, data=replace(DEBUG.data, rehearsal=0.3, rehearsal_drives=1))


def test_another_seed_rehearses_other_drives_and_nobody_takes_them_for_data(tiny_clips: Path, tmp_path: Path):
    run = RunFolder(train(RECIPE, data=tiny_clips, out=tmp_path / "run", device="cpu"))
    other = replace(RECIPE, training=replace(RECIPE.training, seed=1))
    train(other, data=tiny_clips, out=run.path, resume=False, device="cpu")
    rendered = sorted(folder.name for folder in run.rehearsal.iterdir())
    assert rendered == ["1-drives-96x64-seed-0", "1-drives-96x64-seed-1"]
    assert all(len(find_clips(folder)) == 1 for folder in run.rehearsal.iterdir())
    with pytest.raises(DataError, match=r"No clip\.json"):
        find_clips(run.path)


@pytest.mark.parametrize(("name", "value"), [("rehearsal", 1.0), ("rehearsal", -0.1), ("rehearsal_drives", 0)])
def test_what_cannot_be_rehearsed_is_refused(tiny_clips: Path, tmp_path: Path, name: str, value: float):
    recipe = replace(RECIPE, data=replace(RECIPE.data, **{name: value}))
    with pytest.raises(UsageError, match=f"data.{name}"):
        train(recipe, data=tiny_clips, out=tmp_path / "run", device="cpu")


def test_other_methods_do_not_rehearse(tiny_clips: Path, tmp_path: Path):
    recipe = get_recipe("monodepth2-debug")
    with pytest.raises(UsageError, match="rehearse"):
        train(replace(recipe, data=replace(recipe.data, rehearsal=0.3)), data=tiny_clips, out=tmp_path / "run")

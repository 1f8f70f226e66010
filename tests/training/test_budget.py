from pathlib import Path

import pytest

from vection.errors import UsageError
from vection.formats.run_folder import RunFolder
from vection.recipes.registry import get_recipe
from vection.runs.load import read_run_recipe
from vection.runs.train import train
from vection.training.budget import Pace, fit_stages
from vection.training.settings import Stage


def test_stages_keep_their_proportion():
    stages = (Stage("first", epochs=10, drops=()), Stage("second", epochs=30, drops=(20,), warm_up=100))
    first, second = fit_stages(stages, seconds=120.0, pace=Pace(step=0.05, validation=1.0), steps_per_epoch=100)
    assert (first.epochs, second.epochs, second.drops) == (5, 15, (10,))


def test_no_time_is_refused():
    with pytest.raises(UsageError, match="give more minutes"):
        fit_stages([Stage(epochs=20)], seconds=3.0, pace=Pace(step=0.1, validation=1.0), steps_per_epoch=90)


def test_a_timed_run_stores_its_epochs_and_goes_on_with_them(tiny_clips: Path, tmp_path: Path):
    out = tmp_path / "run"
    train("measured-depth-debug", data=tiny_clips, out=out, minutes=0.2, device="cpu")
    epochs = read_run_recipe(out).stages[0].epochs
    assert epochs != get_recipe("measured-depth-debug").stages[0].epochs
    before = (RunFolder(out).last / "model.safetensors").read_bytes()
    train("measured-depth-debug", data=tiny_clips, out=out, minutes=5.0, device="cpu")  # there is nothing left to do
    assert (RunFolder(out).last / "model.safetensors").read_bytes() == before


@pytest.mark.parametrize("seconds", [21.0, 26.0, 35.0, 60.0, 99.0, 150.0])
def test_the_rate_drops_before_the_end(seconds):
    for stage in (Stage(epochs=20, drops=(15,)), Stage(epochs=40, drops=(32,)), Stage(epochs=60, drops=(50,))):
        fitted = fit_stages([stage], seconds=seconds, pace=Pace(step=0.1, validation=1.0), steps_per_epoch=90)[0]
        assert fitted.drops[0] < fitted.epochs
    never = fit_stages([Stage(epochs=20, drops=(30,))], seconds=99.0, pace=Pace(0.1, 1.0), steps_per_epoch=90)[0]
    assert not never.drops

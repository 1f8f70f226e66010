import itertools
import json
import shutil
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file

from vection.cli.main import main
from vection.errors import DataError, UsageError
from vection.formats.checkpoint import WEIGHTS, read_config, save_checkpoint
from vection.formats.evaluation_file import START, read_evaluation
from vection.formats.metrics_log import LABEL_FREE, read_events
from vection.formats.run_folder import RunFolder
from vection.methods.method import Progress
from vection.methods.motion_field_settings import MotionFieldSettings
from vection.recipes.methods import build_method
from vection.recipes.recipe import Recipe
from vection.recipes.recipe_file import recipe_to_json
from vection.recipes.registry import get_recipe
from vection.runs.adaptation.adapt import Adaptation, Adapted, adapt, adaptation_recipe
from vection.runs.load import find_run_checkpoint, read_run_recipe
from vection.runs.train import train
from vection.training import loop
from vection.training.validation import HeldOut, validate


@pytest.fixture(scope="module")
def run(tiny_clips: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that does not learn from measured geometry, and has a pose network."""
    return train(
        get_recipe("monodepth2-debug"), data=tiny_clips, out=tmp_path_factory.mktemp("runs") / "old", device="cpu"
    )


def tiny(run: Path, *, what: Adapted = "all") -> Recipe:
    recipe = adaptation_recipe(run, what=what)
    training = replace(recipe.training, steps_per_epoch=2, log_every=1)
    return replace(recipe, stages=(replace(recipe.stages[0], epochs=2, learning_rate=1e-3),), training=training)


@pytest.fixture(scope="module")
def decoder(run: Path, video: Path, tmp_path_factory: pytest.TempPathFactory) -> Adaptation:
    out = tmp_path_factory.mktemp("runs") / "decoder"
    return adapt(tiny(run, what="decoder"), [video], out=out, intrinsics="fov:80", device="cpu")


@pytest.fixture
def out(decoder: Adaptation, tmp_path: Path) -> Path:
    """A folder for a run of the same video, whose clip is there already."""
    shutil.copytree(RunFolder(decoder.training.run).clips, RunFolder(tmp_path / "new").clips)
    return tmp_path / "new"


def test_frozen_weights_stay_byte_for_byte_and_normalisation_goes_on(run: Path, decoder: Adaptation):
    new = RunFolder(decoder.training.run)
    before, after = (load_file(place / WEIGHTS) for place in (find_run_checkpoint(run), new.last))
    changed = {name for name in before if before[name].numpy().tobytes() != after[name].numpy().tobytes()}
    frozen = {name for name in before if ".encoder." in name and (".conv" in name or ".downsample.0." in name)}
    assert frozen
    assert not frozen & changed
    assert {"depth_network.encoder.bn1.weight", "depth_network.encoder.bn1.running_mean"} <= changed
    assert any(name.startswith("depth_network.decoder.") for name in changed)
    assert any(name.startswith("ego_motion.decoder.") for name in changed)
    assert decoder.training.report.is_file()


def test_what_is_no_better_is_not_kept(run: Path, video: Path, out: Path, monkeypatch: pytest.MonkeyPatch):
    weights = (find_run_checkpoint(run) / WEIGHTS).read_bytes()
    looks = itertools.count()

    def ever_worse(*arguments: Any, **named: Any) -> HeldOut:
        """As if each look at the held-out frames showed larger errors than the one before."""
        seen, more = validate(*arguments, **named), next(looks)
        statistics = seen.statistics | {LABEL_FREE: seen.statistics[LABEL_FREE] + more}
        return replace(seen, selection_loss=seen.selection_loss + 100 * more, statistics=statistics)

    monkeypatch.setattr(loop, "validate", ever_worse)
    done = adapt(tiny(run), [video], out=out, intrinsics="fov:80", device="cpu")
    assert (done.step, done.is_better) == (0, False)
    assert done.after == done.before
    kept = find_run_checkpoint(out)
    assert kept == RunFolder(out).best
    assert (kept / WEIGHTS).read_bytes() == weights
    assert (find_run_checkpoint(run) / WEIGHTS).read_bytes() == weights
    errors = done.training.abs_rel
    assert errors["model"] == pytest.approx(errors[START], abs=1e-6)


def test_both_scores_are_told_and_the_better_weights_kept(
    run: Path, video: Path, out: Path, capsys: pytest.CaptureFixture[str]
):
    words = ["adapt", str(run), str(video), "--out", str(out), "--intrinsics", "fov:80", "--device", "cpu", "--json"]
    words += ["--training.steps_per_epoch", "3", "--stages.0.epochs", "3", "--stages.0.warm_up", "0"]
    assert main(words) == 0
    printed = json.loads(capsys.readouterr().out.splitlines()[-1])
    events = [event for event in read_events(RunFolder(out).metrics) if event.split == "validation"]
    scores = [event.depth_statistics[LABEL_FREE] for event in events]
    assert [event.step for event in events] == [0, 3, 6, 9]
    assert (printed["before"], printed["after"]) == (scores[0], min(scores))
    assert read_config(RunFolder(out).best)["position"]["step"] == printed["step"]
    assert [scores.name for scores in read_evaluation(RunFolder(out).evaluation).results][-1] == START
    assert printed["abs_rel"].keys() >= {"model", START}
    page = RunFolder(out).report.read_text()
    assert "that of the weights it started from" in page
    assert "With the weights at the start half of the held-out pixels" in page
    assert main(words) == 0  # a call that is repeated goes on where it was, here at the end
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["after"] == printed["after"]


def test_a_static_video_is_refused_with_the_doctor_s_sentence(
    run: Path, video: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    tripod = tmp_path / "tripod"
    tripod.mkdir()
    for number in range(36):
        shutil.copyfile(next(iter(sorted(video.iterdir()))), tripod / f"{number}.png")
    assert main(["adapt", str(run), str(tripod), "--out", str(tmp_path / "new")]) == 3
    assert "the camera stands" in capsys.readouterr().err
    with pytest.raises(DataError, match="the camera stands"):
        adapt(run, [tripod], out=tmp_path / "other")


def test_the_recipe_goes_on_from_the_weights_on_clips_of_video(run: Path):
    old, new = read_run_recipe(run), adaptation_recipe(run)
    assert new.start_from == str(RunFolder(run).best)
    assert new.method == old.method
    assert new.stages[0].learning_rate < old.stages[-1].learning_rate
    assert (old.needs_measured, new.needs_measured) == (False, True)
    assert adaptation_recipe("street").data.rehearsal == 0


def test_terms_that_wait_in_untrained_networks_act_from_the_first_step(tmp_path: Path):
    recipe = get_recipe("motion-field-debug")
    recipe = replace(recipe, method=replace(recipe.method, burn_in=20_000))
    method = build_method(recipe.method)
    save_checkpoint(tmp_path, weights=method.state_dict(), config={"recipe": recipe_to_json(recipe)})
    settings = adaptation_recipe(tmp_path).method
    assert isinstance(settings, MotionFieldSettings)
    assert recipe.method.burn_in_weight(Progress(step=0, steps=300)) == 0
    assert settings.burn_in_weight(Progress(step=0, steps=300)) == 1


@pytest.mark.parametrize("name", ["monodepth2-video", "sgdepth-synthetic", "motion-field-synthetic", "dynamo-depth"])
def test_trained_methods_wait_for_nothing(name: str):
    waiting = get_recipe(name).method
    values = asdict(waiting.trained()) | asdict(waiting.trained().short)
    before = asdict(waiting) | asdict(waiting.short)
    assert all(values[setting] == 0 for setting in waiting.WAITING)
    assert any(before[setting] != 0 for setting in waiting.WAITING)


def test_the_run_of_a_recipe_stays_as_it_is(tmp_path: Path):
    start, run = find_run_checkpoint(Path("street")), RunFolder(tmp_path / "run")
    shutil.copytree(start, run.best)
    with pytest.raises(UsageError, match="stays as it is"):
        adapt(adaptation_recipe(run.path), [tmp_path / "drive.mp4"], out=run.path)
    (tmp_path / "link").symlink_to(run.path)
    assert main(["adapt", str(run.path), str(tmp_path / "drive.mp4"), "--out", str(tmp_path / "link")]) == 2
    assert not run.clips.exists()


def test_what_cannot_be_adapted_is_refused(run: Path, video: Path, tmp_path: Path, tiny_clips: Path):
    with pytest.raises(UsageError, match="stays as it is"):
        adapt(run, [video], out=run)
    debug = get_recipe("monodepth2-debug")
    stereo = replace(debug, method=replace(debug.method, stereo=True))
    other = train(stereo, data=tiny_clips, out=tmp_path / "stereo", device="cpu")
    with pytest.raises(UsageError, match="stereo pairs, which a video does not have"):
        adaptation_recipe(other)
    assert main(["adapt", str(run)]) == 2

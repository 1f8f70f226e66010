import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.utils.data import Dataset

from vection.errors import DataError, UsageError
from vection.formats.checkpoint import find_checkpoint, load_weights, read_config
from vection.formats.metrics_log import read_events
from vection.formats.run_folder import RunFolder
from vection.methods.method import Progress
from vection.methods.monodepth2 import Monodepth2
from vection.recipes.methods import build_method
from vection.recipes.recipe import Recipe
from vection.runs.data import load_data
from vection.samples import RawSample
from vection.training.loop import Training
from vection.training.settings import Stage
from vection.training.stage_run import freeze_all_but


class Watched(Dataset[RawSample]):
    """A data set that lets a test change the samples it yields, by their number."""

    def __init__(self, inner: Dataset[RawSample], change: Callable[[int, RawSample], RawSample]) -> None:
        self.inner, self.change, self.reads = inner, change, 0

    def __len__(self) -> int:
        return len(self.inner)  # type: ignore[arg-type]

    def __getitem__(self, index: int) -> RawSample:
        self.reads += 1
        return self.change(self.reads, self.inner[index])


def make_training(
    recipe: Recipe,
    data: Path,
    run: Path,
    *,
    stages: tuple[Stage, ...] | None = None,
    change: Callable[[int, RawSample], RawSample] = lambda _, sample: sample,
) -> Training:
    torch.manual_seed(0)
    sets = load_data(recipe, data)
    return Training(
        build_method(recipe.method),
        replace(sets, training=Watched(sets.training, change)),
        stages=stages or recipe.stages,
        settings=recipe.training,
        run=run,
        description={},
        device="cpu",
    )


def copy(module: nn.Module) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in module.state_dict().items()}


def test_freeze_all_but_named_parts():
    method = nn.ModuleDict({"a": nn.Linear(1, 1), "b": nn.Linear(1, 1)})
    freeze_all_but(method, ("a",))
    assert [parameter.requires_grad for parameter in method.parameters()] == [True, True, False, False]
    freeze_all_but(method, ())
    assert all(parameter.requires_grad for parameter in method.parameters())
    with pytest.raises(UsageError, match="no part of the method 'c'; choose one of a, b"):
        freeze_all_but(method, ("c",))


def test_a_stage_trains_its_parts_and_freezes_the_rest_with_its_statistics(
    tmp_path: Path, tiny_clips: Path, debug_recipe: Callable[..., Recipe]
):
    stages = (Stage("depth", epochs=1, trains=("depth_network",)), Stage("rest", epochs=1, trains=("ego_motion",)))
    training = make_training(debug_recipe(steps_per_epoch=1), tiny_clips, tmp_path, stages=stages)
    method, seen = training.method, {}
    method.on_epoch_end = lambda epoch: seen.__setitem__(training.position.stage, copy(method))  # type: ignore[method-assign]
    before = copy(method)
    training.fit()
    for stage, (old, new, learning) in enumerate(
        [(before, seen[0], "depth_network."), (seen[0], seen[1], "ego_motion.")]
    ):
        changed = {name for name in old if not torch.equal(old[name], new[name])}
        assert changed, stage
        assert all(name.startswith(learning) for name in changed), stage
    assert any("running_mean" in name for name in before if not torch.equal(before[name], seen[0][name]))


@pytest.mark.parametrize("poisoned", ["intrinsics", "weight"])
def test_a_loss_that_is_not_finite_stops_before_it_spoils_anything(
    tmp_path: Path, tiny_clips: Path, debug_recipe: Callable[..., Recipe], poisoned: str
):
    name = "depth_network.encoder.layer1.0.conv1.weight"

    def poison(read: int, sample: RawSample) -> RawSample:
        if read <= 4:  # two steps of two samples
            return sample
        if poisoned == "weight":
            with torch.no_grad():
                training.method.get_parameter(name).fill_(math.nan)
            return sample
        return replace(sample, intrinsics=sample.intrinsics * math.nan)

    recipe = debug_recipe(steps_per_epoch=3, checkpoint_every=1)
    training = make_training(recipe, tiny_clips, tmp_path, change=poison)
    culprit = "input 'intrinsics'" if poisoned == "intrinsics" else f"weight '{name}'"
    with pytest.raises(DataError, match=f"step 2: the loss term '.*' is not finite; the {culprit} already is"):
        training.fit()
    found = find_checkpoint(RunFolder(tmp_path).last)
    assert found is not None
    assert read_config(found)["position"]["step"] == 2
    method = build_method(recipe.method)
    load_weights(method, found)
    assert all(parameter.isfinite().all() for parameter in method.parameters())


def test_a_training_that_diverged_goes_back_and_on_at_a_lower_rate(
    tmp_path: Path, tiny_clips: Path, debug_recipe: Callable[..., Recipe]
):
    name = "depth_network.encoder.layer1.0.conv1.weight"

    def poison_once(read: int, sample: RawSample) -> RawSample:
        if read == 7:  # the second sample of the fourth step but one
            with torch.no_grad():
                training.method.get_parameter(name).fill_(math.nan)
        return sample

    recipe = debug_recipe(steps_per_epoch=3, checkpoint_every=2)
    training = make_training(recipe, tiny_clips, tmp_path, change=poison_once)
    training.fit()
    events = read_events(RunFolder(tmp_path).metrics)
    (remark,) = [remark for event in events if event.split == "train" for remark in event.remarks]
    assert "went back from step 3 to step 3 and goes on at 0.3 of the learning rate" in remark
    assert f"the weight '{name}' already is" in remark
    rates = {event.step: event.learning_rate for event in events if event.split == "train"}
    expected = recipe.stages[0].learning_rate_at(1, step=3, steps=6)
    assert rates[6] == pytest.approx(0.3 * expected)
    assert training.position.returns == 1
    assert all(parameter.isfinite().all() for parameter in training.method.parameters())


def test_accumulated_batches_make_the_step_of_one_large_batch(
    tmp_path: Path, tiny_clips: Path, debug_recipe: Callable[..., Recipe], monkeypatch: pytest.MonkeyPatch
):
    """Without normalisation over the batch and random draws, two batches of one are a batch of two."""
    monkeypatch.setattr(nn.Module, "train", lambda self, mode=True: self)  # normalisation stays in eval mode
    gradients = []
    for batch_size, accumulation in ((2, 1), (1, 2)):
        recipe = debug_recipe(steps_per_epoch=1, accumulation=accumulation, precision="float32")
        plain = replace(recipe.data.augmentation, flip=0.0, jitter=0.0)
        recipe = replace(
            recipe,
            data=replace(recipe.data, batch_size=batch_size, augmentation=plain),
            method=replace(recipe.method, mask="none"),
            stages=(Stage(epochs=1),),
        )
        training = make_training(recipe, tiny_clips, tmp_path / str(batch_size))
        found: dict[str, Tensor] = {}
        for name, parameter in training.method.named_parameters():
            parameter.register_post_accumulate_grad_hook(
                lambda p, name=name, found=found: found.__setitem__(name, p.grad.clone())  # type: ignore[misc]
            )
        for module in training.method.modules():
            module.training = False
        training.fit()
        gradients.append(found)
    for name, gradient in gradients[0].items():
        difference = (gradients[1][name] - gradient).norm()
        assert difference <= 1e-3 * gradient.norm() + 1e-7, name


def test_a_method_of_stereo_pairs_alone_trains(tmp_path: Path, tiny_clips: Path, debug_recipe: Callable[..., Recipe]):
    recipe = debug_recipe(steps_per_epoch=1)
    recipe = replace(recipe, method=replace(recipe.method, temporal=False, stereo=True))
    training = make_training(recipe, tiny_clips, tmp_path)
    training.fit()
    assert isinstance(training.method, Monodepth2)
    assert training.method.ego_motion is None
    assert training.position.step == training.total_steps


def test_the_log_counts_the_samples_since_its_last_line(
    tmp_path: Path, tiny_clips: Path, debug_recipe: Callable[..., Recipe]
):
    recipe = debug_recipe(steps_per_epoch=5, log_every=3)
    training = make_training(recipe, tiny_clips, tmp_path, stages=(Stage(epochs=2, drops=()),))
    training.fit()
    events = [event for event in read_events(RunFolder(tmp_path).metrics) if event.split == "train"]
    counts = [event.samples_per_second * (event.seconds_data + event.seconds_compute) for event in events]
    assert [event.step for event in events] == [3, 5, 6, 9, 10]
    assert counts == pytest.approx([steps * training.samples_per_step for steps in (3, 2, 1, 3, 1)])


def test_the_end_of_a_stage_is_seen_by_all_schedules():
    end = Progress("main", step=5, steps=20, epoch=1, epochs=4, total_step=105).at_end
    assert (end.step, end.epoch, end.total_step) == (20, 4, 120)

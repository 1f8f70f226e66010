"""The optimiser of a stage, and the precision it runs in."""

import pytest
import torch
from accelerate import PartialState
from tests.toy_method import Toy, ToySettings
from torch import nn

from vection.errors import UsageError
from vection.methods.method import Progress
from vection.methods.monodepth2 import Monodepth2, Monodepth2Settings
from vection.training.accelerator import make_accelerator, mixed_precision
from vection.training.settings import Stage, TrainingSettings
from vection.training.stage_run import StageRun


class TwoParts(Toy):
    """The toy method with a pose network."""

    def __init__(self) -> None:
        super().__init__(ToySettings())
        self.ego_motion = nn.Linear(2, 1)


def test_adamw_with_a_rate_of_its_own_for_the_pose_network():
    stage = Stage(learning_rate=1e-4, drops=(), fades=True, fades_to=5e-6, pose_fades_to=1e-5, weight_decay=1e-2)
    method = TwoParts()
    run = StageRun(method, stage, accelerator=make_accelerator(TrainingSettings(), "cpu"), checkpoint=None)
    assert isinstance(run.optimiser, torch.optim.AdamW)
    assert [group["weight_decay"] for group in run.optimiser.param_groups] == [1e-2, 1e-2]
    found = []
    for step in (0, 50, 100):
        run.update(Progress(step=step, steps=100), gradient_clip=None)
        found.append([group["lr"] for group in run.optimiser.param_groups])
    assert found == [pytest.approx(rates) for rates in ([1e-4, 1e-4], [5.25e-5, 5.5e-5], [5e-6, 1e-5])]
    depth, pose = (set(map(id, group["params"])) for group in run.optimiser.param_groups)
    assert (depth, pose) == tuple(set(map(id, part.parameters())) for part in (method.depth_network, method.ego_motion))


def test_weight_decay_makes_weights_smaller_where_nothing_is_learned():
    method = TwoParts()
    run = StageRun(
        method,
        Stage(learning_rate=0.1, weight_decay=0.5),
        accelerator=make_accelerator(TrainingSettings(), "cpu"),
        checkpoint=None,
    )
    before = method.depth_network.weight.detach().clone()
    run.backward(torch.stack([parameter.sum() * 0 for parameter in method.parameters()]).sum())
    run.update(Progress(), gradient_clip=None)
    torch.testing.assert_close(method.depth_network.weight, before * 0.95)


@pytest.mark.parametrize(("native", "expected"), [(True, "bf16"), (False, "fp16")])
def test_emulated_bfloat16_is_not_taken(monkeypatch: pytest.MonkeyPatch, native: bool, expected: str):
    """PyTorch calls bfloat16 supported where it only emulates it, as on a T4."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation=True: native or including_emulation)
    assert mixed_precision(TrainingSettings(precision="auto"), None) == expected
    assert mixed_precision(TrainingSettings(), None) == "no"  # papers train in float32


def test_encoders_that_do_not_learn_keep_all_but_their_normalisation():
    method = Monodepth2(Monodepth2Settings(pretrained=False))
    stage = Stage(encoders_learn=False)
    StageRun(method, stage, accelerator=make_accelerator(TrainingSettings(), "cpu"), checkpoint=None)
    learning = {name for name, parameter in method.named_parameters() if parameter.requires_grad}
    assert {"depth_network.encoder.bn1.weight", "ego_motion.encoder.layer1.0.bn2.bias"} <= learning
    assert any(name.startswith("depth_network.decoder.") for name in learning)
    assert not any(".encoder." in name and "bn" not in name and "downsample.1" not in name for name in learning)


def test_networks_without_an_encoder_cannot_keep_it():
    accelerator = make_accelerator(TrainingSettings(), "cpu")
    with pytest.raises(UsageError, match="encoders_learn"):
        StageRun(TwoParts(), Stage(encoders_learn=False), accelerator=accelerator, checkpoint=None)


@pytest.mark.filterwarnings("ignore:.*torch.jit.*:DeprecationWarning")  # of the compiler's own imports
def test_every_stage_is_compiled_and_optimisers_of_earlier_ones_are_let_go():
    accelerator, method = make_accelerator(TrainingSettings(compile=True), "cpu"), TwoParts()
    for _ in range(2):
        run = StageRun(method, Stage(), accelerator=accelerator, checkpoint=None)
        assert isinstance(run.model, torch._dynamo.OptimizedModule)
        assert run.model._orig_mod is method
        assert len(accelerator._optimizers) == 1


def test_autocast_is_not_wrapped_again_by_the_next_stage():
    accelerator, method = make_accelerator(TrainingSettings(precision="bfloat16"), "cpu"), TwoParts()
    depths = []
    for _ in range(2):
        StageRun(method, Stage(), accelerator=accelerator, checkpoint=None)
        wrapped, depth = method.forward, 0
        while hasattr(wrapped, "__wrapped__"):
            wrapped, depth = wrapped.__wrapped__, depth + 1
        depths.append(depth)
    assert depths[0] == depths[1] > 0


def test_each_training_of_a_process_has_its_own_device(monkeypatch: pytest.MonkeyPatch):
    assert make_accelerator(TrainingSettings(), "cpu").device.type == "cpu"
    monkeypatch.setitem(PartialState._shared_state, "device", torch.device("cuda:0"))  # as after a run on a GPU
    assert make_accelerator(TrainingSettings(), "cpu").device.type == "cpu"

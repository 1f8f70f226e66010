import argparse
from pathlib import Path

import pytest
import torch
from torch import Tensor

from vection.errors import UsageError
from vection.foreign_weights.layouts import import_checkpoint
from vection.foreign_weights.sc_depth_pl import convert_sc_depth_pl
from vection.methods.sc_sfmlearner import ScSfmLearner, ScSfmLearnerSettings
from vection.methods.sc_sfmlearner_settings import Released

PARTS = {"before_upsampling": "upconvs0", "after_skip": "upconvs1", "heads": "dispconvs"}
POSE = {"squeeze": "conv_squeeze", "conv1": "convs_pose.0", "conv2": "convs_pose.1", "head": "convs_pose.2"}


def lightning_state(method: ScSfmLearner) -> dict[str, Tensor]:
    """A method's weights by the names of sc_depth_pl, with the heads of coarser scales and the classifier."""
    state = {"depth_net.encoder.encoder.fc.weight": torch.ones(10, 512)}
    for key, value in method.depth_network.state_dict().items():
        part, rest = key.split(".", maxsplit=1)
        if part == "encoder":
            state[f"depth_net.encoder.encoder.{rest}"] = value
            continue
        name, number, *_, last = rest.split(".")
        middle = "conv" if name == "heads" else "conv.conv"
        state[f"depth_net.decoder.{PARTS[name]}.{number}.{middle}.{last}"] = value
    for scale, channels in ((1, 32), (2, 64), (3, 128)):
        state[f"depth_net.decoder.dispconvs.{scale}.conv.weight"] = torch.zeros(1, channels, 3, 3)
        state[f"depth_net.decoder.dispconvs.{scale}.conv.bias"] = torch.zeros(1)
    for key, value in method.ego_motion.encoder.state_dict().items():
        state[f"pose_net.encoder.encoder.{key}"] = value
    for key, value in method.ego_motion.decoder.state_dict().items():
        layer, name = key.split(".")
        state[f"pose_net.decoder.{POSE[layer]}.{name}"] = value
    return state


def make_method() -> ScSfmLearner:
    torch.manual_seed(0)
    settings = ScSfmLearnerSettings(
        depth_network="resnet18", ego_motion="resnet18", released=Released(upsampling="bilinear")
    )
    return ScSfmLearner(settings).eval()


def write_lightning(file: Path) -> ScSfmLearner:
    """Write a checkpoint as Lightning does, settings and optimiser beside the weights."""
    method = make_method()
    content = {
        "epoch": 99,
        "pytorch-lightning_version": "1.7.3",
        "state_dict": lightning_state(method),
        "optimizer_states": [{"state": {}, "param_groups": [{"lr": 1e-4}]}],
        "hyper_parameters": {"hparams": argparse.Namespace(model_version="v1", dataset_dir=Path("/data"))},
    }
    torch.save(content, file)
    return method


def test_an_imported_model_computes_the_same(tmp_path: Path):
    method = write_lightning(tmp_path / "last.ckpt")
    imported = import_checkpoint(tmp_path / "last.ckpt")
    assert imported.layout == "sc-depth-pl"
    first, second = torch.rand(2, 1, 3, 64, 96, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        depth = imported.method.predict_depth(first)
        assert torch.equal(depth, method.predict_depth(first))
        assert torch.equal(imported.method.predict_motion(first, second).ego, method.predict_motion(first, second).ego)
        method.depth_network.get_submodule("decoder").upsampling = "nearest"  # type: ignore[assignment]
        assert not torch.allclose(depth, method.predict_depth(first), rtol=1e-3)


def test_motion_of_rectified_frames_is_left_out():
    state = lightning_state(make_method())
    assert convert_sc_depth_pl(state).knows.ego_motion
    assert not convert_sc_depth_pl(
        {**state, "rectify_net.encoder.encoder.conv1.weight": torch.ones(1)}
    ).knows.ego_motion
    assert not convert_sc_depth_pl({k: v for k, v in state.items() if k.startswith("depth")}).knows.ego_motion


@pytest.mark.parametrize(
    "key", ["depth_net.decoder.strange.0.weight", "depth_net.decoder.upconvs0.0.conv.conv.bias", "pose_net.decoder.x.y"]
)
def test_other_networks_are_refused(key: str):
    state = lightning_state(make_method())
    if key in state:
        del state[key]
    else:
        state[key] = torch.ones(1)
    with pytest.raises(UsageError, match="does not fit an sc_depth_pl network"):
        convert_sc_depth_pl(state)
    with pytest.raises(UsageError, match="other names"):
        convert_sc_depth_pl({"depth_net.body.weight": torch.ones(1)})

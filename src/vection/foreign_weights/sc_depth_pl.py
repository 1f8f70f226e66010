"""Import of sc_depth_pl's Lightning checkpoints, SC-SfMLearner's successors by the same authors: their keys to ours."""

from dataclasses import replace
from typing import Any

from vection.errors import UsageError
from vection.foreign_weights.monodepth2 import encoder_state
from vection.foreign_weights.renamed_state import State, below, load_renamed
from vection.methods.method import Knows
from vection.methods.sc_sfmlearner import ScSfmLearner
from vection.methods.sc_sfmlearner_settings import AS_RELEASED, ScSfmLearnerSettings

DEPTH = "depth_net."
"""How the names of the depth network's tensors begin."""

POSE = "pose_net."
"""How the names of the pose network's tensors begin."""

RECTIFICATION = "rectify_net."
"""How those of the network begin by which version 2 rectifies the second frame before the pose is told."""

_DEPTH_PARTS = {"upconvs0": "before_upsampling", "upconvs1": "after_skip", "dispconvs": "heads"}
_POSE_PARTS = {"conv_squeeze": "squeeze", "convs_pose.0": "conv1", "convs_pose.1": "conv2", "convs_pose.2": "head"}


def convert_sc_depth_pl(state: State) -> ScSfmLearner:
    """Build SC-SfMLearner as sc_depth_pl has it: U-Net with bilinear upsampling, a weaker geometry consistency.

    Versions 1 and 3 know ego-motion; that of version 2 belongs to rectified frames and is left out. Raises UsageError
    for the state of another network.
    """
    settings = ScSfmLearnerSettings(
        depth_network=_encoder_name(state, DEPTH),
        ego_motion=_encoder_name(state, POSE),
        geometry_weight=0.1,
        released=replace(AS_RELEASED, upsampling="bilinear"),
    )
    method = ScSfmLearner(settings)
    network = "an sc_depth_pl network"
    predicted = method.depth_network.state_dict()

    def supervised(state: State) -> State:
        return {key: value for key, value in depth_state(state).items() if "heads." not in key or key in predicted}

    load_renamed(method.depth_network, below(state, DEPTH), supervised, what="The depth network", network=network)
    pose = below(state, POSE)
    method.knows = Knows(ego_motion=bool(pose) and not below(state, RECTIFICATION))
    if method.knows.ego_motion:
        load_renamed(method.ego_motion, pose, pose_state, what="The pose network", network=network)
    return method.eval()


def depth_state(state: State) -> State:
    """Rename the depth network.

    `decoder.upconvs0.m` = before upsampling m, `upconvs1.m` = after skip m, `dispconvs.s` = head of scale s.
    """
    renamed = _encoder_state(state)
    for key, value in below(state, "decoder.").items():
        part, number, *_, name = key.split(".")
        middle = "" if part == "dispconvs" else "conv."
        renamed[f"decoder.{_DEPTH_PARTS[part]}.{number}.{middle}{name}"] = value
    return renamed


def pose_state(state: State) -> State:
    """Rename a pose network: `decoder.conv_squeeze`, `decoder.convs_pose.{0..2}` = squeeze, two convolutions, head."""
    renamed = _encoder_state(state)
    for key, value in below(state, "decoder.").items():
        layer, name = key.rsplit(".", maxsplit=1)
        renamed[f"decoder.{_POSE_PARTS[layer]}.{name}"] = value
    return renamed


def _encoder_state(state: State) -> State:
    return {f"encoder.{key}": value for key, value in encoder_state(below(state, "encoder.")).items()}


def _encoder_name(state: State, part: str) -> Any:
    """Tell which ResNet it is; ResNet-18 where the part is missing."""
    encoder = below(state, f"{part}encoder.encoder.")
    if not encoder and below(state, part):
        raise UsageError(f"'{part}*' does not fit an sc_depth_pl network: its tensors have other names.")
    if "layer1.0.conv3.weight" in encoder:
        return "resnet50"
    return "resnet34" if "layer3.5.conv1.weight" in encoder else "resnet18"

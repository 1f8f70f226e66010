"""Import of the public SC-SfMLearner checkpoints, of both versions of the code: their keys to ours."""

from collections.abc import Mapping
from typing import Any

from torch import nn

from vection.errors import UsageError
from vection.foreign_weights.monodepth2 import decoder_state, encoder_state, pose_decoder_state, posenet_state
from vection.foreign_weights.renamed_state import State, below, load_renamed
from vection.methods.method import Knows
from vection.methods.sc_sfmlearner import ScSfmLearner
from vection.methods.sc_sfmlearner_settings import AS_RELEASED, Released, ScSfmLearnerSettings
from vection.networks.depth.build import DisparityNetworkName, build_disparity_network, most_scales
from vection.networks.motion.euler_motion import EulerMotion, PoseNetworkName

DEPTH = "dispnet"
"""How the name of the depth network's file begins."""

POSE = "exp_pose"
"""How the name of the pose network's file begins."""


def convert_sc_sfmlearner(files: Mapping[str, State]) -> ScSfmLearner:
    """Build the method from the state dicts of the public files, told apart by name or else by their tensors.

    DispNet's heads of scales that are not supervised are left out. Without a pose network the model does not know
    ego-motion. Raises UsageError for missing or strange files.
    """
    roles = {_role(name, state): state for name, state in files.items()}
    if DEPTH not in roles:
        raise UsageError(
            f"This is no SC-SfMLearner checkpoint: it lacks the depth network, '{DEPTH}_model_best.pth.tar'."
        )
    depth, pose = roles[DEPTH], roles.get(POSE)
    name = depth_network_name(depth)
    pose_name: PoseNetworkName = "posenet" if name in ("dispnet", "dispresnet") else "resnet18"
    if pose is not None:
        pose_name = pose_network_name(pose)
    released = Released(smoothness="first-order") if name in ("dispnet", "dispresnet") else AS_RELEASED
    method = ScSfmLearner(ScSfmLearnerSettings(depth_network=name, ego_motion=pose_name, released=released))
    load_depth_network(method.depth_network, depth)
    method.knows = Knows(ego_motion=pose is not None)
    if pose is not None:
        load_pose_network(method.ego_motion, pose)
    return method.eval()


def convert_depth_network(state: State) -> nn.Module:
    """Build the depth network of a public file with all the scales that it predicts, for evaluation."""
    name = depth_network_name(state)
    network = build_disparity_network(name, scales=most_scales(name), pretrained=False)
    load_depth_network(network, state)
    return network.eval()


def convert_pose_network(state: State) -> EulerMotion:
    """Build the pose network of a public file, for evaluation."""
    network = EulerMotion(pose_network_name(state))
    load_pose_network(network, state)
    return network.eval()


def depth_network_name(state: State) -> DisparityNetworkName:
    """Tell which depth network a public state dict is of. Raises UsageError if of none."""
    if "encoder.encoder.conv1.weight" in state:
        return _resnet_name(state)
    if "conv2.0.conv1.weight" in state:
        return "dispresnet"
    if "conv2.0.weight" in state and "upconv1.0.weight" in state:
        return "dispnet"
    raise UsageError(f"'{DEPTH}_*' does not fit an SC-SfMLearner depth network: its tensors have other names.")


def pose_network_name(state: State) -> PoseNetworkName:
    """Tell which pose network a public state dict is of. Raises UsageError if of none."""
    if "encoder.encoder.conv1.weight" in state:
        return _resnet_name(state)
    if "pose_pred.weight" in state:
        return "posenet"
    raise UsageError(f"'{POSE}_*' does not fit an SC-SfMLearner pose network: its tensors have other names.")


def load_depth_network(network: nn.Module, state: State) -> None:
    """Load a public state dict of a depth network; scales that `network` does not predict are left out."""
    predicted = network.state_dict()

    def renamed(state: State) -> State:
        tensors = unet_state(state) if "encoder.encoder.conv1.weight" in state else dispnet_state(state)
        return {key: value for key, value in tensors.items() if "heads." not in key or key in predicted}

    load_renamed(network, state, renamed, what=f"'{DEPTH}_*'", network="an SC-SfMLearner network")


def load_pose_network(network: EulerMotion, state: State) -> None:
    """Load a public state dict of a pose network; UsageError if it does not fit."""
    rename = posenet_motion_state if network.posenet is not None else encoder_motion_state
    load_renamed(network, state, rename, what=f"'{POSE}_*'", network="an SC-SfMLearner network")


def posenet_motion_state(state: State) -> State:
    """`conv{i}.0.*` = convolution i - 1, `pose_pred.*` = head; Monodepth2's files number the same layers `net.{i}`."""
    renamed: State = {}
    for key, value in state.items():
        layer, *rest = key.split(".")
        numbered = ["pose_conv", *rest] if layer == "pose_pred" else ["net", _level(layer, "conv"), *rest[1:]]
        renamed[".".join(numbered)] = value
    return {f"posenet.{key}": value for key, value in posenet_state(renamed).items()}


def encoder_motion_state(state: State) -> State:
    """Rename a pose network: `encoder.encoder.*` without the classifier, `decoder.net.{0..3}` as in Monodepth2."""
    encoder = {f"encoder.{key}": value for key, value in encoder_state(below(state, "encoder.")).items()}
    decoder = pose_decoder_state(below(state, "decoder."))
    return encoder | {f"decoder.{key}": value for key, value in decoder.items()}


def unet_state(state: State) -> State:
    """Rename a U-Net: `encoder.encoder.*` without the classifier, `decoder.decoder.{0..13}` as in Monodepth2."""
    encoder = {f"encoder.{key}": value for key, value in encoder_state(below(state, "encoder.")).items()}
    decoder = decoder_state(below(state, "decoder."))
    return encoder | {f"decoder.{key}": value for key, value in decoder.items()}


def dispnet_state(state: State) -> State:
    """Rename DispNet: `conv{i}`, `upconv{i}`, `iconv{i}` = level i - 1 of the encoder, the upsampling and the merging.

    `predict_disp{i}` = head of scale i - 1. Convolutions stand in lists of layers; residual blocks have names of their
    own below their number.
    """
    parts = {"conv": "down", "upconv": "up", "iconv": "merge", "predict_disp": "heads"}
    renamed: State = {}
    for key, value in state.items():
        layer, rest = key.split(".", maxsplit=1)
        kind = layer.rstrip("0123456789")
        if kind in ("upconv", "predict_disp"):
            rest = rest.removeprefix("0.")
        renamed[f"{parts[kind]}.{_level(layer, kind)}.{rest}"] = value
    return renamed


def _level(layer: str, kind: str) -> str:
    """Number of a layer, counted from 0. Raises ValueError if it has none."""
    return str(int(layer.removeprefix(kind)) - 1)


def _resnet_name(state: State) -> Any:
    if "encoder.encoder.layer1.0.conv3.weight" in state:
        return "resnet50"
    return "resnet34" if "encoder.encoder.layer3.5.conv1.weight" in state else "resnet18"


def _role(name: str, state: State) -> str:
    for role in (DEPTH, POSE):
        if name.startswith(role):
            return role
    return POSE if "pose_pred.weight" in state or "decoder.net.0.weight" in state else DEPTH

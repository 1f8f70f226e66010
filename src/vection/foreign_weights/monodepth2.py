"""Import of the public Monodepth2 checkpoints: their keys to ours."""

from collections.abc import Callable, Mapping

import torch
from torch import nn

from vection.errors import UsageError
from vection.foreign_weights.renamed_state import State, load_renamed, require
from vection.methods.method import Knows
from vection.methods.monodepth2 import Monodepth2, Monodepth2Settings
from vection.networks.encoders.encoder import EncoderName
from vection.networks.motion.ego_motion import EgoMotion, EgoMotionName
from vection.networks.weights.decoder import rename_decoder

DEPTH_ALONE = "depth alone can be had: take pose.pth and pose_encoder.pth out of the folder."
SQUEEZED = 256
"""Channels of one image's features within a pose decoder."""
_POSE_LAYERS = ("squeeze", "conv1", "conv2", "head")


def convert_monodepth2(files: Mapping[str, State], *, stereo: bool = False) -> Monodepth2:
    """Build the method from the state dicts of `encoder.pth`, `depth.pth` and, if trained on video, the pose files.

    `stereo`: whether it was trained on stereo pairs (`use_stereo` of `encoder.pth`). Without pose files a model that
    was not does not know ego-motion. Raises UsageError for missing or strange files.
    """
    require(files, ("encoder.pth", "depth.pth"), system="Monodepth2")
    encoder, depth = files["encoder.pth"], files["depth.pth"]
    # Heads stand after the ten convolution blocks: one for each trained scale.
    scales = sum(
        key.startswith("decoder.") and key.endswith(".conv.weight") and key.count(".conv") == 1 for key in depth
    )
    pose = files.get("pose.pth")
    ego_motion = "separate" if pose is None or "pose_encoder.pth" in files else "shared"
    if pose is not None and "pose_conv.weight" in pose:
        ego_motion = "posenet"
    depth_network = _encoder_name(encoder)
    pose_encoder = _encoder_name(files["pose_encoder.pth"]) if ego_motion == "separate" and pose else depth_network
    settings = Monodepth2Settings(
        depth_network=depth_network,
        pose_encoder=None if pose_encoder == depth_network else pose_encoder,
        pretrained=False,
        ego_motion=ego_motion,  # type: ignore[arg-type]
        temporal=pose is not None or not stereo,
        stereo=stereo,
        scales=scales,
    )
    method = Monodepth2(settings)
    _load(method.depth_network.encoder, files, "encoder.pth", encoder_state)
    _load(method.depth_network.decoder, files, "depth.pth", decoder_state)
    if pose is None or method.ego_motion is None:
        method.knows = Knows(ego_motion=False)
        return method.eval()
    try:
        _load_pose(method.ego_motion, files, settings.ego_motion)
    except UsageError as error:
        raise UsageError(f"{str(error).removesuffix('.')}; {DEPTH_ALONE}") from error
    return method.eval()


def _load_pose(ego_motion: EgoMotion, files: Mapping[str, State], name: EgoMotionName) -> None:
    if name == "posenet":
        _load(ego_motion.get_submodule("network"), files, "pose.pth", posenet_state)
        return
    if name == "separate":
        _load(ego_motion.get_submodule("encoder"), files, "pose_encoder.pth", encoder_state)
    elif (squeezed := files["pose.pth"].get("net.1.weight")) is not None and squeezed.shape[1] == SQUEEZED:
        raise UsageError(
            "'pose.pth' is of a pose network with an encoder of its own, and 'pose_encoder.pth' is missing."
        )
    _load(ego_motion.get_submodule("decoder"), files, "pose.pth", two_poses_state)


def encoder_state(state: State) -> State:
    """Rename an encoder: the keys `encoder.*` without the unused classifier."""
    encoder = {key.removeprefix("encoder."): value for key, value in state.items() if key.startswith("encoder.")}
    return {key: value for key, value in encoder.items() if not key.startswith("fc.")}


def decoder_state(state: State) -> State:
    """Rename a depth decoder of five levels."""
    return rename_decoder(state, levels=5)


def pose_decoder_state(state: State) -> State:
    """Rename a pose decoder: `net.{0..3}` = squeeze, two convolutions, head."""
    return {f"{_POSE_LAYERS[int(key.split('.')[1])]}.{key.split('.')[2]}": value for key, value in state.items()}


def two_poses_state(state: State) -> State:
    """Rename a pose decoder of two poses, of which the first counts; one of a single pose gets a second of zeros."""
    renamed = pose_decoder_state(state)
    one_pose = {key: value for key, value in renamed.items() if key.startswith("head.") and value.shape[:1] == (6,)}
    return renamed | {key: torch.cat([value, torch.zeros_like(value)]) for key, value in one_pose.items()}


def posenet_state(state: State) -> State:
    """Rename PoseNet: `net.{0..6}` = convolutions, `pose_conv` = head."""
    renamed = {key.replace("net.", "convolutions."): value for key, value in state.items() if key.startswith("net.")}
    head = {key.replace("pose_conv.", "head."): value for key, value in state.items() if key.startswith("pose_conv.")}
    return renamed | head


def _encoder_name(state: State) -> EncoderName:
    if "encoder.layer1.0.conv3.weight" in state:
        return "resnet50"
    return "resnet34" if "encoder.layer3.5.conv1.weight" in state else "resnet18"


def _load(module: nn.Module, files: Mapping[str, State], file: str, rename: Callable[[State], State]) -> None:
    load_renamed(module, files[file], rename, what=f"'{file}'", network="a Monodepth2 network")

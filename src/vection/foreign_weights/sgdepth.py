"""Import of the public SGDepth checkpoints: their keys to ours."""

import re
from dataclasses import replace

from vection.errors import UsageError
from vection.foreign_weights.renamed_state import State, load_renamed
from vection.methods.sgdepth import SgDepth
from vection.methods.sgdepth_settings import AS_RELEASED, SgDepthSettings
from vection.networks.encoders.encoder import EncoderName

_RENAMED = (
    (r"common\.encoder\.encoder\.(.+)", r"depth_network.encoder.encoder.\1"),
    (r"common\.decoder\.blocks\.step_0\.conv\.(.+)", r"depth_network.encoder.first.conv.\1"),
    (r"depth\.multires\.convs\.(\d)\.(.+)", r"depth_network.decoder.heads.\1.\2"),
    (r"seg\.multires\.convs\.0\.(.+)", r"segmentation_decoder.head.\1"),
    (r"pose\.encoder\.encoder\.(.+)", r"ego_motion.encoder.\1"),
    (r"pose\.decoder\.squeeze\.(.+)", r"ego_motion.decoder.squeeze.\1"),
    (r"pose\.decoder\.conv_([12])\.(.+)", r"ego_motion.decoder.conv\1.\2"),
    (r"pose\.decoder\.conv_3\.(.+)", r"ego_motion.decoder.head.\1"),
)
_DECODERS = {"depth": "depth_network.decoder", "seg": "segmentation_decoder"}


def convert_sgdepth(state: State) -> SgDepth:
    """Build the method from the state dict of `model.pth`, with the first decoder convolution shared or not."""
    shared = AS_RELEASED.shared if "common.decoder.blocks.step_0.conv.weight" in state else "encoder"
    settings = SgDepthSettings(
        pretrained=False,
        depth_network=_encoder_name(state),
        scales=sum(re.fullmatch(r"depth\.multires\.convs\.\d\.weight", key) is not None for key in state),
        released=replace(AS_RELEASED, shared=shared),
    )
    method = SgDepth(settings)
    # What the method remembers for its masks is no part of public checkpoints.
    log = {f"log.{key}": value for key, value in method.log.state_dict().items()}

    def renamed(state: State) -> State:
        return {_rename(key): value for key, value in state.items()} | log

    load_renamed(method, state, renamed, what="The checkpoint", network="an SGDepth network")
    return method.eval()


def _rename(key: str) -> str:
    for pattern, replacement in _RENAMED:
        if re.fullmatch(pattern, key):
            return re.sub(pattern, replacement, key)
    step = re.fullmatch(r"(depth|seg)\.decoder\.blocks\.step_(\d)\.conv\.(.+)", key)
    if step is None:
        raise UsageError(f"The checkpoint does not fit an SGDepth network: it holds a tensor named '{key}'.")
    place, number, name = step[1], int(step[2]), step[3]
    return f"{_DECODERS[place]}.{'after_skip' if number % 2 else 'before_upsampling'}.{number // 2}.conv.{name}"


def _encoder_name(state: State) -> EncoderName:
    if "common.encoder.encoder.layer1.0.conv3.weight" in state:
        return "resnet50"
    return "resnet34" if "common.encoder.encoder.layer3.5.conv1.weight" in state else "resnet18"

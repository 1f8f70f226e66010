"""Import of the public Dynamo-Depth checkpoints: their keys to ours."""

from collections.abc import Callable, Mapping

from torch import nn

from vection.foreign_weights.lite_mono import lite_mono_name
from vection.foreign_weights.monodepth2 import decoder_state as monodepth2_decoder_state
from vection.foreign_weights.monodepth2 import encoder_state, pose_decoder_state
from vection.foreign_weights.renamed_state import State, load_renamed, require
from vection.methods.dynamo_depth import DynamoDepth
from vection.methods.dynamo_depth_settings import DynamoDepthSettings, Released
from vection.methods.method import Knows
from vection.networks.depth.build import DepthNetworkName
from vection.networks.weights import lite_mono as lite_mono_weights

FILES = ("depth_enc.pth", "depth_dec.pth", "pose_enc.pth", "pose_dec.pth")
"""Files that every checkpoint of the release holds."""

MOTION_FILES = ("motion_enc.pth", "motion_dec.pth", "motion_mask.pth")
"""Files written from the second stage on; a model without them does not know how objects move."""


NUSCENES = (512, 288)
"""Width and height of images that the release trains on nuScenes, the only data that it knows the times of."""


def convert_dynamo_depth(files: Mapping[str, State], *, size: tuple[int, int] | None = None) -> DynamoDepth:
    """Build the method from the state dicts of the release's files, by file name.

    Those trained at nuScenes' `size` (width, height) say how things move in 100 ms, others until the next frame.
    Raises UsageError for missing or strange files.
    """
    require(files, FILES, system="Dynamo-Depth")
    lite = not any(key.startswith("encoder.") for key in files["depth_enc.pth"])
    depth: DepthNetworkName = lite_mono_name(files["depth_enc.pth"]) if lite else "resnet18"
    motion = files.get("motion_enc.pth")
    images = 3 if motion is None else motion["encoder.conv1.weight"].shape[1] // 3
    method = DynamoDepth(
        DynamoDepthSettings(
            depth_network=depth,
            pretrained=False,
            released=Released(
                pair_order="source-first",
                motion_images="three" if images == 3 else "two",
                flow_order="object-first",
                flow_seconds=0.1 if size == NUSCENES else None,
            ),
        )
    )
    _load(
        method.depth_network.encoder, files, "depth_enc.pth", lite_mono_weights.encoder_state if lite else encoder_state
    )
    decoder = lite_mono_weights.decoder_state if lite else monodepth2_decoder_state
    _load(method.depth_network.decoder, files, "depth_dec.pth", decoder)
    _load(method.ego_motion.get_submodule("encoder"), files, "pose_enc.pth", encoder_state)
    _load(method.ego_motion.get_submodule("decoder"), files, "pose_dec.pth", first_names_of_pose_decoder)
    method.knows = Knows(object_motion=motion is not None)
    if motion is not None:
        _load(method.motion_encoder, files, "motion_enc.pth", encoder_state)
        _load(method.flow_decoder, files, "motion_dec.pth", refinement_state)
        _load(method.mask_decoder, files, "motion_mask.pth", refinement_state)
    return method.eval()


def first_names_of_pose_decoder(state: State) -> State:
    """Rename the pose decoder, of which only `net.{0..3}` count; the file names the same tensors a second time."""
    return pose_decoder_state({key: value for key, value in state.items() if key.startswith("net.")})


def refinement_state(state: State) -> State:
    """Rename a refinement: `refine_motion_conv{l}.{0,1}` = both convolutions of level l, `.._redu{l}` = correction."""
    renamed: State = {}
    for key, value in state.items():
        part, *rest = key.split(".")
        if part == "_residual_translation":
            renamed[f"seed.{rest[-1]}"] = value
        elif part.startswith("refine_motion_redu"):
            renamed[f"corrections.{part.removeprefix('refine_motion_redu')}.{rest[-1]}"] = value
        else:
            level = part.removeprefix("refine_motion_conv")
            renamed[f"{('first', 'second')[int(rest[0])]}.{level}.{rest[-1]}"] = value
    return renamed


def _load(module: nn.Module, files: Mapping[str, State], file: str, rename: Callable[[State], State]) -> None:
    require(files, (file,), system="Dynamo-Depth")
    load_renamed(module, files[file], rename, what=f"'{file}'", network="a Dynamo-Depth network")

"""Import of the public Lite-Mono checkpoints: their keys to ours."""

from collections.abc import Mapping

from torch import Tensor

from vection.errors import UsageError
from vection.foreign_weights.monodepth2 import encoder_state as resnet_state
from vection.foreign_weights.monodepth2 import pose_decoder_state
from vection.foreign_weights.renamed_state import State, load_renamed, require
from vection.methods.method import Knows
from vection.methods.monodepth2 import Monodepth2, Monodepth2Settings
from vection.networks.depth.build import DepthNetwork
from vection.networks.depth.lite_mono import Dilations, LiteMonoDecoder, LiteMonoEncoder, LiteMonoName
from vection.networks.weights.lite_mono import decoder_state, encoder_state


def convert_lite_mono(files: Mapping[str, State], *, dilations: Dilations = "640x192") -> Monodepth2:
    """Build Monodepth2 with a Lite-Mono depth network from the state dicts of `encoder.pth`, `depth.pth`.

    With `pose_encoder.pth` and `pose.pth` it knows ego-motion. `dilations` are those it was trained with. Raises
    UsageError for missing or strange files.
    """
    require(files, ("encoder.pth", "depth.pth"), system="Lite-Mono")
    depth = convert_lite_mono_network(files["encoder.pth"], files["depth.pth"], dilations=dilations)
    name = lite_mono_name(files["encoder.pth"])
    method = Monodepth2(
        Monodepth2Settings(depth_network=name, pretrained=False, dilations=dilations, scales=depth.scales)
    )
    method.depth_network.load_state_dict(depth.state_dict())
    method.knows = Knows(ego_motion={"pose_encoder.pth", "pose.pth"} <= set(files))
    if method.knows.ego_motion and method.ego_motion is not None:
        encoder, decoder = (method.ego_motion.get_submodule(part) for part in ("encoder", "decoder"))
        network = "a Lite-Mono pose network"
        load_renamed(encoder, files["pose_encoder.pth"], resnet_state, what="'pose_encoder.pth'", network=network)
        load_renamed(decoder, files["pose.pth"], pose_decoder_state, what="'pose.pth'", network=network)
    return method.eval()


def convert_lite_mono_network(
    encoder: Mapping[str, Tensor], decoder: Mapping[str, Tensor], *, dilations: Dilations = "640x192"
) -> DepthNetwork:
    """Build the depth network from the two state dicts. Raises UsageError if they are of another network."""
    try:
        encoder_tensors, decoder_tensors = encoder_state(encoder), decoder_state(decoder)
        scales = sum(key.startswith("heads.") and key.endswith(".weight") for key in decoder_tensors)
        features = LiteMonoEncoder(lite_mono_name(encoder), dilations=dilations)
        network = DepthNetwork(features, LiteMonoDecoder(features.channels, scales=scales))
    except (LookupError, ValueError, RuntimeError) as error:  # a key that cannot be read
        raise UsageError("The files do not fit a Lite-Mono network: their tensors have other names.") from error
    for module, tensors, file in (
        (network.encoder, encoder_tensors, "'encoder.pth'"),
        (network.decoder, decoder_tensors, "'depth.pth'"),
    ):
        load_renamed(module, tensors, dict, what=file, network="a Lite-Mono network")
    return network.eval()


def lite_mono_name(encoder: Mapping[str, Tensor]) -> LiteMonoName:
    """Tell the size by the encoder's tensors. Raises UsageError if they are of no Lite-Mono."""
    stem = encoder.get("downsample_layers.0.0.conv.weight")
    names: dict[tuple[int, bool], LiteMonoName] = {
        (32, False): "lite-mono-tiny",
        (48, False): "lite-mono-small",
        (48, True): "lite-mono-base",
        (64, True): "lite-mono-8m",
    }
    size = (0 if stem is None else stem.shape[0], "stages.2.9.gamma" in encoder)
    if size not in names:
        raise UsageError("The encoder does not fit a Lite-Mono network: its tensors have other names or sizes.")
    return names[size]

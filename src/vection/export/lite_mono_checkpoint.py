"""Import of the public Lite-Mono checkpoints: their keys to ours."""

from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from vection.errors import UsageError
from vection.networks.depth_network import DepthNetwork
from vection.networks.lite_mono import Dilations, LiteMonoDecoder, LiteMonoEncoder, LiteMonoName
from vection.networks.lite_mono_weights import decoder_state, encoder_state
from vection.networks.weight_file import read_weights

State = dict[str, Tensor]


def import_lite_mono(folder: Path, *, dilations: Dilations = "640x192") -> DepthNetwork:
    """Build the depth network from a folder with `encoder.pth` and `depth.pth`; `dilations` are those it trained with.

    Raises UsageError for missing or strange files.
    """
    files = ("encoder.pth", "depth.pth")
    for name in files:
        if not (folder / name).is_file():
            raise UsageError(
                f"'{folder}' is no Lite-Mono checkpoint: it lacks '{name}' (looked for {', '.join(files)})."
            )
    encoder, decoder = (read_weights(folder / name) for name in files)
    return convert_lite_mono(encoder, decoder, dilations=dilations)


def convert_lite_mono(
    encoder: Mapping[str, Tensor], decoder: Mapping[str, Tensor], *, dilations: Dilations = "640x192"
) -> DepthNetwork:
    """Build the depth network from the two state dicts. Raises UsageError if they are of another network."""
    try:
        own, heads = encoder_state(encoder), decoder_state(decoder)
        network = LiteMonoEncoder(_name(encoder), dilations=dilations)
        whole = DepthNetwork(network, LiteMonoDecoder(network.channels, scales=_scales(heads)))
        network.load_state_dict(own)
        whole.decoder.load_state_dict(heads)
    except RuntimeError as error:
        reason = str(error).splitlines()[-1].strip()
        raise UsageError(f"The files do not fit a Lite-Mono network: {reason}") from error
    except (LookupError, ValueError) as error:  # a key that cannot be read
        raise UsageError("The files do not fit a Lite-Mono network: their tensors have other names.") from error
    return whole.eval()


def _name(encoder: Mapping[str, Tensor]) -> LiteMonoName:
    width = encoder["downsample_layers.0.0.conv.weight"].shape[0]
    deep = "stages.2.9.gamma" in encoder
    names: dict[tuple[int, bool], LiteMonoName] = {
        (32, False): "lite-mono-tiny",
        (48, False): "lite-mono-small",
        (48, True): "lite-mono-base",
        (64, True): "lite-mono-8m",
    }
    return names[width, deep]


def _scales(decoder: Mapping[str, Tensor]) -> int:
    return sum(key.startswith("heads.") and key.endswith(".weight") for key in decoder)

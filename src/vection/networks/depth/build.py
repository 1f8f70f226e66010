"""A depth network as one part: an encoder and its decoder, of any of the families."""

from pathlib import Path
from typing import Literal, cast

from torch import Tensor, nn

from vection.errors import UsageError
from vection.networks.depth.decoder import DepthDecoder, Upsampling
from vection.networks.depth.dispnet import HEADS, DispNet
from vection.networks.depth.lite_mono import Dilations, LiteMonoDecoder, LiteMonoEncoder, LiteMonoName
from vection.networks.depth.shared_encoder import SharedEncoder
from vection.networks.encoders.build import build_encoder
from vection.networks.encoders.encoder import Encoder, EncoderName
from vection.networks.weights.lite_mono import encoder_state
from vection.networks.weights.weight_file import read_weights
from vection.types import Disparities, Image

DepthNetworkName = Literal[
    "lite-mono-tiny",
    "lite-mono-small",
    "lite-mono-base",
    "lite-mono-8m",
    "resnet18",
    "resnet34",
    "resnet50",
    "efficientnet-lite0",
]
"""Lite-Mono with its own decoder, or an encoder with Monodepth2's."""


DisparityNetworkName = Literal["dispnet", "dispresnet", "resnet18", "resnet34", "resnet50", "efficientnet-lite0"]
"""The depth networks of SC-SfMLearner: DispNet, DispResNet, or a U-Net of an encoder and Monodepth2's decoder."""


class DepthNetwork(nn.Module):
    """A depth network: an image in [0, 1], its sides multiples of 32, becomes disparities, finest first."""

    def __init__(
        self, encoder: Encoder | LiteMonoEncoder | SharedEncoder, decoder: DepthDecoder | LiteMonoDecoder
    ) -> None:
        super().__init__()
        self.encoder, self.decoder = encoder, decoder

    @property
    def scales(self) -> int:
        """How many disparities there are, each half the size of the one before."""
        return self.decoder.scales

    def forward(self, image: Image) -> Disparities:
        features: list[Tensor] = self.encoder(image)
        disparities: Disparities = self.decoder(features)
        return disparities


def build_depth_network(
    name: DepthNetworkName,
    *,
    pretrained: bool,
    weights: Path | None = None,
    drop_path: float = 0.0,
    dilations: Dilations = "640x192",
    scales: int = 4,
) -> DepthNetwork:
    """Build a depth network with disparities at `scales` scales (Lite-Mono has 3 at most).

    `pretrained` loads ImageNet weights.

    `drop_path` and `dilations` are Lite-Mono's, whose weights no registry has: they come from the file `weights`.

    Raises UsageError for weights that cannot be had or are of another network.

    >>> import torch
    >>> network = build_depth_network("resnet18", pretrained=False).eval()
    >>> [tuple(disparity.shape[-2:]) for disparity in network(torch.rand(1, 3, 64, 96))]
    [(64, 96), (32, 48), (16, 24), (8, 12)]
    """
    if name.startswith("lite-mono"):
        lite = cast(LiteMonoName, name)
        encoder = LiteMonoEncoder(lite, drop_path=drop_path, dilations=dilations)
        if pretrained:
            _load_lite_mono(encoder, lite, weights)
        return DepthNetwork(encoder, LiteMonoDecoder(encoder.channels, scales=min(scales, 3)))
    pyramid = build_encoder(cast(EncoderName, name), pretrained=pretrained, weights=weights)
    return DepthNetwork(pyramid, DepthDecoder(pyramid.channels, scales=scales))


def build_disparity_network(
    name: DisparityNetworkName, *, scales: int, pretrained: bool, upsampling: Upsampling = "nearest"
) -> nn.Module:
    """Build a depth network of SC-SfMLearner: from images to `scales` disparities (sigmoid), finest first.

    An encoder's name means a U-Net of it and Monodepth2's decoder, for which `upsampling` counts. DispNet and
    DispResNet are never pretrained.
    """
    if name == "dispnet" or name == "dispresnet":
        return DispNet(residual=name == "dispresnet", scales=scales)
    encoder = build_encoder(name, pretrained=pretrained)
    return DepthNetwork(encoder, DepthDecoder(encoder.channels, scales=scales, upsampling=upsampling))


def most_scales(name: DisparityNetworkName) -> int:
    """How many scales the network can predict."""
    return HEADS if name in ("dispnet", "dispresnet") else 4


def _load_lite_mono(encoder: LiteMonoEncoder, name: LiteMonoName, weights: Path | None) -> None:
    if weights is None:
        raise UsageError(
            f"The ImageNet weights of {name} can only be had by hand: download '{name}-pretrain.pth' from its authors' "
            "page and name the file with `method.depth_weights`, or train without (`method.pretrained=False`)."
        )
    try:
        encoder.load_state_dict(encoder_state(read_weights(weights)))
    except (LookupError, RuntimeError) as error:
        raise UsageError(f"The weights in '{weights}' do not fit the network '{name}'; give those of it.") from error

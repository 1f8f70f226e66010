"""The depth networks of SC-SfMLearner: DispNet, DispResNet, or a U-Net, with as many outputs as are supervised."""

from typing import Literal

from torch import nn

from vection.networks.depth.build import DepthNetwork
from vection.networks.depth.decoder import DepthDecoder, Upsampling
from vection.networks.depth.dispnet import HEADS, DispNet
from vection.networks.encoders.build import build_encoder

DisparityNetworkName = Literal["dispnet", "dispresnet", "resnet18", "resnet34", "resnet50", "efficientnet-lite0"]


def build_disparity_network(
    name: DisparityNetworkName, *, scales: int, pretrained: bool, upsampling: Upsampling = "nearest"
) -> nn.Module:
    """Build a network from images to `scales` disparities (sigmoid), finest first.

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

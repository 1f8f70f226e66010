"""One encoder under two heads, and the scaling of the gradients that the heads send back (SGDepth, section 3.3)."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from vection.networks.depth.decoder import WIDTHS, ConvBlock
from vection.networks.encoders.build import build_encoder
from vection.networks.encoders.encoder import EncoderName, Normalisation


class SharedEncoder(nn.Module):
    """The part that both tasks share: an encoder and, as released, the first convolution of its decoder as well."""

    def __init__(
        self,
        encoder: EncoderName,
        *,
        first_convolution: bool,
        pretrained: bool,
        normalisation: Normalisation = "imagenet",
    ) -> None:
        super().__init__()
        self.encoder = build_encoder(encoder, pretrained=pretrained, normalisation=normalisation)
        self.channels = self.encoder.channels
        self.first = ConvBlock(self.channels[-1], WIDTHS[-1]) if first_convolution else nn.Identity()

    def forward(self, image: Tensor) -> list[Tensor]:
        """Return the five features that leave the shared part, fine to coarse."""
        features = self.encoder(image)
        return [*features[:-1], self.first(features[-1])]


def scale_gradients(features: list[Tensor], factor: float) -> list[Tensor]:
    """Pass features on as they are; what comes back through them is multiplied by `factor` (SGDepth, eq. 6)."""
    scaled: list[Tensor] = [_ScaledGradient.apply(feature, factor) for feature in features]
    return scaled


class _ScaledGradient(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, feature: Tensor, factor: float) -> Tensor:
        context.factor = factor
        return feature.view_as(feature)

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor, None]:
        return context.factor * gradient, None


@contextmanager
def evaluating(network: nn.Module) -> Iterator[None]:
    """Put all parts in evaluation mode within the block: statistics of normalisation are used and not changed."""
    training = [module for module in network.modules() if module.training]
    for module in training:
        module.training = False
    try:
        yield
    finally:
        for module in training:
            module.training = True

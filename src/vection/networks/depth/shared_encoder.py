"""One encoder under two heads (SGDepth, section 3.3)."""

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

"""The one interface of encoders: image -> feature pyramid, and its channels."""

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Literal, get_args

from torch import Tensor, nn

from vection.errors import UsageError

EncoderName = Literal["resnet18", "resnet34", "resnet50", "efficientnet-lite0"]


Normalisation = Literal["monodepth2", "imagenet"]
"""What a ResNet subtracts and divides by: one number for all channels, or ImageNet's mean and deviation of each."""


class Encoder(nn.Module, ABC):
    """From one RGB image in [0, 1], or several stacked along the channels, to features at strides 2, 4, 8, 16, 32."""

    channels: tuple[int, int, int, int, int]
    """Channels of the five features, fine to coarse."""

    @abstractmethod
    def forward(self, image: Tensor) -> list[Tensor]:
        """(batch, 3 * images, height, width) -> five features; height and width are multiples of 32."""

    @abstractmethod
    def load_imagenet(self, state: dict[str, Tensor]) -> None:
        """Load ImageNet weights of a one-image network; over n images the first convolution gets them n times / n."""


def build_encoder(
    name: EncoderName,
    *,
    images: int = 1,
    pretrained: bool = False,
    weights: Path | None = None,
    normalisation: Normalisation = "monodepth2",
) -> Encoder:
    """Build an encoder over `images` images; `pretrained` loads ImageNet weights (from `weights` if given).

    `normalisation` is that of ResNets; EfficientNet has its own.

    Raises UsageError for an unknown name, and weights that cannot be had or are of another network.
    """
    from vection.networks.efficientnet import EfficientNetLite0
    from vection.networks.pretrained import imagenet_weights
    from vection.networks.resnet import ResNet

    if name not in get_args(EncoderName):
        raise UsageError(f"There is no encoder '{name}'; choose one of {', '.join(get_args(EncoderName))}.")
    encoder: Encoder
    if name == "efficientnet-lite0":
        encoder = EfficientNetLite0(images=images)
    else:
        encoder = ResNet(name, images=images, normalisation=normalisation)
    if pretrained:
        state = imagenet_weights(name, weights=weights)
        try:
            encoder.load_imagenet(state)
        except (KeyError, RuntimeError) as error:
            source = f"in '{weights}'" if weights is not None else "that were downloaded"
            raise UsageError(
                f"The weights {source} do not fit the encoder '{name}'; give those of that network."
            ) from error
    return encoder


def repeat_first_convolution(weight: Tensor, images: int) -> Tensor:
    """Spread a first convolution over `images` stacked images so that equal images give the old response."""
    return weight.repeat(1, images, 1, 1) / images

"""The one interface of encoders: image -> feature pyramid, and its channels."""

from abc import ABC, abstractmethod
from typing import Literal

from torch import Tensor, nn

EncoderName = Literal["resnet18", "resnet34", "resnet50", "efficientnet-lite0"]

Normalisation = Literal["monodepth2", "imagenet"]
"""What a ResNet subtracts and divides by: one number for all channels, or ImageNet's mean and deviation of each."""


class Encoder(nn.Module, ABC):
    """Features at strides 2, 4, 8, 16 and 32 of one RGB image in [0, 1], or of several stacked along the channels."""

    channels: tuple[int, int, int, int, int]
    """Channels of the five features, fine to coarse."""

    @abstractmethod
    def forward(self, image: Tensor) -> list[Tensor]:
        """(batch, 3 * images, height, width) -> five features; height and width are multiples of 32."""

    @abstractmethod
    def load_imagenet(self, state: dict[str, Tensor]) -> None:
        """Load ImageNet weights of a one-image network; over n images the first convolution gets them n times / n."""


def repeat_first_convolution(weight: Tensor, images: int) -> Tensor:
    """Spread a first convolution over `images` stacked images so that equal images give the old response."""
    return weight.repeat(1, images, 1, 1) / images

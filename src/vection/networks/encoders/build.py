"""From an encoder's name to the encoder."""

from pathlib import Path
from typing import get_args

from vection.errors import UsageError
from vection.networks.encoders.efficientnet import EfficientNetLite0
from vection.networks.encoders.encoder import Encoder, EncoderName, Normalisation
from vection.networks.encoders.resnet import ResNet
from vection.networks.weights.pretrained import imagenet_weights


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

    >>> import torch
    >>> encoder = build_encoder("resnet18").eval()
    >>> [tuple(feature.shape[1:]) for feature in encoder(torch.rand(1, 3, 64, 96))]
    [(64, 32, 48), (64, 16, 24), (128, 8, 12), (256, 4, 6), (512, 2, 3)]
    """
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

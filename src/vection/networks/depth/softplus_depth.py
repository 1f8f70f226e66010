"""The depth network of Li et al. 2020 (section 3.1): ResNet-18 with randomised normalisation, softplus, one scale."""

import math
from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from vection.geometry.camera import disparity_to_depth
from vection.networks.depth.decoder import DepthDecoder
from vection.networks.encoders.build import build_encoder
from vection.networks.encoders.encoder import EncoderName
from vection.networks.encoders.padding import DoublingConvolution, Padding, StridedConvolution, halving_max_pool
from vection.networks.encoders.randomised_norm import RandomisedNorm
from vection.networks.weights.pretrained import imagenet_weights
from vection.types import Depth, Image

CHANNELS = (64, 64, 128, 256, 512)
"""Channels of the encoder's features at strides 2, 4, 8, 16, 32."""
_WIDTHS = (16, 32, 64, 128, 256)
"""Of the decoder at strides 1, 2, 4, 8, 16."""

Border = Literal["zeros", "reflect"]
"""What the decoder's convolutions see beyond the image."""


class Block(nn.Module):
    """Two 3x3 convolutions with normalisation, and a shortcut that has none."""

    def __init__(self, inputs: int, width: int, *, stride: int, padding: Padding) -> None:
        super().__init__()
        self.conv1 = _convolution(inputs, width, 3, stride=stride, padding=padding)
        self.norm1 = RandomisedNorm(width)
        self.conv2 = _convolution(width, width, 3, stride=1, padding=padding)
        self.norm2 = RandomisedNorm(width)
        self.shortcut = None if stride == 1 else _convolution(inputs, width, 1, stride=stride, padding=padding)

    def forward(self, x: Tensor, *, noise: float) -> Tensor:
        y = functional.relu(self.norm1(self.conv1(x), deviation=noise), inplace=True)
        y = self.norm2(self.conv2(y), deviation=noise)
        return functional.relu(y + (x if self.shortcut is None else self.shortcut(x)), inplace=True)


class RandomisedResNet18(nn.Module):
    """ResNet-18 whose every batch norm is a randomised one; input scaled to [-1, 1]."""

    def __init__(self, *, padding: Padding = "symmetric") -> None:
        super().__init__()
        self.padding: Padding = padding
        self.conv1 = _convolution(3, 64, 7, stride=2, padding=padding)
        self.norm1 = RandomisedNorm(64)
        self.stages = nn.ModuleList()
        for inputs, width in pairwise(CHANNELS):
            first = Block(inputs, width, stride=1 if inputs == width else 2, padding=padding)
            self.stages.append(nn.ModuleList([first, Block(width, width, stride=1, padding=padding)]))

    def forward(self, image: Image, *, noise: float = 0.0) -> list[Tensor]:
        """Return the five features, finest first; `noise` is the normalisation's, in training."""
        x = functional.relu(self.norm1(self.conv1(2 * image - 1), deviation=noise))
        features = [x]
        x = halving_max_pool(x, padding=self.padding)
        for stage in self.stages:
            for block in stage:  # type: ignore[attr-defined]
                x = block(x, noise=noise)
            features.append(x)
        return features

    def load_imagenet(self, state: dict[str, Tensor]) -> None:
        """Load torchvision's ResNet-18.

        Running statistics have no counterpart and are left out. The norm of each shortcut is folded into its
        convolution, but for its offset.
        """
        tensors = {"conv1.weight": state["conv1.weight"]} | _norm(state, "bn1", "norm1")
        for stage in range(4):
            for block in range(2):
                source, target = f"layer{stage + 1}.{block}", f"stages.{stage}.{block}"
                for number in (1, 2):
                    tensors[f"{target}.conv{number}.weight"] = state[f"{source}.conv{number}.weight"]
                    tensors |= _norm(state, f"{source}.bn{number}", f"{target}.norm{number}")
            if stage > 0:
                source = f"layer{stage + 1}.0.downsample"
                scale = state[f"{source}.1.weight"] * (state[f"{source}.1.running_var"] + 1e-5).rsqrt()
                tensors[f"stages.{stage}.0.shortcut.weight"] = state[f"{source}.0.weight"] * scale[:, None, None, None]
        self.load_state_dict(tensors)


class SoftplusDecoder(nn.Module):
    """Five doublings, each joined with the encoder's feature of its size; without normalisation; depth by softplus."""

    def __init__(self, *, padding: Padding = "symmetric", border: Border = "zeros") -> None:
        super().__init__()
        self.doublings, self.joins = nn.ModuleList(), nn.ModuleList()
        inputs = CHANNELS[-1]
        for level in range(4, -1, -1):
            width = _WIDTHS[level]
            self.doublings.append(DoublingConvolution(inputs, width, padding=padding))
            joined = width + (CHANNELS[level - 1] if level > 0 else 0)
            self.joins.append(nn.Conv2d(joined, width, 3, padding=1, padding_mode=border))
            inputs = width
        self.head = nn.Conv2d(inputs, 1, 3, padding=1, padding_mode=border)
        for module in self.modules():  # TensorFlow's Glorot-uniform weights and zero biases
            if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
                nn.init.xavier_uniform_(module.weight)
                nn.init.zeros_(module.bias)  # type: ignore[arg-type]

    def forward(self, features: list[Tensor]) -> Depth:
        x = features[-1]
        for level, (doubling, join) in zip(range(4, -1, -1), zip(self.doublings, self.joins, strict=True), strict=True):
            x = functional.relu(doubling(x), inplace=True)
            x = torch.cat([x, features[level - 1]], dim=1) if level > 0 else x
            x = functional.relu(join(x), inplace=True)
        with torch.autocast(x.device.type, enabled=False):
            return functional.softplus(self.head(x.float()))


class SoftplusDepth(nn.Module):
    """Depth of an image, unbounded above."""

    def __init__(self, *, padding: Padding = "symmetric", border: Border = "zeros", pretrained: bool = False) -> None:
        """`pretrained` loads torchvision's ImageNet weights, which belong to `padding` "symmetric"."""
        super().__init__()
        self.encoder = RandomisedResNet18(padding=padding)
        self.decoder = SoftplusDecoder(padding=padding, border=border)
        if pretrained:
            self.encoder.load_imagenet(imagenet_weights("resnet18"))

    def forward(self, image: Image, *, noise: float = 0.0) -> Depth:
        """Depth at the size of `image`, a multiple of 32; `noise` is the normalisation's, in training."""
        depth: Depth = self.decoder(self.encoder(image, noise=noise))
        return depth


class SigmoidDepth(nn.Module):
    """Depth by an encoder and decoder of Monodepth2, within limits: the depth network of other methods here.

    `central` starts in the (geometric) middle of the limits instead of near the lower one.
    """

    def __init__(
        self, encoder: EncoderName, *, limits: tuple[float, float], pretrained: bool = False, central: bool = False
    ) -> None:
        super().__init__()
        self.limits = limits
        self.encoder = build_encoder(encoder, pretrained=pretrained)
        self.decoder = DepthDecoder(self.encoder.channels, scales=1)
        if central:
            self.decoder.start_at(math.log(limits[0] / limits[1]) / 2)

    def forward(self, image: Image, *, noise: float = 0.0) -> Depth:
        """Depth at the size of `image`; batch norm needs no `noise`."""
        del noise
        disparity = self.decoder(self.encoder(image))[0]
        return disparity_to_depth(disparity, min_depth=self.limits[0], max_depth=self.limits[1])


def _convolution(inputs: int, outputs: int, kernel: int, *, stride: int, padding: Padding) -> StridedConvolution:
    convolution = StridedConvolution(inputs, outputs, kernel, stride=stride, bias=False, padding=padding)
    nn.init.kaiming_normal_(convolution.weight, mode="fan_out", nonlinearity="relu")
    return convolution


def _norm(state: dict[str, Tensor], source: str, target: str) -> dict[str, Tensor]:
    return {f"{target}.{name}": state[f"{source}.{name}"] for name in ("weight", "bias")}

"""Lite-Mono (Zhang et al., CVPR 2023): a small depth network of dilated convolutions and channel attention."""

import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from vection.networks.depth.decoder import ConvBlock
from vection.types import Disparities, Image

LiteMonoName = Literal["lite-mono-tiny", "lite-mono-small", "lite-mono-base", "lite-mono-8m"]
Dilations = Literal["640x192", "1024x320"]
"""The two published sets, named for the size of image that each was chosen for; both work at any size."""


@dataclass(frozen=True)
class _Size:
    channels: tuple[int, int, int]
    last_depth: int
    """Blocks of the third stage; the first and the second have four."""
    wide: bool = True
    """Whether 1024x320 has dilations of its own."""


_SIZES: dict[LiteMonoName, _Size] = {
    "lite-mono-tiny": _Size((32, 64, 128), 7),
    "lite-mono-small": _Size((48, 80, 128), 7),
    "lite-mono-base": _Size((48, 80, 128), 10),
    "lite-mono-8m": _Size((64, 128, 224), 10, wide=False),
}

HEADS = 8
"""Groups of channels that attend to each other."""

EXPANSION = 6
"""How many times wider than a block its perceptron's hidden layer is."""

LAYER_SCALE = 1e-6
"""Initial factor of what a block adds to its input: at the start every block is nearly the identity."""
WAVES = 32
"""Channels a direction of the Fourier encoding of positions."""


def stage_dilations(name: LiteMonoName, dilations: Dilations) -> tuple[tuple[int, ...], ...]:
    """Dilations of the convolutional blocks of the three stages."""
    size = _SIZES[name]
    step = (1, 2, 5) if dilations == "1024x320" and size.wide else (1, 2, 3)
    last = (2, 4, 10) if dilations == "1024x320" and size.wide else (2, 4, 6)
    repeats = (size.last_depth - 1) // 3 - 1
    return step, step, step * repeats + last


class LiteMonoEncoder(nn.Module):
    """Features at strides 4, 8 and 16 of an RGB image in [0, 1] whose sides are multiples of 16."""

    def __init__(self, name: LiteMonoName, *, drop_path: float = 0.0, dilations: Dilations = "640x192") -> None:
        """`drop_path` is the chance that training skips the last block; it rises to it linearly from 0."""
        super().__init__()
        self.channels = _SIZES[name].channels
        first = self.channels[0]
        self.stem = nn.Sequential(_ConvNormGelu(3, first, stride=2), *(_ConvNormGelu(first, first) for _ in range(2)))
        self.merges = nn.ModuleList(
            nn.Conv2d(inputs + 3, outputs, 3, stride=2, padding=1, bias=False)
            for inputs, outputs in zip((first, 2 * first, 2 * self.channels[1]), self.channels, strict=True)
        )
        sets = stage_dilations(name, dilations)
        rates = iter(torch.linspace(0, drop_path, sum(len(stage_set) + 1 for stage_set in sets)).tolist())
        self.stages = nn.ModuleList()
        for stage, (width, stage_set) in enumerate(zip(self.channels, sets, strict=True)):
            blocks: list[nn.Module] = [DilatedBlock(width, dilation=d, drop_path=next(rates)) for d in stage_set]
            blocks.append(AttentionBlock(width, positions=stage == 0, drop_path=next(rates)))
            self.stages.append(nn.Sequential(*blocks))
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
                if module.bias is not None:
                    nn.init.zeros_(module.bias)

    def forward(self, image: Image) -> list[Tensor]:
        """Return the features, fine to coarse."""
        small = (image - 0.45) / 0.225
        x, features = self.stem(small), []
        for merge, stage in zip(self.merges, self.stages, strict=True):
            # Every reduction sees the image as well, averaged to its size.
            small = functional.avg_pool2d(small, 3, stride=2, padding=1)
            reduced = merge(torch.cat([x, small.to(x.dtype)], dim=1))
            features.append(stage(reduced))
            x = torch.cat([reduced, features[-1]], dim=1)
        return features


class LiteMonoDecoder(nn.Module):
    """Disparities (sigmoid) at full size, 1/2 and 1/4 of the image, for `scales` <= 3 scales."""

    def __init__(self, channels: tuple[int, int, int], *, scales: int = 3) -> None:
        super().__init__()
        self.scales = scales
        widths = [count // 2 for count in channels]
        self.before_upsampling = nn.ModuleList(
            ConvBlock(inputs, outputs)
            for inputs, outputs in zip((channels[2], widths[2], widths[1]), reversed(widths), strict=True)
        )
        self.after_skip = nn.ModuleList(
            ConvBlock(width + skip, width)
            for width, skip in zip(reversed(widths), (channels[1], channels[0], 0), strict=True)
        )
        self.heads = nn.ModuleList(
            nn.Conv2d(widths[scale], 1, 3, padding=1, padding_mode="reflect") for scale in range(scales)
        )
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.trunc_normal_(module.weight, std=0.02)
                assert module.bias is not None
                nn.init.zeros_(module.bias)

    def forward(self, features: list[Tensor]) -> Disparities:
        """Return the disparities, finest first."""
        x, disparities = features[2], []
        for step, scale in enumerate((2, 1, 0)):
            x = _double(self.before_upsampling[step](x))
            if scale > 0:
                x = torch.cat([x, features[scale - 1]], dim=1)
            x = self.after_skip[step](x)
            if scale < self.scales:
                # In float32: a sigmoid in bfloat16 has steps of 0.4 % of its range.
                with torch.autocast(x.device.type, enabled=False):
                    disparities.append(torch.sigmoid(_double(self.heads[scale](x.float()))))
        return disparities[::-1]


class DilatedBlock(nn.Module):
    """Dilated depthwise convolution, then a perceptron a pixel, added to the input."""

    def __init__(self, width: int, *, dilation: int, drop_path: float) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(width, width, 3, padding=dilation, dilation=dilation, groups=width, bias=False)
        self.norm = nn.BatchNorm2d(width)
        self.perceptron = _perceptron(width)
        self.gain = nn.Parameter(torch.full((width,), LAYER_SCALE))
        self.drop_path = drop_path

    def forward(self, x: Tensor) -> Tensor:
        y = self.norm(self.depthwise(x)).permute(0, 2, 3, 1)
        y = (self.gain * self.perceptron(y)).permute(0, 3, 1, 2)
        return x + _drop_path(y, self.drop_path, training=self.training)


class AttentionBlock(nn.Module):
    """Attention among channels over the whole image, then a perceptron a pixel, added to the input."""

    def __init__(self, width: int, *, positions: bool, drop_path: float) -> None:
        super().__init__()
        self.positions = nn.Conv2d(2 * WAVES, width, 1) if positions else None
        self.attention_norm = nn.LayerNorm(width, eps=1e-6)
        self.attention = ChannelAttention(width)
        self.attention_gain = nn.Parameter(torch.full((width,), LAYER_SCALE))
        self.norm = nn.LayerNorm(width, eps=1e-6)
        self.perceptron = _perceptron(width)
        self.gain = nn.Parameter(torch.full((width,), LAYER_SCALE))
        self.drop_path = drop_path

    def forward(self, x: Tensor) -> Tensor:
        height, width = x.shape[-2:]
        y = x
        if self.positions is not None:
            y = y + self.positions(position_waves(height, width, like=x))
        tokens = y.permute(0, 2, 3, 1).flatten(1, 2)
        tokens = tokens + self.attention_gain * self.attention(self.attention_norm(tokens))
        tokens = self.gain * self.perceptron(self.norm(tokens))
        y = tokens.unflatten(1, (height, width)).permute(0, 3, 1, 2)
        return x + _drop_path(y, self.drop_path, training=self.training)


class ChannelAttention(nn.Module):
    """Cross-covariance attention (El-Nouby et al. 2021): channels attend to channels, so cost is linear in pixels."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.queries_keys_values = nn.Linear(width, 3 * width)
        self.temperature = nn.Parameter(torch.ones(HEADS, 1, 1))
        self.output = nn.Linear(width, width)

    def forward(self, tokens: Tensor) -> Tensor:
        """Map (batch, pixels, width) to a tensor of the same shape."""
        split = self.queries_keys_values(tokens).unflatten(2, (3, HEADS, -1)).permute(2, 0, 3, 4, 1)
        queries, keys, values = split.float().unbind(0)  # (batch, head, channel, pixel)
        with torch.autocast(tokens.device.type, enabled=False):
            queries, keys = functional.normalize(queries, dim=3), functional.normalize(keys, dim=3)
            weights = (queries @ keys.transpose(2, 3) * self.temperature).softmax(dim=3)
            attended = weights @ values
        output: Tensor = self.output(attended.flatten(1, 2).transpose(1, 2))
        return output


def position_waves(height: int, width: int, *, like: Tensor) -> Tensor:
    """Sines and cosines of y and x in (0, 2 pi], 1, 1/10000^(2/32), ... waves: (1, 64, height, width)."""
    index = torch.arange(WAVES, device=like.device, dtype=torch.float32) // 2
    frequency = torch.exp(index * (-2 * math.log(10000) / WAVES))
    parts = []
    for length in (height, width):
        place = torch.arange(1, length + 1, device=like.device, dtype=torch.float32) / (length + 1e-6) * 2 * math.pi
        angle = place * frequency[:, None]
        parts.append(torch.stack([angle[0::2].sin(), angle[1::2].cos()], dim=1).flatten(0, 1))
    y = parts[0][:, :, None].expand(-1, -1, width)
    x = parts[1][:, None, :].expand(-1, height, -1)
    return torch.cat([y, x])[None]


class _ConvNormGelu(nn.Sequential):
    def __init__(self, inputs: int, outputs: int, *, stride: int = 1) -> None:
        convolution = nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False)
        super().__init__(convolution, nn.BatchNorm2d(outputs), nn.GELU())


def _perceptron(width: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(width, EXPANSION * width), nn.GELU(), nn.Linear(EXPANSION * width, width))


def _drop_path(x: Tensor, rate: float, *, training: bool) -> Tensor:
    """Skip the whole block for a share of the samples and scale the others up, so that the mean stays."""
    if rate == 0 or not training:
        return x
    kept = torch.rand(len(x), 1, 1, 1, device=x.device) >= rate
    return x * kept / (1 - rate)


def _double(x: Tensor) -> Tensor:
    return functional.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)

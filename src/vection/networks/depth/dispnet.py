"""DispNet (Zhou et al. 2017) and DispResNet (Ranjan et al. 2019), the depth networks of SC-SfMLearner, section 4.1."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from vection.types import Disparities, Image

LEVELS = 7
ENCODER = (32, 64, 128, 256, 512, 512, 512)
"""Channels of the encoder at strides 2 to 128."""
DECODER = (16, 32, 64, 128, 256, 512, 512)
"""Channels of the decoder at strides 1 to 64."""
KERNELS = (7, 5, 3, 3, 3, 3, 3)
"""Sides of the encoder's kernels at these strides, in pixels."""
ENCODER_BLOCKS = (0, 2, 2, 3, 3, 3, 3)
"""Residual blocks of DispResNet's encoder; its first level is DispNet's."""
DECODER_BLOCKS = (1, 1, 1, 2, 2, 2, 2)
"""Residual blocks of DispResNet's decoder, finest level first."""
FEEDING_SCALES = 4
"""Disparities of strides 8, 4 and 2 are fed to the next finer level, so these heads exist in any case."""
HEADS = 6
"""Most disparities: the coarsest level predicts none."""
GAIN = 10.0
"""What is fed to the next level is GAIN * sigmoid + FLOOR, the published network's inverse depth."""

FLOOR = 0.01
"""Smallest inverse depth that is fed to the next level."""


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions without bias or normalisation; batch norm sits on a 1x1 shortcut alone."""

    def __init__(self, inputs: int, outputs: int, *, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.downsample: nn.Module | None = None
        if stride > 1 or inputs != outputs:
            shortcut = nn.Conv2d(inputs, outputs, 1, stride=stride, bias=False)
            self.downsample = nn.Sequential(shortcut, nn.BatchNorm2d(outputs))

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv2(functional.relu(self.conv1(x), inplace=True))
        return functional.relu(y + (x if self.downsample is None else self.downsample(x)), inplace=True)


class DispNet(nn.Module):
    """Disparities (sigmoid) at full size, 1/2, 1/4, ... of the image, for `scales` scales, at most 6.

    Normalises its input to [-1, 1]. `residual` makes it DispResNet. Images of any size: upsampled maps are cropped to
    the encoder's feature.
    """

    def __init__(self, *, residual: bool = False, scales: int = 1) -> None:
        super().__init__()
        if not 1 <= scales <= HEADS:
            raise ValueError(f"DispNet predicts 1 to {HEADS} scales, not {scales}")
        self.scales = scales
        down, up, merge = [], [], []
        for level in range(LEVELS):
            inputs = ENCODER[level - 1] if level else 3
            blocks = ENCODER_BLOCKS[level] if residual else 0
            down.append(_down(inputs, ENCODER[level], kernel=KERNELS[level], blocks=blocks))
            coarser = ENCODER[-1] if level == LEVELS - 1 else DECODER[level + 1]
            up.append(nn.ConvTranspose2d(coarser, DECODER[level], 3, stride=2, padding=1, output_padding=1))
            merged = DECODER[level] + (ENCODER[level - 1] if level else 0) + (level < FEEDING_SCALES - 1)
            merge.append(_merge(merged, DECODER[level], blocks=DECODER_BLOCKS[level] if residual else 0))
        self.down, self.up, self.merge = nn.ModuleList(down), nn.ModuleList(up), nn.ModuleList(merge)
        heads = max(scales, FEEDING_SCALES)
        self.heads = nn.ModuleList(nn.Conv2d(DECODER[scale], 1, 3, padding=1) for scale in range(heads))
        self.apply(start_uniformly)

    def forward(self, image: Image) -> Disparities:
        """Return the disparities, finest first."""
        x = 2 * image - 1
        features = []
        for block in self.down:
            x = block(x)
            features.append(x)
        disparities: list[Tensor] = []
        for level in range(LEVELS - 1, -1, -1):
            skip = features[level - 1] if level else image
            parts = [_crop(functional.relu(self.up[level](x)), like=skip)]
            if level:
                parts.append(skip)
            if level < FEEDING_SCALES - 1:
                fed = GAIN * disparities[-1] + FLOOR
                fed = functional.interpolate(fed, scale_factor=2, mode="bilinear", align_corners=False)
                parts.append(_crop(fed, like=skip).to(skip.dtype))
            x = self.merge[level](torch.cat(parts, dim=1))
            if level < len(self.heads):
                disparities.append(_float32_sigmoid(self.heads[level], x))
        return disparities[::-1][: self.scales]


def start_uniformly(module: nn.Module) -> None:
    """Xavier-uniform weights and zero biases of convolutions, as the authors start; for `nn.Module.apply`."""
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.xavier_uniform_(module.weight)
        if module.bias is not None:
            nn.init.zeros_(module.bias)


def _down(inputs: int, outputs: int, *, kernel: int, blocks: int) -> nn.Module:
    """Halve the size, by a strided convolution and another, or by residual blocks."""
    if blocks:
        rest = (ResidualBlock(outputs, outputs) for _ in range(blocks - 1))
        return nn.Sequential(ResidualBlock(inputs, outputs, stride=2), *rest)
    padding = (kernel - 1) // 2
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride=2, padding=padding),
        nn.ReLU(inplace=True),
        nn.Conv2d(outputs, outputs, kernel, padding=padding),
        nn.ReLU(inplace=True),
    )


def _merge(inputs: int, outputs: int, *, blocks: int) -> nn.Module:
    if blocks:
        rest = (ResidualBlock(outputs, outputs) for _ in range(blocks - 1))
        return nn.Sequential(ResidualBlock(inputs, outputs), *rest)
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, padding=1), nn.ReLU(inplace=True))


def _crop(x: Tensor, *, like: Tensor) -> Tensor:
    return x[..., : like.shape[-2], : like.shape[-1]]


def _float32_sigmoid(head: nn.Module, x: Tensor) -> Tensor:
    """Apply the head in float32 even under autocast: a sigmoid in bfloat16 has steps of 0.4 % of its range."""
    with torch.autocast(x.device.type, enabled=False):
        return torch.sigmoid(head(x.float()))

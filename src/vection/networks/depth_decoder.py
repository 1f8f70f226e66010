"""The U-Net decoder of Monodepth2 (section 3.3): features of an encoder to disparities at several scales."""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

WIDTHS = (16, 32, 64, 128, 256)
"""Channels of the decoder at strides 1, 2, 4, 8, 16."""


class ConvBlock(nn.Module):
    """Reflection padding, 3x3 convolution, ELU."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 3, padding=1, padding_mode="reflect")

    def forward(self, x: Tensor) -> Tensor:
        return functional.elu(self.conv(x), inplace=True)


class DepthDecoder(nn.Module):
    """Disparities (sigmoid) at full size, 1/2, 1/4, ... of the image, for `scales` scales.

    `outputs` > 1 gives that many channels a scale (used for predictive masks).
    """

    def __init__(self, channels: tuple[int, ...], *, scales: int = 4, outputs: int = 1) -> None:
        super().__init__()
        self.scales = scales
        before, after, inputs = [], [], channels[-1]
        for level in range(4, -1, -1):
            skip = channels[level - 1] if level > 0 else 0
            before.append(ConvBlock(inputs, WIDTHS[level]))
            after.append(ConvBlock(WIDTHS[level] + skip, WIDTHS[level]))
            inputs = WIDTHS[level]
        self.before_upsampling = nn.ModuleList(before)
        self.after_skip = nn.ModuleList(after)
        self.heads = nn.ModuleList(
            nn.Conv2d(WIDTHS[scale], outputs, 3, padding=1, padding_mode="reflect") for scale in range(scales)
        )

    def forward(self, features: list[Tensor]) -> list[Float[Tensor, "batch output _ _"]]:
        """Return the disparities, finest first."""
        x, disparities = features[-1], []
        for step, level in enumerate(range(4, -1, -1)):
            x = self.before_upsampling[step](x)
            x = functional.interpolate(x, scale_factor=2, mode="nearest")
            if level > 0:
                x = torch.cat([x, features[level - 1]], dim=1)
            x = self.after_skip[step](x)
            if level < self.scales:
                disparities.append(_float32_sigmoid(self.heads[level], x))
        return disparities[::-1]


def _float32_sigmoid(head: nn.Module, x: Tensor) -> Tensor:
    """Apply the head in float32 even under autocast: a sigmoid in bfloat16 has steps of 0.4 % of its range."""
    with torch.autocast(x.device.type, enabled=False):
        return torch.sigmoid(head(x.float()))

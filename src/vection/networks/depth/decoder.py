"""The U-Net decoder of Monodepth2 (section 3.3): features of an encoder to disparities, or to class scores."""

from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

Upsampling = Literal["nearest", "bilinear"]
"""How features are enlarged to twice their size."""

WIDTHS = (16, 32, 64, 128, 256)
"""Channels of the decoder at strides 1, 2, 4, 8, 16."""


class ConvBlock(nn.Module):
    """Reflection padding, 3x3 convolution, ELU."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 3, padding=1, padding_mode="reflect")

    def forward(self, x: Tensor) -> Tensor:
        return functional.elu(self.conv(x), inplace=True)


class UNetDecoder(nn.Module):
    """The decoder without its heads: features of an encoder to features at strides 1, 2, 4, 8, 16.

    With `first_is_done`, the last feature already went through the decoder's first convolution (SGDepth as released).
    `upsampling` is "bilinear" in sc_depth_pl.
    """

    def __init__(
        self, channels: tuple[int, ...], *, first_is_done: bool = False, upsampling: Upsampling = "nearest"
    ) -> None:
        super().__init__()
        self.upsampling = upsampling
        before: list[nn.Module] = []
        after, inputs = [], channels[-1]
        for level in range(4, -1, -1):
            skip = channels[level - 1] if level > 0 else 0
            before.append(nn.Identity() if first_is_done and level == 4 else ConvBlock(inputs, WIDTHS[level]))
            after.append(ConvBlock(WIDTHS[level] + skip, WIDTHS[level]))
            inputs = WIDTHS[level]
        self.before_upsampling = nn.ModuleList(before)
        self.after_skip = nn.ModuleList(after)

    def levels(self, features: list[Tensor]) -> list[Tensor]:
        """Return the decoded features, finest first; `WIDTHS` are their channels."""
        x, decoded = features[-1], []
        for step, level in enumerate(range(4, -1, -1)):
            x = self.before_upsampling[step](x)
            x = functional.interpolate(x, scale_factor=2, mode=self.upsampling)
            if level > 0:
                x = torch.cat([x, features[level - 1]], dim=1)
            x = self.after_skip[step](x)
            decoded.append(x)
        return decoded[::-1]


class DepthDecoder(UNetDecoder):
    """Disparities (sigmoid) at full size, 1/2, 1/4, ... of the image, for `scales` scales.

    `outputs` > 1 gives that many channels a scale (used for predictive masks).
    """

    def __init__(
        self,
        channels: tuple[int, ...],
        *,
        scales: int = 4,
        outputs: int = 1,
        first_is_done: bool = False,
        upsampling: Upsampling = "nearest",
    ) -> None:
        super().__init__(channels, first_is_done=first_is_done, upsampling=upsampling)
        self.scales = scales
        self.heads = nn.ModuleList(_head(WIDTHS[scale], outputs) for scale in range(scales))

    def start_at(self, logit: float) -> None:
        """Let an untrained decoder predict disparities about the sigmoid of `logit`."""
        for head in self.heads:
            nn.init.constant_(head.get_parameter("bias"), logit)

    def forward(self, features: list[Tensor]) -> list[Float[Tensor, "batch output _ _"]]:
        """Return the disparities, finest first."""
        decoded = self.levels(features)
        return [torch.sigmoid(_in_float32(head, x)) for head, x in zip(self.heads, decoded, strict=False)]


class SegmentationDecoder(UNetDecoder):
    """Class scores (logits) at full size: the depth decoder with another last layer (SGDepth, section 4)."""

    def __init__(self, channels: tuple[int, ...], *, classes: int, first_is_done: bool = False) -> None:
        super().__init__(channels, first_is_done=first_is_done)
        self.head = _head(WIDTHS[0], classes)

    def forward(self, features: list[Tensor]) -> Float[Tensor, "batch class height width"]:
        """Return the scores before the softmax."""
        return _in_float32(self.head, self.levels(features)[0])


def _head(inputs: int, outputs: int) -> nn.Module:
    return nn.Conv2d(inputs, outputs, 3, padding=1, padding_mode="reflect")


def _in_float32(head: nn.Module, x: Tensor) -> Tensor:
    """Apply the head in float32 even under autocast: a sigmoid in bfloat16 has steps of 0.4 % of its range."""
    with torch.autocast(x.device.type, enabled=False):
        scores: Tensor = head(x.float())
        return scores

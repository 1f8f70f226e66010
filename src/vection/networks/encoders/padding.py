"""Convolutions that halve or double an image, padded on both sides alike or as TensorFlow's "SAME" does it."""

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

Padding = Literal["symmetric", "tensorflow"]
"""Padding of strided convolutions: kernel // 2 on every side, as torchvision's ImageNet weights were trained, or as
little as TensorFlow's "SAME" needs, the odd row and column below and to the right."""


def same_padding(size: int, *, kernel: int, stride: int) -> tuple[int, int]:
    """Rows (or columns) that TensorFlow's "SAME" adds before and after, so that ceil(size / stride) are left."""
    total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2


class StridedConvolution(nn.Conv2d):
    """A convolution of odd kernel whose output is 1/stride of its input, rounded up."""

    def __init__(
        self, inputs: int, outputs: int, kernel: int, *, stride: int, bias: bool = True, padding: Padding = "symmetric"
    ) -> None:
        asymmetric = padding == "tensorflow" and stride > 1
        super().__init__(inputs, outputs, kernel, stride=stride, padding=0 if asymmetric else kernel // 2, bias=bias)
        self.asymmetric = asymmetric

    def forward(self, x: Tensor) -> Tensor:
        if self.asymmetric:
            x = pad_same(x, kernel=self.kernel_size[0], stride=self.stride[0])
        return super().forward(x)


class DoublingConvolution(nn.ConvTranspose2d):
    """A transposed 3x3 convolution of stride 2: the transpose of the convolution that halves with this padding."""

    def __init__(self, inputs: int, outputs: int, *, padding: Padding = "symmetric") -> None:
        super().__init__(inputs, outputs, 3, stride=2)
        # Of 2n + 1 rows, drop the one that the halving convolution would have read from its padding.
        self.kept = slice(0, -1) if padding == "tensorflow" else slice(1, None)

    def forward(self, x: Tensor, output_size: list[int] | None = None) -> Tensor:
        return super().forward(x, output_size)[..., self.kept, self.kept]


def halving_max_pool(x: Tensor, *, padding: Padding) -> Tensor:
    """3x3 max pool of stride 2."""
    if padding == "symmetric":
        return functional.max_pool2d(x, 3, stride=2, padding=1)
    return functional.max_pool2d(pad_same(x, kernel=3, stride=2, value=-torch.inf), 3, stride=2)


def pad_same(x: Tensor, *, kernel: int, stride: int, value: float = 0.0) -> Tensor:
    """Pad as TensorFlow's "SAME" does before a convolution (or a pool, with `value` -inf)."""
    top, bottom = same_padding(x.shape[-2], kernel=kernel, stride=stride)
    left, right = same_padding(x.shape[-1], kernel=kernel, stride=stride)
    return functional.pad(x, (left, right, top, bottom), value=value)

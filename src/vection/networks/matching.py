"""What block matching sees of two frames, and the camera's motion that a small network reads from it.

None of the five papers has this. A pose network that starts from random or ImageNet weights must first learn to compare
two images; until then it says nearly the same of every pair, and turns to the left and to the right cancel in its
gradient. Where things went is easy to find without learning, and turning the camera moves all alike.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from vection.networks.encoder import Encoder
from vection.types import Image, Vector3

COLUMNS = 64
"""Width of the images that are matched; their height keeps the aspect."""
REACH_X, REACH_Y = 6, 2
"""Largest displacement in their pixels: 9 % of the width to each side, 3 % of it up and down."""
WINDOW = 5
"""Side of the blocks that are compared."""
SHARPNESS = 20.0
"""Of the softmax over displacements: correlations that differ by 0.05 differ by e in weight."""
LARGE, USUAL = 6.0, 0.7
"""A large displacement in per cent of the width, and a usual correlation: what networks see is relative to them."""
GRID = (3, 6)
"""Rows and columns of the means that the network sees."""
HIDDEN = 256
MATCHED_WIDTHS = (16, 32, 64, 64, 64)
"""Channels of the matches' own pyramid at strides 2 to 32."""
ROTATION_FACTOR, TRANSLATION_FACTOR = 0.1, 0.01
"""Of the outputs. A radian moves the image about as far as ten units of translation at the depths that training starts
with, and optimisers move all outputs alike."""


@torch.no_grad()
def match(first: Image, second: Image) -> Float[Tensor, "batch 3 rows columns"]:
    """Find each block of the first image in the second: displacement (x, y) in per cent of the width, and correlation.

    Normalised cross-correlation of grey blocks; displacements are means over the softmax of the correlations.
    """
    with torch.autocast(first.device.type, enabled=False):
        rows = max(round(COLUMNS * first.shape[-2] / first.shape[-1]), 2 * REACH_Y + 1)
        grey = torch.cat([first, second]).float().mean(dim=1, keepdim=True)
        grey = functional.interpolate(grey, size=(rows, COLUMNS), mode="bilinear", antialias=True, align_corners=False)
        detail = grey - _block_mean(grey)
        normal = detail / (_block_mean(detail**2) + 1e-4).sqrt()
        own, other = normal.chunk(2)
        padded = functional.pad(other, (REACH_X, REACH_X, REACH_Y, REACH_Y))
        shifted = padded.unfold(2, rows, 1).unfold(3, COLUMNS, 1)[:, 0]  # (batch, displacement y, x, rows, columns)
        correlation = _block_mean(own * shifted.flatten(1, 2))
        weight = (SHARPNESS * correlation).softmax(dim=1).unflatten(1, shifted.shape[1:3])
        x = torch.linspace(-REACH_X, REACH_X, 2 * REACH_X + 1, device=first.device)
        y = torch.linspace(-REACH_Y, REACH_Y, 2 * REACH_Y + 1, device=first.device)
        displacement = [torch.einsum("byxrc,x->brc", weight, x), torch.einsum("byxrc,y->brc", weight, y)]
        per_cent = [100 / COLUMNS * one for one in displacement]
        return torch.stack([*per_cent, correlation.amax(dim=1)], dim=1)


def _block_mean(maps: Tensor) -> Tensor:
    """Mean over the block around every pixel, one axis after the other."""
    pad = WINDOW // 2
    padded = functional.pad(maps, (pad, pad, pad, pad), mode="replicate")
    return functional.avg_pool2d(functional.avg_pool2d(padded, (WINDOW, 1), stride=1), (1, WINDOW), stride=1)


class MatchedMotion(nn.Module):
    """The camera's motion from block matching, through one hidden layer; none at first."""

    def __init__(self) -> None:
        super().__init__()
        self.hidden = nn.Linear(3 * GRID[0] * GRID[1], HIDDEN)
        self.output = nn.Linear(HIDDEN, 6)
        nn.init.kaiming_normal_(self.hidden.weight, nonlinearity="relu")
        for parameter in (self.hidden.bias, self.output.weight, self.output.bias):
            nn.init.zeros_(parameter)

    def forward(self, first: Image, second: Image) -> tuple[Vector3, Vector3]:
        """Return rotation (radians about the axes) and translation, from the first camera to the second."""
        with torch.autocast(first.device.type, enabled=False):
            means = functional.adaptive_avg_pool2d(_unit(match(first, second)), GRID).flatten(1)
            motion = self.output(functional.relu(self.hidden(means)))
            return ROTATION_FACTOR * motion[:, :3], TRANSLATION_FACTOR * motion[:, 3:]


class MatchedEncoder(Encoder):
    """An encoder of stacked frames, and at every stride what block matching of the target with the others adds.

    The target is the second of two or three frames.
    """

    def __init__(self, encoder: Encoder, *, images: int) -> None:
        super().__init__()
        self.encoder, self.channels = encoder, encoder.channels
        inputs = (3 * (images - 1), *MATCHED_WIDTHS[:-1])
        self.convolutions = nn.ModuleList(
            nn.Conv2d(before, after, 3, stride=1 if level == 0 else 2, padding=1)
            for level, (before, after) in enumerate(zip(inputs, MATCHED_WIDTHS, strict=True))
        )
        for convolution in self.convolutions:
            nn.init.kaiming_normal_(convolution.get_parameter("weight"), nonlinearity="relu")
            nn.init.zeros_(convolution.get_parameter("bias"))
        self.outputs = nn.ModuleList(
            nn.Conv2d(width, channels, 1) for width, channels in zip(MATCHED_WIDTHS, self.channels, strict=True)
        )

    def forward(self, image: Tensor) -> list[Tensor]:
        features = self.encoder(image)
        target = image[:, 3:6]
        others = [image[:, :3], *([image[:, 6:]] if image.shape[1] > 6 else [])]
        x = torch.cat([_unit(match(target, other)) for other in others], dim=1)
        x = functional.interpolate(x, size=features[0].shape[-2:], mode="bilinear", align_corners=False)
        added = []
        for convolution, output, feature in zip(self.convolutions, self.outputs, features, strict=True):
            x = functional.relu(convolution(x))
            added.append(feature + output(x))
        return added

    def load_imagenet(self, state: dict[str, Tensor]) -> None:
        """Load those of the encoder."""
        self.encoder.load_imagenet(state)


def _unit(found: Tensor) -> Tensor:
    """Displacements, weighted by their correlation, and correlations, all of about unit size."""
    displacement, correlation = found[:, :2], found[:, 2:]
    return torch.cat([displacement * correlation / LARGE, correlation - USUAL], dim=1)

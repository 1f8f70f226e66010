"""Block matching: a first flow of objects between frames whose camera motion is undone.

None of the five papers has this. A photometric gradient reaches a pixel or two far, and much of what moves goes
farther; where blocks of one image are in the other is easy to find without learning.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional

from vection.geometry.resizing import resize_like
from vection.networks.encoders.encoder import Encoder
from vection.types import Image, Intrinsics


@dataclass(frozen=True)
class Blocks:
    """How images are matched."""

    columns: int
    """Width of the images that are matched; their height keeps the aspect."""
    reach: tuple[int, int]
    """Largest displacement (x, y) in pixels of the matched images."""
    window: int
    """Side of the blocks that are compared, odd."""
    sharpness: float
    """Factor of correlations in the softmax over displacements: a difference of 1 / sharpness is one of e in weight."""


FINE_MOTION = Blocks(columns=128, reach=(9, 2), window=9, sharpness=60.0)
"""Blocks for what is left of objects when the camera's motion is undone."""

DISPLACED = 0.7
"""Displacement by correlation, in per cent of the width, from which a block is taken to move: the best threshold on the
synthetic street with true depth and camera motion."""

DISPLACED_SLOPE = 3.0
"""Of the logit that a block moves, for each per cent of the width."""

LARGE_DISPLACEMENT = 6.0
"""A large displacement in per cent of the width; networks see displacements in units of it."""

USUAL_CORRELATION = 0.7
"""A usual correlation; networks see how much a correlation exceeds it."""

MATCHED_WIDTHS = (16, 32, 64, 64, 64)
"""Channels of the matches' own pyramid at strides 2 to 32."""

Matches = Float[Tensor, "batch 3 rows columns"]
"""Displacement (x, y) of each block of an image in per cent of the width, and the correlation found there."""
Correlations = Float[Tensor, "batch down right rows columns"]
"""Correlation of each block with those of the other image, over displacements in y and x."""


@torch.no_grad()
def match(first: Image, second: Image, blocks: Blocks = FINE_MOTION) -> Matches:
    """Find each block of the first image in the second."""
    return _best(_correlate(first, second, blocks), blocks)


@torch.no_grad()
def match_between(
    before: Image, target: Image, following: Image, *, even: Bool[Tensor, " batch"], blocks: Blocks = FINE_MOTION
) -> Matches:
    """Find each block of the target in the following image and, where `even`, opposite in the one before.

    What moves evenly is in both, which makes chance less likely; where not `even` the image before does not count.
    """
    ahead, back = (_correlate(target, other, blocks) for other in (following, before))
    share = 0.5 * even.to(ahead)[:, None, None, None, None]
    return _best(ahead.lerp(back.flip(1, 2), share), blocks)


def _correlate(first: Image, second: Image, blocks: Blocks) -> Correlations:
    """Normalised cross-correlation of grey blocks."""
    columns, (reach_x, reach_y) = blocks.columns, blocks.reach
    with torch.autocast(first.device.type, enabled=False):
        rows = max(round(columns * first.shape[-2] / first.shape[-1]), 2 * reach_y + 1)
        grey = torch.cat([first, second]).float().mean(dim=1, keepdim=True)
        grey = functional.interpolate(grey, size=(rows, columns), mode="bilinear", antialias=True, align_corners=False)
        detail = grey - _block_mean(grey, blocks.window)
        normal = detail / (_block_mean(detail**2, blocks.window) + 1e-4).sqrt()
        of_first, of_second = normal.chunk(2)
        padded = functional.pad(of_second, (reach_x, reach_x, reach_y, reach_y))
        shifted = padded.unfold(2, rows, 1).unfold(3, columns, 1)[:, 0]
        products = of_first[:, None] * shifted
        return _block_mean(products.flatten(1, 2), blocks.window).view_as(products)


def _best(correlations: Correlations, blocks: Blocks) -> Matches:
    """Displacements are means over the softmax of the correlations."""
    with torch.autocast(correlations.device.type, enabled=False):
        flat = correlations.flatten(1, 2)
        weight = (blocks.sharpness * flat).softmax(dim=1).view_as(correlations)
        x, y = (torch.arange(-reach, reach + 1, device=flat.device, dtype=flat.dtype) for reach in blocks.reach)
        displacement = [torch.einsum("byxrc,x->brc", weight, x), torch.einsum("byxrc,y->brc", weight, y)]
        per_cent = [100 / blocks.columns * component for component in displacement]
        return torch.stack([*per_cent, flat.amax(dim=1)], dim=1)


def _block_mean(maps: Tensor, window: int) -> Tensor:
    """Mean over the block around every pixel, one axis after the other."""
    pad = window // 2
    maps = maps.contiguous(memory_format=torch.channels_last)  # on a CPU five times faster
    padded = functional.pad(maps, (pad, pad, pad, pad), mode="replicate")
    return functional.avg_pool2d(functional.avg_pool2d(padded, (window, 1), stride=1), (1, window), stride=1)


class MatchedEncoder(nn.Module):
    """An encoder of stacked frames, and at every stride what block matching of the target with the others adds."""

    def __init__(self, encoder: Encoder) -> None:
        super().__init__()
        self.encoder, self.channels = encoder, encoder.channels
        self.convolutions = nn.ModuleList(
            nn.Conv2d(before, after, 3, stride=1 if level == 0 else 2, padding=1)
            for level, (before, after) in enumerate(zip((3, *MATCHED_WIDTHS[:-1]), MATCHED_WIDTHS, strict=True))
        )
        for convolution in self.convolutions:
            nn.init.kaiming_normal_(convolution.get_parameter("weight"), nonlinearity="relu")
            nn.init.zeros_(convolution.get_parameter("bias"))
        self.outputs = nn.ModuleList(
            nn.Conv2d(width, channels, 1) for width, channels in zip(MATCHED_WIDTHS, self.channels, strict=True)
        )

    def forward(self, image: Tensor, matches: Matches) -> list[Tensor]:
        """Return features at strides 2 to 32; `matches` are those of the target with the other frames."""
        features = self.encoder(image)
        x = resize_like(_unit(matches), features[0])
        added = []
        for convolution, output, feature in zip(self.convolutions, self.outputs, features, strict=True):
            x = functional.relu(convolution(x))
            added.append(feature + output(x))
        return added


def matched_flow(matches: Matches, intrinsics: Intrinsics, *, width: int) -> Float[Tensor, "batch 3 rows columns"]:
    """Motion of scene points at unit depth and along the image, of `width` pixels: displacement / focal length."""
    focal = torch.stack([intrinsics[:, 0, 0], intrinsics[:, 1, 1]], dim=1).detach()
    return functional.pad(width / 100 * matches[:, :2] / focal[:, :, None, None], (0, 0, 0, 0, 0, 1))


def displacement(matches: Matches) -> Float[Tensor, "batch 1 rows columns"]:
    """How far each block is displaced, in per cent of the width, by the correlation that is found there."""
    return matches[:, :2].norm(dim=1, keepdim=True) * matches[:, 2:].clamp(min=0)


def matched_logit(matches: Matches) -> Float[Tensor, "batch 1 rows columns"]:
    """Logit of "this block moves by itself", 0 at `DISPLACED`, of images whose camera motion is undone."""
    return DISPLACED_SLOPE * (displacement(matches) - DISPLACED)


def _unit(matches: Tensor) -> Tensor:
    """Displacements, weighted by their correlation, and correlations, all of about unit size."""
    displacement, correlation = matches[:, :2], matches[:, 2:]
    return torch.cat([displacement * correlation / LARGE_DISPLACEMENT, correlation - USUAL_CORRELATION], dim=1)

"""A target and its sources at one size, and the target as each source would show it."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, UInt8
from torch import Tensor
from torch.nn import functional

from vection.geometry.camera import resize_intrinsics
from vection.geometry.warp import correspond, sample, warp
from vection.types import Depth, Image, Intrinsics, Sources

SourceIntrinsics = Float[Tensor, "batch source 3 3"]
"""K of each source, in pixels of its image."""
SourceTransforms = Float[Tensor, "batch source 4 4"]
"""T_target_to_source of each source."""
SourceClasses = UInt8[Tensor, "batch source height width"]
"""Cityscapes train ids of each source; 255 where unknown."""


@dataclass(frozen=True)
class Views:
    """A target and its sources at one size, with the intrinsics of that size.

    >>> K = torch.tensor([[[40.0, 0, 23.5], [0, 40, 15.5], [0, 0, 1]]])
    >>> views = Views(torch.rand(1, 3, 32, 48), torch.rand(1, 2, 3, 32, 48), K, K[:, None].expand(1, 2, 3, 3))
    >>> [level.target.shape[-1] for level in views.pyramid(3)]
    [48, 24, 12]
    """

    target: Image
    sources: Sources
    intrinsics: Intrinsics
    source_intrinsics: SourceIntrinsics

    def halved(self) -> "Views":
        """Return the same views at half the size (area average)."""
        count = self.sources.shape[1]
        source_intrinsics = resize_intrinsics(self.source_intrinsics.flatten(0, 1), scale_x=0.5, scale_y=0.5)
        return Views(
            target=functional.avg_pool2d(self.target, 2),
            sources=functional.avg_pool2d(self.sources.flatten(0, 1), 2).unflatten(0, (-1, count)),
            intrinsics=resize_intrinsics(self.intrinsics, scale_x=0.5, scale_y=0.5),
            source_intrinsics=source_intrinsics.unflatten(0, (-1, count)),
        )

    def pyramid(self, levels: int) -> list["Views"]:
        """Return these views and `levels` - 1 successive halvings."""
        pyramid = [self]
        while len(pyramid) < levels:
            pyramid.append(pyramid[-1].halved())
        return pyramid

    def synthesise(self, depth: Depth, transforms: SourceTransforms) -> Sources:
        """Predict the target from each source, I_{t'->t} of Monodepth2, eq. 2; all sources in one batch.

        >>> K = torch.tensor([[[40.0, 0, 23.5], [0, 40, 15.5], [0, 0, 1]]])
        >>> views = Views(torch.rand(1, 3, 32, 48), torch.rand(1, 2, 3, 32, 48), K, K[:, None].expand(1, 2, 3, 3))
        >>> standing = torch.eye(4).expand(1, 2, 4, 4)  # from a camera that stands, a source looks like itself
        >>> warped = views.synthesise(torch.ones(1, 1, 32, 48), standing)
        >>> bool(torch.allclose(warped, views.sources, atol=1e-4))
        True
        """
        count = self.sources.shape[1]
        warped = warp(
            self.sources.flatten(0, 1),
            depth.repeat_interleave(count, dim=0),
            transforms.flatten(0, 1),
            intrinsics=self.intrinsics.repeat_interleave(count, dim=0),
            source_intrinsics=self.source_intrinsics.flatten(0, 1),
        )
        return warped.unflatten(0, (-1, count))

    @torch.no_grad()
    def synthesise_classes(self, classes: SourceClasses, depth: Depth, transforms: SourceTransforms) -> SourceClasses:
        """Predict the target's classes from each source's, taking the nearest pixel (SGDepth, eq. 7)."""
        count = classes.shape[1]
        correspondence = correspond(
            depth.repeat_interleave(count, dim=0),
            transforms.flatten(0, 1),
            intrinsics=self.intrinsics.repeat_interleave(count, dim=0),
            source_intrinsics=self.source_intrinsics.flatten(0, 1),
        )
        warped = sample(classes.flatten(0, 1)[:, None].to(depth.dtype), correspondence.pixels, nearest=True)
        return warped.to(classes.dtype).view_as(classes)

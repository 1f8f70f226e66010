"""Pairs of frames seen both ways: rows (a, b) fill the first half of the batch, rows (b, a) the second half."""

from dataclasses import dataclass, replace

import torch
from jaxtyping import Bool
from torch import Tensor
from torch.nn import functional

from vection.geometry.camera import resize_intrinsics
from vection.geometry.motion import Moved, move
from vection.geometry.rigid import Rotation, invert, make_transform
from vection.geometry.warp import sample
from vection.types import Depth, Image, Intrinsics, Mask, Points, Vector3


@dataclass(frozen=True)
class Pairs:
    """The first frame of each row, and its motion to the second (eq. 1 of Li et al. 2020): R p + background + residual.

    The second frames are the first ones of the other half: `exchanged`.
    """

    image: Image
    depth: Depth
    intrinsics: Intrinsics
    rotation: Rotation
    background: Vector3
    """T_ego, in the second camera's coordinates and the unit of the depth."""
    residual: Points
    """T_obj of every pixel of the first frame, in the second camera's coordinates and the unit of the depth."""
    usable: Mask | None = None
    """False where the first frame shows nothing to learn from; None if all is usable."""

    @property
    def translation(self) -> Points:
        """T = T_obj + T_ego (eq. 1)."""
        return self.residual + self.background[:, :, None, None]

    def moved(self) -> Moved:
        """Return where the first frames' pixels lie in the second ones."""
        second = exchanged(self.intrinsics)
        return move(self.depth, self.rotation, self.translation, intrinsics=self.intrinsics, second_intrinsics=second)

    def usable_in_both(self, moved: Moved) -> Mask | None:
        """Return where the first frame is usable, and the second one where the pixel lies in it."""
        if self.usable is None:
            return None
        there = sample(exchanged(self.usable).to(self.depth.dtype), moved.pixels.detach(), nearest=True)
        return self.usable & (there > 0.5)

    def with_inverse_motion(self, rows: Bool[Tensor, " row"]) -> "Pairs":
        """Return the pairs with the camera motion of `rows` replaced by the inverse of the other direction's."""
        ego = make_transform(self.rotation, self.background)
        ego = torch.where(rows[:, None, None], invert(exchanged(ego)), ego)
        return replace(self, rotation=ego[:, :3, :3], background=ego[:, :3, 3])

    def halved(self, *, exact_centres: bool = True) -> "Pairs":
        """Return the pairs at half the size; `exact_centres` as in `halve_intrinsics`."""
        return replace(
            self,
            image=functional.avg_pool2d(self.image, 2),
            depth=functional.avg_pool2d(self.depth, 2),
            residual=functional.avg_pool2d(self.residual, 2),
            intrinsics=halve_intrinsics(self.intrinsics, exact_centres=exact_centres),
            usable=None if self.usable is None else functional.avg_pool2d(self.usable.float(), 2) == 1,
        )

    def in_mean_depths(self) -> "Pairs":
        """Return the pairs with the mean depth of the whole batch as the unit of length."""
        unit = self.depth.mean()
        return replace(self, depth=self.depth / unit, background=self.background / unit, residual=self.residual / unit)


def both_ways(a: Tensor, b: Tensor) -> Tensor:
    """Stack what belongs to the first frames of rows (a, b) and of rows (b, a)."""
    return torch.cat([a, b])


def exchanged(rows: Tensor) -> Tensor:
    """Exchange the halves of the batch: each row becomes that of its pair seen the other way."""
    forth, back = rows.chunk(2)
    return torch.cat([back, forth])


def by_sample(rows: Tensor, samples: int) -> Tensor:
    """Reorder rows (direction, sample, source) to (sample, direction, source)."""
    split = rows.unflatten(0, (2, samples, -1))
    return split.transpose(0, 1).flatten(0, 2)


def halve_intrinsics(intrinsics: Intrinsics, *, exact_centres: bool = True) -> Intrinsics:
    """K of the image at half the size; without `exact_centres` cx and cy are halved like fx and fy (released code)."""
    if exact_centres:
        return resize_intrinsics(intrinsics, scale_x=0.5, scale_y=0.5)
    return intrinsics * intrinsics.new_tensor([[0.5], [0.5], [1.0]])

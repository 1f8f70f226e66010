"""Mirror and zoom of a batch, with all that follows the images."""

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Generator, Tensor
from torch.nn import functional as F

from vection.geometry.camera import flip_intrinsics
from vection.samples import Batch, StereoView

Change = Callable[[Tensor], Tensor]
"""What becomes of images."""


def mirror(batch: Batch, flipped: Tensor) -> Batch:
    """Mirror left to right the samples where `flipped` (batch, bool) holds: images, K, mask, transforms, measured maps.

    Only the clean images are mirrored; the jittered twins become equal to them.
    """
    width = batch.target.shape[-1]

    def flipped_like(tensor: Tensor) -> Tensor:
        return flipped.view(-1, *[1] * (tensor.dim() - 1))

    def image(tensor: Tensor) -> Tensor:
        return torch.where(flipped_like(tensor), tensor.flip(-1), tensor)

    def camera(K: Tensor) -> Tensor:
        return torch.where(flipped_like(K), flip_intrinsics(K, width=width), K)

    def rigid(T: Tensor) -> Tensor:
        signs = T.new_tensor([-1.0, 1.0, 1.0, 1.0])
        return torch.where(flipped_like(T), signs[:, None] * T * signs, T)

    mirrored = batch.stored_to_image.clone()
    mirrored[:, 0] = -mirrored[:, 0]
    mirrored[:, 0, 2] += width - 1
    batch = replace(batch, stored_to_image=torch.where(flipped_like(mirrored), mirrored, batch.stored_to_image))

    def normal(m: Tensor) -> Tensor:
        return torch.where(flipped_like(m), m * m.new_tensor([-1.0, 1.0, 1.0]), m)

    return _change(batch, image=image, camera=camera, rigid=rigid, usable=image, nearest=image, normal=normal)


def zoom_crop(batch: Batch, *, sizes: list[tuple[int, int]], corners: list[tuple[int, int]]) -> Batch:
    """Resize each sample to its (height, width) in `sizes` and crop its own size from its (top, left) in `corners`.

    A pixel x of an image of width W lands on (x + 0.5) * W' / W - 0.5 - left, and K follows exactly.
    The jittered twins become equal to the clean images.
    """
    height, width = batch.target.shape[-2:]

    def image(tensor: Tensor, *, mode: str = "bilinear") -> Tensor:
        frames = tensor if tensor.dim() == 5 else tensor[:, None]
        parts = []
        for frame, size, (top, left) in zip(frames, sizes, corners, strict=True):
            zoomed = F.interpolate(frame, size=size, mode=mode, align_corners=False if mode == "bilinear" else None)
            parts.append(zoomed[..., top : top + height, left : left + width])
        return torch.stack(parts).reshape(tensor.shape)

    def camera(K: Tensor) -> Tensor:
        return affine.view(-1, *[1] * (K.dim() - 3), 3, 3) @ K

    def usable(mask: Tensor) -> Tensor:
        return image(mask.float()) > 0.999  # only where all that a pixel is interpolated from is usable

    def nearest(values: Tensor) -> Tensor:
        return image(values, mode="nearest-exact")

    affine = torch.eye(3).repeat(len(batch), 1, 1)
    for matrix, (h, w), (top, left) in zip(affine, sizes, corners, strict=True):
        matrix[0] = torch.tensor([w / width, 0, 0.5 * w / width - 0.5 - left])
        matrix[1] = torch.tensor([0, h / height, 0.5 * h / height - 0.5 - top])
    affine = affine.to(batch.intrinsics)
    batch = replace(batch, stored_to_image=affine @ batch.stored_to_image)
    return _change(batch, image=image, camera=camera, usable=usable, nearest=nearest)


def zoom_randomly(batch: Batch, largest: float, *, generator: Generator) -> Batch:
    """Zoom each sample by factors from 1 to `largest`, drawn for x and y on their own, and crop at a random place."""
    height, width = batch.target.shape[-2:]
    draws = torch.rand(len(batch), 4, generator=generator).tolist()
    sizes, corners = [], []
    for zoom_y, zoom_x, down, right in draws:
        size = (round(height * (1 + zoom_y * (largest - 1))), round(width * (1 + zoom_x * (largest - 1))))
        sizes.append(size)
        corners.append((int(down * (size[0] - height + 1)), int(right * (size[1] - width + 1))))
    return zoom_crop(batch, sizes=sizes, corners=corners)


def _same(tensor: Tensor) -> Tensor:
    return tensor


def _change(
    batch: Batch,
    *,
    image: Change,
    camera: Change = _same,
    rigid: Change = _same,
    usable: Change = _same,
    nearest: Change = _same,
    normal: Change = _same,
) -> Batch:
    target, sources = image(batch.target), image(batch.sources)
    stereo, measured = batch.stereo, batch.measured
    if measured is not None:
        measured = replace(
            measured,
            depth=nearest(measured.depth),
            weight=nearest(measured.weight),
            ground=normal(measured.ground),
            T_target_to_source=rigid(measured.T_target_to_source),
            moving=None if measured.moving is None else nearest(measured.moving),
        )
    if stereo is not None:
        other = image(stereo.image)
        stereo = StereoView(other, other, camera(stereo.intrinsics), rigid(stereo.T_target_to_stereo))
    return replace(
        batch,
        target=target,
        sources=sources,
        target_jittered=target,
        sources_jittered=sources,
        intrinsics=camera(batch.intrinsics),
        source_intrinsics=camera(batch.source_intrinsics),
        stereo=stereo,
        usable=None if batch.usable is None else usable(batch.usable),
        classes=None if batch.classes is None else nearest(batch.classes),
        source_classes=None if batch.source_classes is None else nearest(batch.source_classes),
        measured=measured,
    )

"""Augmentation of a batch on its device: mirror, zoom with crop, colour jitter of the twins that networks see."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Generator, Tensor
from torch.nn import functional as F

from vection.geometry.camera import flip_intrinsics
from vection.samples import Batch, LabelledImage, RawLabelledImage, RawSample, StereoView

LUMA = (0.299, 0.587, 0.114)
"""Grey of RGB, ITU-R BT.601: what PIL and JPEG use."""

RGB_TO_YIQ = ((0.299, 0.587, 0.114), (0.5959, -0.2746, -0.3213), (0.2115, -0.5227, 0.3112))
"""Rows that turn RGB into brightness and the two axes of chroma of NTSC."""

Change = Callable[[Tensor], Tensor]
"""What becomes of images."""


@dataclass(frozen=True)
class Augmentation:
    """What `augment` may change. Monodepth2, section 4: flip and jitter with probability one half."""

    flip: float = 0.5
    """Probability of mirroring a sample."""
    jitter: float = 0.5
    """Probability of jittering a sample's colours."""
    brightness: float = 0.2
    """Brightness is multiplied by a factor drawn from 1 - this to 1 + this."""
    contrast: float = 0.2
    """Contrast is multiplied by a factor drawn from 1 - this to 1 + this."""
    saturation: float = 0.2
    """Saturation is multiplied by a factor drawn from 1 - this to 1 + this."""
    hue: float = 0.1
    """Turn of the hue in revolutions, to either side."""
    scale_crop: float = 1.0
    """Largest zoom, drawn for x and y on their own; the zoomed image is cropped back to its size. 1 = off."""
    labelled_shrink: float = 1.0
    """Labelled images of a second domain are made smaller by a factor from 1 to this before the crop."""


def augment(raw: RawSample, settings: Augmentation, *, generator: Generator) -> Batch:
    """Turn stacked raw samples into float images in [0, 1], augmented; K and the stereo transform follow the images.

    All draws come from `generator`, a generator of the CPU, so they are the same on any device. Everything is drawn
    once a sample and shared by its frames; the order of the four colour changes is drawn once a sample as well.
    """
    labelled = None
    if raw.labelled is not None:
        size = (raw.target.shape[-2], raw.target.shape[-1])
        labelled = augment_labelled(raw.labelled, settings, size=size, generator=generator)
    batch = _as_float(raw, labelled=labelled)
    if settings.flip > 0:
        flipped = torch.rand(len(raw), generator=generator) < settings.flip
        batch = mirror(batch, flipped.to(raw.target.device))
    if settings.scale_crop > 1:
        batch = _zoom_randomly(batch, settings.scale_crop, generator=generator)
    return _jitter(batch, settings, generator=generator) if settings.jitter > 0 else batch


def _as_float(raw: RawSample, *, labelled: LabelledImage | None) -> Batch:
    """Return the batch before any augmentation: the twins are the clean images."""
    target, sources, stereo = raw.target.float() / 255, raw.sources.float() / 255, None
    if raw.stereo is not None:
        other = raw.stereo.image.float() / 255
        stereo = StereoView(other, other, raw.stereo.intrinsics, raw.stereo.T_target_to_stereo)
    return Batch(
        target=target,
        sources=sources,
        target_jittered=target,
        sources_jittered=sources,
        intrinsics=raw.intrinsics,
        source_intrinsics=raw.source_intrinsics,
        seconds=raw.seconds,
        stored_to_image=torch.eye(3, device=raw.intrinsics.device).expand(len(raw), 3, 3),
        stereo=stereo,
        usable=raw.usable,
        camera=raw.camera,
        classes=raw.classes,
        source_classes=raw.source_classes,
        labelled=labelled,
        measured=raw.measured,
    )


def augment_labelled(
    labelled: RawLabelledImage, settings: Augmentation, *, size: tuple[int, int], generator: Generator
) -> LabelledImage:
    """Return crops of `size` (height, width) at random places of shrunk, mirrored and jittered raw images.

    An image is never shrunk below the crop. Classes are taken from the nearest pixel.
    """
    height, width = labelled.image.shape[-2:]
    images, classes = [], []
    for image, ids in zip(labelled.image.float() / 255, labelled.classes, strict=True):
        flip, shrink, down, right = torch.rand(4, generator=generator).tolist()
        factor = 1 + shrink * (settings.labelled_shrink - 1)
        small = (max(round(height / factor), size[0]), max(round(width / factor), size[1]))
        top, left = int(down * (small[0] - size[0] + 1)), int(right * (small[1] - size[1] + 1))
        window = (..., slice(top, top + size[0]), slice(left, left + size[1]))
        if small != (height, width):
            image = F.interpolate(image[None], size=small, mode="bilinear", antialias=True)[0]
            ids = F.interpolate(ids[None], size=small, mode="nearest-exact")[0]
        image, ids = image[window], ids[window]
        images.append(image.flip(-1) if flip < settings.flip else image)
        classes.append(ids.flip(-1) if flip < settings.flip else ids)
    cropped = torch.stack(images)
    of_image, of_mean = draw_colour_change(len(cropped), settings, generator=generator)
    changed = change_colours(cropped, of_image.to(cropped), of_mean.to(cropped))
    return LabelledImage(changed, torch.stack(classes))


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


def _zoom_randomly(batch: Batch, largest: float, *, generator: Generator) -> Batch:
    height, width = batch.target.shape[-2:]
    draws = torch.rand(len(batch), 4, generator=generator).tolist()
    sizes, corners = [], []
    for zoom_y, zoom_x, down, right in draws:
        size = (round(height * (1 + zoom_y * (largest - 1))), round(width * (1 + zoom_x * (largest - 1))))
        sizes.append(size)
        corners.append((int(down * (size[0] - height + 1)), int(right * (size[1] - width + 1))))
    return zoom_crop(batch, sizes=sizes, corners=corners)


def _jitter(batch: Batch, settings: Augmentation, *, generator: Generator) -> Batch:
    of_image, of_mean = draw_colour_change(len(batch), settings, generator=generator)
    of_image, of_mean = of_image.to(batch.target), of_mean.to(batch.target)
    stereo = batch.stereo
    if stereo is not None:
        stereo = replace(stereo, jittered=change_colours(stereo.image, of_image, of_mean))
    return replace(
        batch,
        target_jittered=change_colours(batch.target, of_image, of_mean),
        sources_jittered=change_colours(batch.sources, of_image[:, None], of_mean[:, None]),
        stereo=stereo,
    )


def draw_colour_change(samples: int, settings: Augmentation, *, generator: Generator) -> tuple[Tensor, Tensor]:
    """Draw for each sample the matrices A and M (batch 3 3) of x -> A x + M mean(x), the identity if not chosen.

    Brightness scales, contrast moves towards the image's mean grey, saturation towards each pixel's grey, and hue turns
    the chroma plane of YIQ: all linear in x and mean(x), so any order of them is one such pair.
    """
    jittered = torch.rand(samples, generator=generator) < settings.jitter
    spans = torch.tensor([settings.brightness, settings.contrast, settings.saturation, settings.hue])
    draws = (2 * torch.rand(samples, 4, generator=generator) - 1) * spans
    order = torch.rand(samples, 4, generator=generator).argsort(dim=1)
    eye, grey = torch.eye(3), torch.tensor(LUMA).expand(3, 3)
    factor = (1 + draws[:, :3])[..., None, None]
    steps = torch.stack(
        [
            factor[:, 0] * eye,
            factor[:, 1] * eye,
            factor[:, 2] * eye + (1 - factor[:, 2]) * grey,
            _hue_rotation(draws[:, 3]),
        ],
        dim=1,
    )
    of_means = torch.zeros_like(steps)
    of_means[:, 1] = (1 - factor[:, 1]) * grey
    A, M = eye.repeat(samples, 1, 1), torch.zeros(samples, 3, 3)
    rows = torch.arange(samples)
    for step in order.unbind(1):
        now, from_mean = steps[rows, step], of_means[rows, step]
        A, M = now @ A, now @ M + from_mean @ (A + M)
    jittered = jittered[:, None, None]
    return torch.where(jittered, A, eye), torch.where(jittered, M, torch.zeros(()))


def change_colours(image: Tensor, of_image: Tensor, of_mean: Tensor) -> Tensor:
    """Return A x + M mean(x) clamped to [0, 1], for images (... 3 height width) and matrices (... 3 3)."""
    with torch.autocast(image.device.type, enabled=False):
        flat = image.flatten(-2)
        offset = of_mean @ flat.mean(dim=-1, keepdim=True)
        return (of_image @ flat + offset).clamp_(0, 1).view_as(image)


def _hue_rotation(turns: Tensor) -> Tensor:
    to_yiq = torch.tensor(RGB_TO_YIQ, dtype=torch.float64)
    angle = turns.double() * 2 * math.pi
    rotation = torch.eye(3, dtype=torch.float64).repeat(len(turns), 1, 1)
    rotation[:, 1, 1] = rotation[:, 2, 2] = angle.cos()
    rotation[:, 1, 2] = -angle.sin()
    rotation[:, 2, 1] = angle.sin()
    in_rgb: Tensor = torch.linalg.inv(to_yiq) @ rotation @ to_yiq
    return in_rgb.float()


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

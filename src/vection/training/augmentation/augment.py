"""Augmentation of a batch on its device: mirror, zoom with crop, colour jitter of the twins that networks see."""

from dataclasses import replace

import torch
from torch import Generator
from torch.nn import functional as F

from vection.samples import Batch, LabelledImage, RawLabelledImage, RawSample, StereoView
from vection.training.augmentation.colours import change_colours, degrade, draw_colour_change
from vection.training.augmentation.geometry import mirror, zoom_randomly
from vection.training.augmentation.settings import Augmentation


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
        batch = zoom_randomly(batch, settings.scale_crop, generator=generator)
    if settings.jitter > 0:
        batch = _jitter(batch, settings, generator=generator)
    return _degrade(batch, settings, generator=generator) if settings.degrades else batch


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


def _degrade(batch: Batch, settings: Augmentation, *, generator: Generator) -> Batch:
    images = [batch.target_jittered, batch.sources_jittered]
    if batch.stereo is None:
        target, sources = degrade(images, settings, generator=generator)
        return replace(batch, target_jittered=target, sources_jittered=sources)
    target, sources, other = degrade([*images, batch.stereo.jittered], settings, generator=generator)
    stereo = replace(batch.stereo, jittered=other)
    return replace(batch, target_jittered=target, sources_jittered=sources, stereo=stereo)

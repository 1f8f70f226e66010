"""Colour changes of images, drawn once a sample."""

import math
from collections.abc import Sequence

import torch
from torch import Generator, Tensor
from torch.nn import functional as F

from vection.training.augmentation.settings import Augmentation

LUMA = (0.299, 0.587, 0.114)
"""Grey of RGB, ITU-R BT.601: what PIL and JPEG use."""

RGB_TO_YIQ = ((0.299, 0.587, 0.114), (0.5959, -0.2746, -0.3213), (0.2115, -0.5227, 0.3112))
"""Rows that turn RGB into brightness and the two axes of chroma of NTSC."""


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


def degrade(images: Sequence[Tensor], settings: Augmentation, *, generator: Generator) -> list[Tensor]:
    """Change the tone curve of images (batch ... 3 height width), soften some and add noise, as other cameras would.

    Curve, softness and strength of the noise are drawn once a sample and shared by all its `images`.
    """
    tone, softness, strength = torch.rand(3, len(images[0]), generator=generator)
    degraded = []
    for image in images:
        of_sample = (-1, *(1 for _ in image.shape[1:]))
        grain = torch.randn(image.shape, generator=generator).to(image)
        exponent = (settings.gamma * (2 * tone - 1)).exp().to(image).view(of_sample)
        soft = F.avg_pool2d(F.pad(image.flatten(0, -4), (1, 1, 1, 1), mode="replicate"), 3, stride=1).view_as(image)
        softened = (softness < settings.blur).to(image.device).view(of_sample)
        toned = torch.where(softened, soft, image).clamp(min=1e-3) ** exponent
        degraded.append((toned + settings.noise * strength.to(image).view(of_sample) * grain).clamp(0, 1))
    return degraded


def _hue_rotation(turns: Tensor) -> Tensor:
    to_yiq = torch.tensor(RGB_TO_YIQ, dtype=torch.float64)
    angle = turns.double() * 2 * math.pi
    rotation = torch.eye(3, dtype=torch.float64).repeat(len(turns), 1, 1)
    rotation[:, 1, 1] = rotation[:, 2, 2] = angle.cos()
    rotation[:, 1, 2] = -angle.sin()
    rotation[:, 2, 1] = angle.sin()
    in_rgb: Tensor = torch.linalg.inv(to_yiq) @ rotation @ to_yiq
    return in_rgb.float()

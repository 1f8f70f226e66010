"""Images and maps at other sizes."""

from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from vection.types import Image


def image_pyramid(image: Image, levels: int) -> list[Float[Tensor, "batch 3 _ _"]]:
    """Return the image and `levels` - 1 successive halvings, bicubic without aliasing.

    >>> import torch
    >>> [tuple(image.shape[-2:]) for image in image_pyramid(torch.rand(1, 3, 64, 96), levels=3)]
    [(64, 96), (32, 48), (16, 24)]
    """
    images = [image]
    while len(images) < levels:
        size = [side // 2 for side in images[-1].shape[-2:]]
        smaller = functional.interpolate(images[-1], size=size, mode="bicubic", align_corners=False, antialias=True)
        images.append(smaller.clamp(0, 1))
    return images


def resize_like(
    maps: Float[Tensor, "*batch component _ _"], like: Float[Tensor, "... height width"]
) -> Float[Tensor, "*batch component height width"]:
    """Resize maps bilinearly to the height and width of `like`; a pixel keeps its place relative to the borders."""
    flat = maps.flatten(0, -4)
    resized = functional.interpolate(flat, size=like.shape[-2:], mode="bilinear", align_corners=False)
    return resized.view(*maps.shape[:-2], *like.shape[-2:])


def nearest_like(
    maps: Float[Tensor, "batch component _ _"], like: Float[Tensor, "... height width"]
) -> Float[Tensor, "batch component height width"]:
    """Resize maps to the height and width of `like`, each pixel from the nearest one."""
    if maps.shape[-2:] == like.shape[-2:]:
        return maps
    return functional.interpolate(maps, size=like.shape[-2:], mode="nearest")

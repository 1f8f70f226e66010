"""SSIM in which every pixel of a window counts with a weight of its own (Gordon et al. 2019; Li et al. 2020, eq. 7)."""

import torch
from jaxtyping import Float
from torch.nn import functional

from vection.types import Image, Map

LEAST_WEIGHT = 0.01
"""Added to every weight, so that windows without any are defined."""


def weighted_ssim_error(
    image: Image, other: Image, weight: Map, *, c1: float = torch.inf, c2: float = 9e-6
) -> tuple[Float[torch.Tensor, "batch 3 rows columns"], Float[torch.Tensor, "batch 1 rows columns"]]:
    """(1 - SSIM) / 2, in [0, 1], of each channel over 3x3 windows, and the mean weight of each window.

    The windows lie inside the image, so both maps have 2 rows and columns less. An infinite `c1` leaves out the factor
    that compares the means.
    """
    mean_weight = functional.avg_pool2d(weight, 3, stride=1)
    plus, divisor = weight + LEAST_WEIGHT, mean_weight + LEAST_WEIGHT

    def local_mean(values: torch.Tensor) -> torch.Tensor:
        return functional.avg_pool2d(values * plus, 3, stride=1) / divisor

    mx, my = local_mean(image), local_mean(other)
    vx, vy = local_mean(image * image) - mx * mx, local_mean(other * other) - my * my
    covariance = local_mean(image * other) - mx * my
    ssim = (2 * covariance + c2) / (vx + vy + c2)
    if c1 != torch.inf:
        ssim = ssim * (2 * mx * my + c1) / (mx * mx + my * my + c1)
    return ((1 - ssim) / 2).clamp(0, 1), mean_weight

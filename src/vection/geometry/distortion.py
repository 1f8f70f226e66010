"""Quadratic radial distortion of a lens: a ray (x, y, 1) is seen at (1 + k r^2) (x, y), r^2 = x^2 + y^2."""

import torch
from jaxtyping import Float
from torch import Tensor

Rays = Float[Tensor, "batch 3 height width"]
"""Points whose last coordinate is 1."""

NEWTON_STEPS = 4
"""Steps of Newton's method in `undistort`."""


def distort(rays: Rays, strength: Float[Tensor, ""]) -> Rays:
    """Return where the lens shows `rays`; `strength` is k of (1 + k r^2)."""
    xy, ones = rays.split((2, 1), dim=1)
    return torch.cat([xy * (1 + strength * _squared(xy)), ones], dim=1)


def undistort(rays: Rays, strength: Float[Tensor, ""]) -> Rays:
    """Undo `distort`: the factor c solves c + k r^2 c^3 = 1, by Newton's method from 1."""
    xy, ones = rays.split((2, 1), dim=1)
    k_r2 = strength * _squared(xy)
    factor = torch.ones_like(k_r2)
    for _ in range(NEWTON_STEPS):
        factor = (1 - 2 * factor / 3) / (1 + 3 * k_r2 * factor**2) + 2 * factor / 3
    return torch.cat([xy * factor, ones], dim=1)


def _squared(xy: Tensor) -> Tensor:
    return (xy * xy).sum(dim=1, keepdim=True)

"""Motion forth and back should cancel (Li et al. 2020, eq. 6)."""

from typing import Literal

import torch

from vection.geometry.motion import Moved
from vection.geometry.rigid import Rotation, full_precision
from vection.geometry.warp import sample
from vection.types import Mask, Points, Scalar

_TINY = 1e-24
"""Keeps 0/0 away; of use in float32 only."""

Order = Literal["paper", "released"]
"""How the translations of both directions are composed: R_inv T + T_inv (eq. 6), or R T_inv + T (the authors' code)."""


@full_precision
def rotation_cycle_loss(rotation: Rotation, inverse: Rotation) -> Scalar:
    """|R R_inv - 1|^2 / (|R - 1|^2 + |R_inv - 1|^2), the first term of eq. 6, averaged over the batch."""
    identity = torch.eye(3, device=rotation.device, dtype=rotation.dtype)

    def squared(matrix: Rotation) -> torch.Tensor:
        return (matrix - identity).square().mean(dim=(1, 2))

    return (squared(rotation @ inverse) / (squared(rotation) + squared(inverse) + _TINY)).mean()


@full_precision
def translation_cycle_loss(
    translation: Points,
    inverse: Points,
    rotations: tuple[Rotation, Rotation],
    *,
    moved: Moved,
    visible: Mask,
    order: Order = "paper",
) -> Scalar:
    """|R_inv T + T_inv|^2 / (|T|^2 + |T_inv|^2), the second term of eq. 6, averaged over all pixels.

    `inverse` is the other direction's field; it is read where the first frame's pixels are (no gradient for the place),
    and counts where `visible`. `rotations` are R and R_inv. The released code composes the other way round,
    |R T_inv + T|^2: zero for the same motions.
    """
    inverse_there = sample(inverse, moved.pixels.detach())
    if order == "paper":
        closed = (rotations[1] @ translation.flatten(2)).view_as(inverse_there) + inverse_there
    else:
        closed = (rotations[0] @ inverse_there.flatten(2)).view_as(inverse_there) + translation
    norm = (
        (translation * translation).sum(dim=1, keepdim=True)
        + (inverse_there * inverse_there).sum(dim=1, keepdim=True)
        + _TINY
    )
    return ((closed * closed).sum(dim=1, keepdim=True) / norm * visible).mean()

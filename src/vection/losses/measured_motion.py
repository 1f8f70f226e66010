"""Predicted motion of the camera and of things against what was measured in the clip."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import functional

from vection.geometry.vector_fields import vector_length
from vection.geometry.views import SourceTransforms
from vection.types import Map, Points, Scalar

ROTATION_WEIGHT = 10.0
"""Weight of a radian. It moves the image about as far as a translation by a tenth of the depth, ten usual steps."""


def measured_motion_loss(
    predicted: SourceTransforms,
    measured: SourceTransforms,
    known: Bool[Tensor, "batch source"],
    *,
    least_length: Float[Tensor, "batch 1"],
) -> Scalar:
    """Angle between the rotations, and distance of the translations by the measured length; a mean over known motions.

    The angle is 2 sin(angle / 2) in radians, with `ROTATION_WEIGHT`. Lengths below `least_length` count as that: a
    camera that stands has none. 0 where no motion is known. No gradient reaches what was measured.

    >>> motion = torch.eye(4).expand(1, 2, 4, 4).clone()
    >>> motion[..., 2, 3] = 2.0
    >>> still = torch.eye(4).expand(1, 2, 4, 4)
    >>> known = torch.tensor([[True, False]])
    >>> float(measured_motion_loss(still, motion, known, least_length=torch.tensor([[0.1]])))
    1.0
    """
    measured = measured.detach()
    turned = predicted[..., :3, :3] - measured[..., :3, :3]
    angle = torch.linalg.vector_norm(turned.flatten(-2), dim=-1) / 2**0.5
    length = torch.linalg.vector_norm(measured[..., :3, 3], dim=-1)
    missed = torch.linalg.vector_norm(predicted[..., :3, 3] - measured[..., :3, 3], dim=-1)
    error = ROTATION_WEIGHT * angle + missed / torch.maximum(length, least_length.detach())
    return torch.where(known, error, 0.0).sum() / known.sum().clamp(min=1)


def measured_mask_loss(logit: Map, static: Map, moving: Map) -> Scalar:
    """Cross entropy of a motion mask's `logit` against what was measured: the mean of both kinds of pixels.

    `static` and `moving` weight each pixel, in [0, 1]; pixels with neither have no say, a kind without pixels counts 0.

    >>> unsure = torch.zeros(1, 1, 4, 4)
    >>> round(float(measured_mask_loss(unsure, torch.ones_like(unsure), unsure)), 3)  # half of log 2
    0.347
    """
    still = (static * functional.softplus(logit)).sum() / static.sum().clamp(min=1)
    moved = (moving * functional.softplus(-logit)).sum() / moving.sum().clamp(min=1)
    return (still + moved) / 2


def static_motion_loss(field: Points, static: Map) -> Scalar:
    """Length of the vectors of object motion where the world was measured to stand still, a weighted mean.

    >>> field = torch.ones(1, 3, 2, 2)
    >>> round(float(static_motion_loss(field, torch.ones(1, 1, 2, 2))), 3)
    1.732
    """
    return (static * vector_length(field)).sum() / static.sum().clamp(min=1)

"""Lengths of the vectors of a field, and where they stand out."""

from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from vection.types import Map, Mask, Points

Coupling = Literal["per-sample", "whole-batch"]
"""What a mean length is taken over; the released code of Li et al. takes the whole batch."""

AutoMask = Literal["per-sample", "whole-batch", "none"]
"""Which mean length a vector must exceed to be kept; "none" keeps all."""


def vector_length(vectors: Points) -> Map:
    """Return the length of every vector, in its unit; no gradient at 0."""
    return torch.linalg.vector_norm(vectors, dim=1, keepdim=True)


def exceeds_mean(field: Points, *, coupling: Coupling = "per-sample") -> tuple[Mask, Float[Tensor, "row"]]:
    """Return where a field is longer than its mean length, and that mean: of each sample, or of the whole batch.

    The released code takes the whole batch, so that samples depend on each other.
    """
    lengths = vector_length(field.detach())
    mean = lengths.mean()[None] if coupling == "whole-batch" else lengths.mean(dim=(1, 2, 3))
    return lengths > mean[:, None, None, None], mean


def standing_out(field: Points, auto_mask: AutoMask) -> Points:
    """Return the field where it is longer than its mean length (`exceeds_mean`), else 0."""
    return field if auto_mask == "none" else field * exceeds_mean(field, coupling=auto_mask)[0]


def rms_length(field: Points) -> Float[Tensor, "batch 1 1 1"]:
    """Root of the mean square length of each sample's vectors."""
    return (3 * (field * field).mean(dim=(1, 2, 3), keepdim=True) + 1e-12).sqrt()

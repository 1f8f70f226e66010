"""Which pixels show things that can move, and whether they did: the semantic guidance of SGDepth (section 3.3)."""

from typing import Literal

from jaxtyping import Bool, Float, UInt8
from torch import Tensor

from vection.types import Mask

FIRST_DYNAMIC = 11
"""First train id of people (11 person, 12 rider)."""

LAST_DYNAMIC = 18
"""Last train id of vehicles (13 car to 18 bicycle)."""

SourceMasks = Bool[Tensor, "batch source height width"]
"""True in each source where the class can move."""

Overlap = Float[Tensor, " batch"]
"""Intersection over union of each target's dynamic pixels with its sources', in [0, 1]."""


def is_dynamic(classes: UInt8[Tensor, "*shape"]) -> Bool[Tensor, "*shape"]:
    """Return True where the class is one of people or vehicles (S_DC)."""
    return (classes >= FIRST_DYNAMIC) & (classes <= LAST_DYNAMIC)


def dynamic_overlap(target: Mask, warped: SourceMasks, *, combine: Literal["mean", "pooled"] = "mean") -> Overlap:
    """Intersection over union of the dynamic pixels of the target and of each warped source (eq. 10).

    "mean" averages the sources' values; "pooled" divides the sum of intersections by the sum of unions, as the authors'
    code does. NaN where no dynamic pixel is; a source without any is left out of the mean.
    """
    both = (target & warped).sum(dim=(2, 3)).float()
    either = (target | warped).sum(dim=(2, 3)).float()
    if combine == "pooled":
        return both.sum(dim=1) / either.sum(dim=1)
    return (both / either).nanmean(dim=1)


def pixels_to_learn(target: Mask, warped: SourceMasks, overlap: Overlap, *, threshold: Tensor) -> Mask:
    """Return mu (eq. 8), False at dynamic pixels of any frame, where the overlap is below the threshold (eq. 11).

    Elsewhere, and without dynamic pixels, all is True. The threshold is one for all images or one each.
    """
    static = ~(target | warped.any(dim=1, keepdim=True))
    moving = (overlap < threshold)[:, None, None, None]
    return static | ~moving

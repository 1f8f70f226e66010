"""What keeps complete flow and motion mask of Dynamo-Depth sensible (section 4.2)."""

from typing import Literal

from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import functional

from vection.types import Map, Mask, Scalar

SourceFields = Float[Tensor, "batch source component height width"]
"""A vector a pixel of the target for each source."""

SourceErrors = Float[Tensor, "batch source height width"]
"""A number a pixel of the target for each source."""

SourceMasks = Bool[Tensor, "batch source height width"]
"""Whether a pixel of the target stands still, by each source."""


def motion_consistency_loss(residual: SourceFields, moving: Map, *, counted: Mask | None = None) -> Scalar:
    """(1 - M) |F_C - F_R|: what does not move agrees with the camera's motion (eq. 12).

    Mean over pixels, sources and the three components; the mask M is a constant here. Pixels outside `counted` count 0.
    """
    weight = 1 - moving.detach()
    if counted is not None:
        weight = weight * counted
    return (weight[:, None] * residual.abs()).mean()


def flow_discrepancy(residual: SourceFields) -> SourceErrors:
    """F_D = |F_C - F_R|_1 (eq. 12), without gradient."""
    return residual.detach().abs().sum(dim=2)


def static_pixels(
    discrepancy: SourceErrors, *, threshold: Literal["image", "batch"] = "image", usable: Mask | None = None
) -> SourceMasks:
    """Return True where the discrepancy is at most its mean over the image (eq. 13).

    With "batch", below its mean over the whole batch, source by source, as the authors' code has it. Pixels that are
    not `usable` are in no mean and not static.
    """
    over = (0, 2, 3) if threshold == "batch" else (2, 3)
    if usable is None:
        mean = discrepancy.mean(dim=over, keepdim=True)
    else:
        counted = usable.expand_as(discrepancy)
        mean = (discrepancy * counted).sum(dim=over, keepdim=True) / counted.sum(dim=over, keepdim=True).clamp(min=1)
    below = discrepancy < mean if threshold == "batch" else discrepancy <= mean
    return below if usable is None else below & usable


def motion_sparsity_loss(logit: Map, static: SourceMasks) -> Scalar:
    """Cross entropy of the mask's `logit` against "does not move", a mean over the static pixels (eq. 13).

    Averaged over the sources; a source without static pixels counts 0.
    """
    entropy = functional.softplus(logit) * static
    share = entropy.sum(dim=(0, 2, 3)) / static.sum(dim=(0, 2, 3)).clamp(min=1)
    return share.mean()

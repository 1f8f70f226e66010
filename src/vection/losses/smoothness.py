"""Smoothness that lets go at the image's edges."""

from jaxtyping import Float
from torch import Tensor

from vection.geometry.resizing import nearest_like
from vection.types import FullSizeMask, Image, Map, Scalar


def edge_aware_smoothness_loss(
    values: Float[Tensor, "batch channel height width"],
    image: Image,
    *,
    squared: bool = False,
    usable: FullSizeMask | None = None,
) -> Scalar:
    """|dx d| e^-|dx I| + |dy d| e^-|dy I|, each averaged (Monodepth2, eq. 3); |dI| is the mean over RGB.

    `squared` squares each product before averaging (SC-SfMLearner, eq. 4). Of pixels that are not `usable` (of any
    size) no steps count, neither from them nor to them.

    >>> import torch
    >>> step = torch.tensor([0.0, 0, 1, 1]).expand(1, 1, 4, 4)
    >>> grey, edge = torch.zeros(1, 3, 4, 4), step.expand(1, 3, 4, 4)
    >>> bool(edge_aware_smoothness_loss(step, edge) < edge_aware_smoothness_loss(step, grey))  # an edge is allowed one
    True
    """
    weight_x = (-(image[..., 1:] - image[..., :-1]).abs().mean(dim=1, keepdim=True)).exp()
    weight_y = (-(image[..., 1:, :] - image[..., :-1, :]).abs().mean(dim=1, keepdim=True)).exp()
    step_x = (values[..., 1:] - values[..., :-1]).abs()
    step_y = (values[..., 1:, :] - values[..., :-1, :]).abs()
    x, y = step_x * weight_x, step_y * weight_y
    x, y = (x.square(), y.square()) if squared else (x, y)
    if usable is None:
        return x.mean() + y.mean()
    seen = nearest_like(usable.float(), values)
    return _mean_where(x, seen[..., 1:] * seen[..., :-1]) + _mean_where(y, seen[..., 1:, :] * seen[..., :-1, :])


def normalise_by_mean(values: Map) -> Map:
    """d* = d / mean(d) of each image: keeps smoothness from shrinking the depth (Monodepth2, after eq. 3).

    >>> import torch
    >>> normalise_by_mean(torch.tensor([1.0, 3.0]).view(1, 1, 1, 2)).flatten().round(decimals=3)
    tensor([0.5000, 1.5000])
    """
    return values / (values.mean(dim=(2, 3), keepdim=True) + 1e-7)


def _mean_where(values: Float[Tensor, "batch channel _ _"], weight: Float[Tensor, "batch 1 _ _"]) -> Scalar:
    return (values * weight).sum() / (weight.sum() * values.shape[1]).clamp(min=1)

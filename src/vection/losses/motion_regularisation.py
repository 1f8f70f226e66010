"""Priors of a field of object motion: constant over an object, and zero nearly everywhere (Li et al. 2020, 3.2.1)."""

from typing import Literal

from torch import Tensor

from vection.geometry.rigid import full_precision
from vection.geometry.vector_fields import rms_length
from vection.types import Points, Scalar

Components = Literal["mean", "sum"]
"""How x, y and z are joined: the equations sum them, the released weights belong to their mean."""

Sparsity = Literal["l1/2", "l1"]
"""What keeps motion sparse: eq. 3, or the plain absolute value (an ablation of table 2)."""

_TINY = 1e-24


def relative_motion(residual: Points, total: Points) -> Points:
    """The residual field in units of the total field's RMS length (released code): makes both priors free of scale."""
    return residual / rms_length(total)


@full_precision
def group_smoothness_loss(field: Points, *, wrap_around: bool = False, components: Components = "mean") -> Scalar:
    """sqrt((du T_i)^2 + (dv T_i)^2), averaged over pixels (eq. 2).

    Differences are to the left and upper neighbours; the first row and column have none and are left out, or with
    `wrap_around` have those of the opposite border (the released code without sparsity loss).
    """
    du, dv = field - field.roll(1, dims=3), field - field.roll(1, dims=2)
    if not wrap_around:
        du, dv = du[..., 1:, 1:], dv[..., 1:, 1:]
    return _over_components((_TINY + du * du + dv * dv).sqrt(), components)


@full_precision
def sparsity_loss(field: Points, kind: Sparsity = "l1/2", *, components: Components = "mean") -> Scalar:
    """2 <|T_i|> sqrt(1 + |T_i| / <|T_i|>), averaged over pixels (eq. 3); least where T is 0, at 2 <|T_i|>.

    <|T_i|> is the mean over the pixels of each sample and component, without gradient. "l1" is |T_i|, the ablation of
    table 2: for small T eq. 3 grows at the same rate.
    """
    size = field.abs()
    if kind == "l1":
        return _over_components(size, components)
    mean = size.mean(dim=(2, 3), keepdim=True).detach()
    return _over_components(2 * mean * (size / (mean + _TINY) + 1).sqrt(), components)


def _over_components(error: Tensor, components: Components) -> Scalar:
    mean = error.mean()
    return mean if components == "mean" else mean * error.shape[1]

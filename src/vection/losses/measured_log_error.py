"""How far predicted depth is from depth measured in the clip, as a score of held-out frames."""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from vection.formats.measured_geometry import LEAST_SHARE, LEAST_WEIGHT
from vection.types import Depth, Map, Scalar


def measured_log_error(depth: Depth, measured: Map, weight: Map) -> Float[Tensor, " compared"]:
    """Return the score without labels of each image that has enough measured depth, in their order.

    It is the median over pixels of |ln d - ln (s d_measured)|, where s, the median ratio, makes scale free. Unlike a
    mean it does not see the pixels that were measured wrong, such as those of moving things, and so ranks networks as
    true depth does. `vection evaluate --protocol measured` averages it. `measured` is 0 where it is unknown, and in
    any unit; `weight` is in [0, 1]. Compared are pixels that weigh, with all around them, more than `LEAST_WEIGHT` (of
    `formats.measured_geometry`). Images with a smaller share of them than `LEAST_SHARE` are missing in the result, so
    concatenate batches before taking the mean, and expect none. Depth that is not positive and finite at a compared
    pixel makes the error of its image infinite.

    >>> true = torch.linspace(2, 40, 12).reshape(1, 1, 3, 4)
    >>> measured_log_error(true / 3, true, torch.ones_like(true)).numpy().round(3)
    array([0.], dtype=float32)
    """
    heavy = (measured > 0) & (weight > LEAST_WEIGHT)
    where = -functional.max_pool2d(-heavy.float(), kernel_size=3, stride=1, padding=1) > 0
    least = max(1.0, LEAST_SHARE * where[0].numel())
    errors = [
        _log_error(depth[image][seen].float(), measured[image][seen].float())
        for image, seen in enumerate(where)
        if int(seen.sum()) >= least
    ]
    return torch.stack(errors) if errors else depth.new_zeros(0)


def _log_error(predicted: Float[Tensor, " pixel"], truth: Float[Tensor, " pixel"]) -> Scalar:
    ratio = predicted.log() - truth.log()
    usable = (predicted.isfinite() & (predicted > 0)).all()
    return torch.where(usable, _median((ratio - _median(ratio)).abs()), torch.inf)


def _median(values: Float[Tensor, " pixel"]) -> Scalar:
    """Mean of the two middle values of an even number, as NumPy has it."""
    ordered, count = values.sort().values, values.numel()
    return (ordered[(count - 1) // 2] + ordered[count // 2]) / 2

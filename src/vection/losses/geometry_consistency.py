"""Whether two frames agree about depth, and means over the pixels that count (SC-SfMLearner, sections 3.3 and 3.4)."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from vection.types import Depth, Map


def depth_inconsistency(computed: Depth, sampled: Depth) -> Map:
    """D_diff = |D^a_b - D'_b| / (D^a_b + D'_b), in [0, 1] (SC-SfMLearner, eq. 5).

    >>> depth = torch.full((1, 1, 1, 1), 2.0)
    >>> depth_inconsistency(depth, 3 * depth).item()
    0.5
    """
    return ((computed - sampled).abs() / (computed + sampled).abs()).clamp(0, 1)


def consistency_weight(inconsistency: Map) -> Map:
    """M = 1 - D_diff: low where something moves, is hidden or is badly predicted (SC-SfMLearner, eq. 7)."""
    return 1 - inconsistency


def mean_of_each_pair(
    error: Float[Tensor, "batch pair height width"],
    counted: Bool[Tensor, "batch pair height width"],
    *,
    more_than: float = 0.0,
) -> Float[Tensor, " pair"]:
    """1/|V| sum over V of the error (SC-SfMLearner, eq. 2, 6) for each pair, V its counted pixels in the batch.

    0 where `counted` holds for no more than `more_than` pixels. A NaN shows even where it is not counted.
    """
    total = (error * counted).sum(dim=(0, 2, 3))
    count = counted.sum(dim=(0, 2, 3))
    return torch.where(count > more_than, total / count.clamp(min=1), 0 * total)

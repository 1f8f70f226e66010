"""The depth error of held-out frames whose true depth lies beside them: a curve to watch, which chooses nothing."""

from collections.abc import Callable
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float
from torch import Tensor

from vection.arrays import DepthMap
from vection.errors import DataError
from vection.evaluation.depth.evaluate import compare, score
from vection.evaluation.depth.protocol import DepthProtocol
from vection.evaluation.predictions.kinds import PredictedMap
from vection.evaluation.truth.truth_set import GroundTruth

HELD_OUT = DepthProtocol("held-out", "what lies beside the frames", truth_above=1e-3, truth_below=80.0)
"""Median scaling of each image, all pixels with true depth below 80 m, inverse depth resized to the truth."""

TrueDepth = Callable[[int], DepthMap | None]
"""True depth of a held-out frame by its place among them; None where it is unknown."""


@runtime_checkable
class KnowsTruth(Protocol):
    """A data set that may know the true depth of its targets."""

    def true_depth(self, index: int) -> DepthMap | None:
        """Return the true depth of a target at any size, metres, 0 where unknown; None if there is none."""


def true_abs_rel(depth: Float[Tensor, "depth_height depth_width"], truth: DepthMap) -> float | None:
    """Return AbsRel of predicted depth in any unit under `HELD_OUT`; None where no true depth counts.

    Depth that is not positive and finite at a compared pixel makes it infinite.

    >>> import torch
    >>> true_abs_rel(torch.full((2, 4), 0.3), np.array([[10, 10, 0, 10], [10, 20, 0, 0]], np.float32))
    0.1
    """
    values = depth.detach().float().cpu().numpy()
    try:
        pixels = compare(PredictedMap(values), GroundTruth("held-out frame", truth), HELD_OUT)
    except DataError:
        return float("inf")
    if pixels is None:
        return None
    [row] = score("held-out frame", pixels, HELD_OUT, scale=pixels.ratio)
    return float(np.round(row.errors.abs_rel, 9))

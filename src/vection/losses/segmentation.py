"""Supervised semantic segmentation: the weighted cross-entropy (SGDepth, section 3.2)."""

from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from vection.types import ClassMap, Scalar

UNKNOWN_CLASS = 255
"""Value of a class map where no class is known."""

CITYSCAPES_CLASS_WEIGHTS = (
    *(2.8149, 6.9850, 3.7890, 9.9428, 9.7702, 9.5111, 10.3114, 10.0265, 4.6323, 9.5608),
    *(7.8698, 9.5169, 10.3737, 6.6616, 10.2605, 10.2879, 10.2898, 10.4054, 10.1381),
)
"""1 / ln(1.02 + share of the pixels) of each train id, after ENet (Paszke et al. 2016)."""


def weighted_cross_entropy(
    scores: Float[Tensor, "batch class height width"],
    classes: ClassMap,
    *,
    weights: Float[Tensor, " class"],
    average: Literal["pixels", "weights"] = "pixels",
) -> Scalar:
    """-w_c log softmax(scores)_c of the true class c, averaged over the pixels of known class (SGDepth, eq. 5).

    "weights" divides by the sum of the pixels' weights instead of their number, as the authors' code does. 0 where no
    class is known.
    """
    true = classes[:, 0].long()
    labelled = true != UNKNOWN_CLASS
    total = functional.cross_entropy(scores.float(), true, weight=weights, ignore_index=UNKNOWN_CLASS, reduction="sum")
    if average == "pixels":
        return total / labelled.sum().clamp(min=1)
    weight = torch.where(labelled, weights[torch.where(labelled, true, 0)], 0.0).sum()
    return total / weight.clamp(min=1e-12)

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
    2.8149,  # road
    6.9850,  # sidewalk
    3.7890,  # building
    9.9428,  # wall
    9.7702,  # fence
    9.5111,  # pole
    10.3114,  # traffic light
    10.0265,  # traffic sign
    4.6323,  # vegetation
    9.5608,  # terrain
    7.8698,  # sky
    9.5169,  # person
    10.3737,  # rider
    6.6616,  # car
    10.2605,  # truck
    10.2879,  # bus
    10.2898,  # train
    10.4054,  # motorcycle
    10.1381,  # bicycle
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

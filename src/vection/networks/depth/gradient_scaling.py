"""The scaling of the gradients that two heads send back to one encoder (SGDepth, section 3.3)."""

from typing import Any

import torch
from torch import Tensor


def scale_gradients(features: list[Tensor], factor: float) -> list[Tensor]:
    """Pass features on as they are; what comes back through them is multiplied by `factor` (SGDepth, eq. 6)."""
    scaled: list[Tensor] = [_ScaledGradient.apply(feature, factor) for feature in features]
    return scaled


class _ScaledGradient(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, feature: Tensor, factor: float) -> Tensor:
        context.factor = factor
        return feature.view_as(feature)

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor, None]:
        return context.factor * gradient, None

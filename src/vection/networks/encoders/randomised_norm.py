"""Randomised layer normalisation (Gordon et al. 2019, section 3.4): the noise of batch statistics without a batch."""

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn

ChannelNoise = Float[Tensor, "batch channel"]
Activations = Float[Tensor, "batch channel height width"]

EPSILON = 1e-3
"""Added to the variance, as in TensorFlow."""
MOST_NOISE = 0.5
"""Standard deviation of the noise once it is full."""


def noise_deviation(ramp: float) -> float:
    """Standard deviation of the noise: 0.5 r^2 as the ramp r goes from 0 to 1 (over the first 10 000 steps)."""
    return MOST_NOISE * min(ramp, 1.0) ** 2


def normalise(
    x: Activations,
    weight: Float[Tensor, " channel"],
    bias: Float[Tensor, " channel"],
    *,
    noise: tuple[ChannelNoise, ChannelNoise] | None = None,
) -> Activations:
    """weight (x - m) / sqrt(v + 1e-3) + bias with m and v over the pixels of each sample and channel.

    `noise` (n, k) replaces m by m (1 + n) and v by v (1 + k). In spite of the paper's name it is an instance norm.
    """
    with torch.autocast(x.device.type, enabled=False):
        wide = x.float()
        variance, mean = torch.var_mean(wide, dim=(2, 3), correction=0)
        if noise is not None:
            mean, variance = mean * (1 + noise[0]), variance * (1 + noise[1])
        scale = weight * (variance + EPSILON).rsqrt()
        shift = bias - mean * scale
        return torch.addcmul(shift[:, :, None, None], wide, scale[:, :, None, None]).to(x.dtype)


def truncated_normal(shape: torch.Size, *, deviation: float, like: Tensor) -> Tensor:
    """Draw from a normal distribution cut off at two standard deviations."""
    edge = math.erf(math.sqrt(2))
    uniform = torch.rand(shape, device=like.device) * (2 * edge) - edge
    return torch.erfinv(uniform) * (math.sqrt(2) * deviation)


class RandomisedNorm(nn.Module):
    """`normalise` with learned weight and bias; in training with fresh noise a sample and channel."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor, *, deviation: float = 0.0) -> Tensor:
        """`deviation` is the noise's standard deviation; it counts in training mode only."""
        if not self.training or deviation == 0:
            return normalise(x, self.weight, self.bias)
        drawn = truncated_normal(torch.Size((2, *x.shape[:2])), deviation=deviation, like=x)
        return normalise(x, self.weight, self.bias, noise=(drawn[0], drawn[1]))

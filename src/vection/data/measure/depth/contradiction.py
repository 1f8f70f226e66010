"""What a trained network says against a measured depth."""

import numpy as np
from jaxtyping import Float

from vection.arrays import PixelMask

LARGEST_RATIO = 1.5
"""Of measured and predicted depth, either way, beyond which the two contradict each other."""
FEWEST_COMMON = 100


def agrees_with(
    measured: Float[np.ndarray, "height width"],
    predicted: Float[np.ndarray, "height width"],
    *,
    largest_ratio: float = LARGEST_RATIO,
) -> PixelMask:
    """Return where measured depth is known and a predicted one of any scale does not contradict it.

    The scale is that of the median; with too few pixels to know it, nothing is kept.
    """
    known = (measured > 0) & (predicted > 0)
    if np.count_nonzero(known) < FEWEST_COMMON:
        return np.zeros(measured.shape, bool)
    ratio = np.log(np.where(known, measured, 1).astype(np.float32) / np.where(known, predicted, 1).astype(np.float32))
    return np.asarray(known & (np.abs(ratio - np.median(ratio[known])) < np.log(largest_ratio)))

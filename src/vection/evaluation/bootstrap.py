"""95 % intervals by the bootstrap: things are drawn with replacement, always the same draw.

What is drawn (frames of a drive, overlapping segments) resembles its neighbours: the intervals are rather too narrow.
"""

import numpy as np
from jaxtyping import Float, Int64

SEED = 0
ENDS = (2.5, 97.5)
"""Percentiles at the two ends."""


def draws(count: int, *, resamples: int) -> Int64[np.ndarray, "resample thing"]:
    """Return how often each of `count` things comes up in each of `resamples` draws of so many."""
    return np.random.default_rng(SEED).multinomial(count, np.full(count, 1 / count), size=resamples)


def interval(
    values: Float[np.ndarray, "resample *part"],
) -> tuple[Float[np.ndarray, "*part"], Float[np.ndarray, "*part"]]:
    """Return the lower and upper ends of the middle 95 % of the resampled values; undefined ones (NaN) are left out."""
    low, high = np.nanpercentile(values, ENDS, axis=0)
    return np.asarray(low), np.asarray(high)

"""What happens between neighbouring frames of a sample: motion, change, brightness, cuts."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64, Int64

from vection.data.ingest.continuity import change, is_cut, jump
from vection.data.ingest.doctor.sample import Sample
from vection.data.ingest.parallax import median_displacement

NEIGHBOURS = 6

Numbers = Float64[np.ndarray, " step"]


@dataclass(frozen=True)
class Steps:
    """One number a step from a frame to the next."""

    first: Int64[np.ndarray, " step"]
    """Index in the sample of the first frame."""
    moved: Numbers
    """Median displacement as a fraction of the width."""
    change: Numbers
    """Mean absolute difference in grey levels."""
    gain: Numbers
    """Logarithm of the ratio of mean brightness."""
    cut: Bool[np.ndarray, " step"]

    def __len__(self) -> int:
        """Return the number of steps."""
        return len(self.first)


def measure_steps(sample: Sample) -> Steps:
    """Measure every step of a sample."""
    first = list(sample.steps())
    pairs = [(sample.greys[index], sample.greys[index + 1]) for index in first]
    changes = np.array([change(*pair) for pair in pairs])
    cut = np.zeros(len(pairs), bool)
    for step in range(len(pairs)):
        around = np.delete(changes, step)[max(0, step - NEIGHBOURS) : step + NEIGHBOURS]
        cut[step] = changes[step] > jump(around.tolist()) and is_cut(*pairs[step])
    gain = np.array([np.log((pair[1].mean() + 1) / (pair[0].mean() + 1)) for pair in pairs])
    moved = np.array([0.0 if cut[step] else median_displacement(*pair) for step, pair in enumerate(pairs)])
    return Steps(np.array(first, np.int64), moved, changes, gain, cut)

"""Whether a file predicts what the method predicts, and how fast."""

from collections.abc import Iterable
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np
import torch

from vection.arrays import AnyArray
from vection.engines.engine import PACKAGES, Network, Precision
from vection.engines.modules import Inputs, PartModule
from vection.errors import UsageError

LARGEST = 1e-4
"""Largest difference of a file in fp32 from PyTorch, as of `Agreement`."""
MEANS: dict[Precision, float] = {"fp16": 0.01, "bf16": 0.03, "int8": 0.02}
"""Largest mean difference of files of less precision."""


@dataclass(frozen=True)
class Agreement:
    """Differences between what a file and PyTorch predict, and their times.

    Differences of depth are relative to it, of classes the share of pixels, others relative to the largest number of
    the output; `largest` and `mean` over pixels are those of the output that differs most.
    """

    largest: float
    mean: float
    milliseconds: float
    """Of the file, a frame; the median."""
    torch_milliseconds: float
    """Of PyTorch, measured in turns with the file."""
    frames: int

    def within(self, precision: Precision, tolerance: float | None = None) -> bool:
        """Return whether the file may be used: fp32 by the largest difference, others by the mean one."""
        if precision == "fp32":
            return self.largest <= (LARGEST if tolerance is None else tolerance)
        return self.mean <= (MEANS[precision] if tolerance is None else tolerance)

    def check(self, network: Network, *, tolerance: float | None = None) -> None:
        """Raise UsageError with the difference unless the file is `within` the tolerance."""
        about = network.description
        if self.within(about.precision, tolerance):
            return
        kind, found = ("largest", self.largest) if about.precision == "fp32" else ("mean", self.mean)
        limit = tolerance if tolerance is not None else MEANS.get(about.precision, LARGEST)
        raise UsageError(
            f"The {about.part} of {PACKAGES[about.run_time]} in {about.precision} differs from PyTorch by {found:.2g} "
            f"({kind} difference; the limit is {limit:.2g}), so it is not written; take another precision, or allow it "
            f"with `tolerance={found:.1g}`."
        )


def compare(network: Network, module: PartModule, inputs: Iterable[Inputs]) -> Agreement:
    """Run both on each of `inputs` in turns, after a first run that does not count for the times."""
    differences: list[tuple[float, float]] = []
    times: list[tuple[float, float]] = []
    for given in inputs:
        arrays = {name: value.numpy() for name, value in given.items()}
        if not times:
            network.run(arrays)
        start = perf_counter()
        with torch.inference_mode():
            expected = module(*given.values())
        between = perf_counter()
        found = network.run(arrays)
        times.append((perf_counter() - between, between - start))
        differences += _differences(module, expected, found)
    largest, mean = np.max(differences, axis=0)
    file_time, torch_time = 1000 * np.median(times, axis=0)
    return Agreement(float(largest), float(mean), float(file_time), float(torch_time), frames=len(times))


def _differences(module: PartModule, expected: Any, found: dict[str, AnyArray]) -> list[tuple[float, float]]:
    outputs = expected if isinstance(expected, tuple) else (expected,)
    differences = []
    for name, tensor in zip(module.outputs, outputs, strict=True):
        truth, value = tensor.numpy().astype(np.float64), np.asarray(found[name], np.float64)
        if truth.shape != value.shape or not np.isfinite(value).all():
            return [(np.inf, np.inf)]
        if name == "classes":
            error = (truth != value).astype(np.float64)
        else:
            error = np.abs(value - truth) / (truth if name == "depth" else max(np.abs(truth).max(), 1e-12))
        # One pixel of a class on the edge of two may turn; of other outputs none may.
        differences.append((float(error.mean() if name == "classes" else error.max()), float(error.mean())))
    return differences

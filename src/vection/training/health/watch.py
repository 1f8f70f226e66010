"""Looks at a training now and then, and remembers what the looks of a stage showed."""

import math
from collections.abc import Mapping
from itertools import pairwise

import torch
from torch import Tensor

from vection.methods.method import Method
from vection.samples import Batch, map_tensors
from vection.training.health.findings import Finding, findings
from vection.training.health.statistics import SAMPLES, look, weight_norm

LOOK_EVERY = 50
"""Optimiser steps between two looks, besides one before each checkpoint."""
FIRST_STEP = 100
"""Of a stage: before, untrained networks look like collapsed ones, and only what explodes is told."""
LAST_STEP_OF_GROWTH = 200
"""Of a stage: later, weights may have doubled in health; from random ones the papers train for 200,000 steps."""
MOST_NEAR = 0.9
"""Share of the depth that may sit at the near limit; healthy trainings had 0.3 at step 50."""
LOOKS_OF_DRIFT = 3
"""Looks in a row over which scale must drift."""


class Watch:
    """What is watched in one stage of a training."""

    def __init__(self, method: Method) -> None:
        self.method = method
        self.batch: Batch | None = None
        self.since: dict[str, int] = {}
        """By finding the step from which on every look has shown it."""
        self.told: set[str] = set()
        self.scales: list[tuple[int, float]] = []
        self.first_error: float | None = None
        self.errors: list[Tensor] = []
        self.course: dict[str, float] = {}

    def note(self, terms: Mapping[str, Tensor], batch: Batch | None = None) -> None:
        """Note the loss of a step, and a few samples of its batch if a look follows."""
        if batch is not None:
            self.batch = map_tensors(batch, lambda tensor: tensor[:SAMPLES].clone())
        compared = [terms[name].detach() for name in self.method.comparing if name in terms]
        if compared:
            self.errors.append(torch.stack(compared).sum())

    def look(self, *, step: int, norm_at_start: float) -> list[Finding]:
        """Return what deserves a remark `step` steps into the stage: what explodes; all else once, if it stays."""
        if self.batch is None:
            return []
        statistics = look(self.method, self.batch)
        if norm_at_start > 0 and step <= LAST_STEP_OF_GROWTH:
            statistics["weights"] = weight_norm(self.method) / norm_at_start
        if self.errors and (not self.scales or step - self.scales[-1][0] >= LOOK_EVERY):
            self._follow(statistics["median"], step=step)
        found = findings(statistics | self.course, most_near=MOST_NEAR)
        self.since = {finding.name: self.since.get(finding.name, step) for finding in found}
        stays = {name for name, since in self.since.items() if step >= FIRST_STEP and step - since >= LOOK_EVERY}
        new, self.told = stays - self.told, self.told & set(self.since) | stays
        return [finding for finding in found if finding.explodes or finding.name in new]

    def _follow(self, median: float, *, step: int) -> None:
        """Note how the loss and the scale of depth went since the last time."""
        error, self.errors = float(torch.stack(self.errors).mean()), []
        self.first_error = self.first_error or error
        self.course["error"] = error / self.first_error if self.first_error > 0 else 1.0
        self.scales.append((step, math.log(max(median, 1e-30))))
        if len(self.scales) >= LOOKS_OF_DRIFT:
            self.course["scale_drift"] = steady_drift(self.scales[-LOOKS_OF_DRIFT:])


def steady_drift(scales: list[tuple[int, float]]) -> float:
    """Return the drift of log scale in 100 steps if it goes one way and does not settle, else 0.

    >>> round(steady_drift([(0, 0.0), (50, 0.2), (100, 0.4), (150, 0.6)]), 3)
    0.4
    >>> steady_drift([(0, 0.0), (50, 0.9), (100, 1.0)])
    0.0
    """
    steps = [100 * (b - a) / (later - earlier) for (earlier, a), (later, b) in pairwise(scales)]
    slowest = min(steps, key=abs)
    settles = abs(steps[-1]) < 0.7 * max(map(abs, steps))
    return 0.0 if settles or any(step * slowest <= 0 for step in steps) else slowest

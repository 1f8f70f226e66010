"""Where training stands: what has to be known to go on."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator

from vection.formats.bounds import CountOrNone
from vection.formats.record import checked
from vection.methods.method import NOTHING, Knows, MethodSettings, Progress
from vection.training.settings import Stage

LOWER = 0.3
"""Factor of the learning rate after a return to an earlier checkpoint."""


@dataclass
class Position:
    """What of a run is done; every checkpoint holds it."""

    stage: CountOrNone = 0
    """Number of the stage."""
    epoch: CountOrNone = 0
    """Epochs done within the stage."""
    batch: CountOrNone = 0
    """Optimiser steps done within the epoch."""
    step: CountOrNone = 0
    """Optimiser steps done in all."""
    best: Annotated[float, BeforeValidator(lambda best: math.inf if best is None else best)] = math.inf
    """Lowest selection loss of held-out frames in the stage."""
    weight_norm: float = 0.0
    """Norm of what learns when the stage began."""
    returns: int = 0
    """How often training went back to an earlier checkpoint because it diverged."""

    @property
    def rate(self) -> float:
        """Factor of the learning rate, lower after each return."""
        return LOWER**self.returns

    @classmethod
    def stored(cls, config: Mapping[str, Any], *, path: Path) -> "Position":
        """Return what the config of a checkpoint at `path` says; DataError if that is no position."""
        return checked(cls, config.get("position"), path=path, remedy="take another checkpoint, or train anew.")

    def progress(self, stage: Stage, *, steps_per_epoch: int) -> Progress:
        """Return it as methods see it, within `stage`."""
        return Progress(
            stage=stage.name,
            step=self.epoch * steps_per_epoch + self.batch,
            steps=stage.epochs * steps_per_epoch,
            epoch=self.epoch,
            epochs=stage.epochs,
            total_step=self.step,
        )

    def learned(self, settings: MethodSettings, stages: Sequence[Stage], *, steps_per_epoch: int) -> Knows:
        """Return what a method of these settings, which knew nothing before the first of `stages`, has learned."""
        standing = [replace(self, epoch=stage.epochs, batch=0) for stage in stages[: self.stage]]
        if self.epoch + self.batch > 0:
            standing.append(self)
        knows = NOTHING
        for position, stage in zip(standing, stages, strict=False):
            knows |= settings.learned(position.progress(stage, steps_per_epoch=steps_per_epoch))
        return knows

"""Where training stands: what has to be known to go on."""

from dataclasses import dataclass

from vection.methods.method import Progress
from vection.training.settings import Stage

LOWER = 0.3
"""Factor of the learning rate after a return to an earlier checkpoint."""


@dataclass
class Position:
    """What of a run is done; every checkpoint holds it."""

    stage: int = 0
    """Number of the stage."""
    epoch: int = 0
    """Epochs done within the stage."""
    batch: int = 0
    """Optimiser steps done within the epoch."""
    step: int = 0
    """Optimiser steps done in all."""
    best: float = float("inf")
    """Lowest selection loss of held-out frames in the stage."""
    weight_norm: float = 0.0
    """Norm of what learns when the stage began."""
    returns: int = 0
    """How often training went back to an earlier checkpoint because it diverged."""

    @property
    def rate(self) -> float:
        """Factor of the learning rate, lower after each return."""
        return LOWER**self.returns

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

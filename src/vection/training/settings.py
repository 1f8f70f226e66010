"""How to train: stages and the settings they share. Plain values; the loop reads them, nothing else does."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from vection.formats.bounds import Count, CountOrNone, Few, NotNegative, Positive, Seed, Share

TrackerName = Literal["mlflow", "trackio", "wandb"]


@dataclass(frozen=True)
class Tracking:
    """Where a run is shown besides TensorBoard."""

    names: tuple[TrackerName, ...] = ()
    """Trackers, which are the packages of the same names."""
    settings: Mapping[str, bool | int | float | str] = field(default_factory=dict)
    """What they show as the settings of the run, by dotted names."""


@dataclass(frozen=True)
class Stage:
    """A stretch of training with one set of trained parts and one learning-rate schedule."""

    name: str = "main"
    epochs: Few = 20
    learning_rate: NotNegative = 1e-4
    drops: tuple[CountOrNone, ...] = (15,)
    """The learning rate is multiplied by `drop_factor` after each of these epochs."""
    drop_factor: Positive = 0.1
    fades: bool = False
    """Whether the learning rate falls over the stage, along half a cosine, instead of in drops."""
    fades_to: NotNegative = 0.0
    """Where a learning rate that fades ends."""
    pose_fades_to: NotNegative | None = None
    """Where that of the pose network (`ego_motion`) ends, if elsewhere."""
    weight_decay: NotNegative = 0.0
    """Decoupled weight decay, by AdamW; 0: Adam."""
    encoder_rate: NotNegative = 1.0
    """Factor of the learning rate of encoders, which start from ImageNet weights."""
    warm_up: CountOrNone = 0
    """Optimiser steps over which the learning rate rises from near 0; keeps short trainings from collapsing early."""
    trains: tuple[str, ...] = ()
    """Names of the method's parts that learn; the others are frozen, normalisation included. Empty: all learn."""
    encoders_learn: bool = True
    """Whether encoders learn; if not, only their normalisation does: its weights and its running statistics."""

    def learning_rate_at(self, epoch: int, *, step: int = 0, steps: int = 1, pose: bool = False) -> float:
        """Learning rate in `epoch` at `step` of `steps`, all counted from 0 within the stage; `pose`: of that network.

        >>> round(Stage(fades=True, fades_to=2e-5).learning_rate_at(0, step=50, steps=100), 8)
        6e-05
        """
        if self.fades:
            end = self.fades_to if self.pose_fades_to is None or not pose else self.pose_fades_to
            rate = end + (self.learning_rate - end) * 0.5 * (1 + math.cos(math.pi * step / steps))
        else:
            rate = self.learning_rate * self.drop_factor ** sum(epoch >= drop for drop in self.drops)
        return rate * min(1.0, (step + 1) / self.warm_up) if self.warm_up else rate


@dataclass(frozen=True)
class TrainingSettings:
    """What all stages share."""

    seed: Seed = 0
    precision: Literal["auto", "float32", "bfloat16", "float16"] = "float32"
    """Precision of the networks' convolutions; losses and geometry stay float32. "float32" is what the papers train in
    (PyTorch's: convolutions of newer NVIDIA GPUs round to TF32); "auto": bfloat16 where the processor multiplies it
    itself, else float16 on a GPU, float32 on a CPU."""
    steps_per_epoch: Count | None = None
    """Optimiser steps of an epoch, however long that takes; None: once through the data."""
    accumulation: Few = 1
    """Batches per optimiser step, of all processes together."""
    gradient_clip: Positive | None = None
    """Largest norm of the gradient."""
    log_every: Count = 20
    """Optimiser steps between two lines of metrics.jsonl."""
    checkpoint_every: Count = 200
    """Optimiser steps between two checkpoints, besides one after each epoch."""
    snapshot_every: Count | None = None
    """Epochs, of all stages together, between two snapshots: checkpoints that are kept; None: none are."""
    validation_fraction: Share = 0.1
    validation_batches: Count = 20
    """Largest number of batches of a validation."""
    compile: bool = False
    """Compile the loss with torch.compile."""
    keeps_start: bool = False
    """Whether the weights that training starts from are scored, too, and remain the best checkpoint if none is better;
    by depth measured in the held-out frames, which there must be."""

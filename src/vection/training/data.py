"""What a training learns from."""

from dataclasses import dataclass

from torch.utils.data import Dataset

from vection.formats.window import TrainingWindow
from vection.samples import RawSample
from vection.training.augmentation.settings import Augmentation


@dataclass(frozen=True)
class Data:
    """Samples to learn from, held-out samples, and how a batch is made of them."""

    training: Dataset[RawSample]
    validation: Dataset[RawSample] | None
    """None if nothing is held out."""
    batch_size: int
    """Samples of a batch, which several processes divide among themselves; a step may accumulate several batches."""
    augmentation: Augmentation
    workers: int
    """Processes that read samples; 0 reads in the training's own."""
    cameras: tuple[str | None, ...] = ()
    """Names of the cameras by their numbers in samples; None of those without a name."""
    windows: tuple[TrainingWindow, ...] = ()
    """What the clips that are learned from show of their sources; empty where that is not known."""

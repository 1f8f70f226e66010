"""Which samples make which batch: a pure function of seed, epoch and step, so that a resumed run sees the same."""

from collections.abc import Iterator
from itertools import chain, count, islice

import torch
from torch.utils.data import Sampler

from vection.errors import UsageError


class EpochBatches(Sampler[list[int]]):
    """Batches of sample indices of one epoch, for one of `processes` data-parallel processes.

    Samples are drawn without replacement; where an epoch needs more than there are, the permutations follow each other.
    """

    def __init__(
        self, samples: int, *, batch_size: int, batches: int, seed: int, process: int = 0, processes: int = 1
    ) -> None:
        self.samples, self.batch_size, self.batches = samples, batch_size, batches
        self.seed, self.process, self.processes = seed, process, processes
        self.epoch = self.skipped = 0

    def start(self, epoch: int, *, skipped: int = 0) -> None:
        """Choose the epoch that the next iteration yields, without its first `skipped` batches."""
        self.epoch, self.skipped = epoch, skipped

    def __len__(self) -> int:
        """Return the batches a process in the epoch."""
        return self.batches - self.skipped

    def __iter__(self) -> Iterator[list[int]]:
        """Yield the indices of each batch."""
        generator = torch.Generator().manual_seed(self.seed * 1_000_003 + self.epoch)
        permutations = (torch.randperm(self.samples, generator=generator).tolist() for _ in count())
        order = chain.from_iterable(permutations)
        start = self.process * self.batch_size
        for batch in range(self.batches):
            of_all = list(islice(order, self.processes * self.batch_size))
            if batch >= self.skipped:
                yield of_all[start : start + self.batch_size]


def divide_step(batch_size: int, accumulation: int, *, processes: int) -> tuple[int, int]:
    """Return the batch size and the batches a step of each process, which all together have those of one alone.

    Whole batches are given away where there are enough, else each is split. Raises UsageError if neither is possible.

    >>> divide_step(8, 2, processes=2), divide_step(8, 1, processes=2)
    ((8, 1), (4, 1))
    """
    if accumulation % processes == 0:
        return batch_size, accumulation // processes
    if batch_size % processes == 0:
        return batch_size // processes, accumulation
    raise UsageError(
        f"A step of {accumulation} batches of {batch_size} samples cannot be divided among {processes} processes; "
        f"choose a `data.batch_size` or `training.accumulation` that is a multiple of {processes}."
    )

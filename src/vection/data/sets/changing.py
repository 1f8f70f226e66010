"""Samples whose frames differ: without pairs of a standing camera and near-duplicates."""

import torch
from torch.utils.data import Dataset

from vection.errors import DataError
from vection.samples import RawSample

MOST_TRIES = 1000
"""Samples that are read in vain before the data is called still."""


class ChangingSamples(Dataset[RawSample]):
    """As many samples as there are, but those that hardly change are replaced by others, drawn anew for each.

    A sample changes if the mean absolute difference of its target's RGB, in [0, 1], and that of every source exceeds
    `least`. Which one takes a place depends on the place alone. Raises DataError where none of many changes.
    """

    def __init__(self, samples: Dataset[RawSample], *, least: float) -> None:
        self.samples, self.least = samples, least

    def __len__(self) -> int:
        """Return the number of places."""
        return len(self.samples)  # type: ignore[arg-type]

    def __getitem__(self, index: int) -> RawSample:
        """Read the sample of a place, or the first of its substitutes that changes."""
        generator = torch.Generator().manual_seed(index)
        place = index
        for _ in range(MOST_TRIES):
            sample = self.samples[place]
            if least_change(sample) > self.least:
                return sample
            place = int(torch.randint(len(self), (), generator=generator))
        raise DataError(
            f"In {MOST_TRIES} samples nothing changes by more than {self.least} from frame to frame; the camera stands "
            "still, or `data.least_change` is too large."
        )


def least_change(sample: RawSample) -> float:
    """Return the smallest mean absolute difference between target and source, of RGB in [0, 1]."""
    differences = (sample.sources.float() - sample.target[:, None].float()).abs().mean(dim=(2, 3, 4)) / 255
    return float(differences.min())

"""Which images have moving objects: a threshold from the overlaps of an epoch's images (SGDepth, after eq. 10)."""

import torch
from torch import Tensor, nn

LOGGED = 65_536
"""Number of overlaps of an epoch that are remembered; the last ones count."""


class OverlapLog(nn.Module):
    """The overlaps of the epoch's images and the threshold from the last epoch's, in buffers, so checkpoints hold both.

    The first threshold masks every image; as released, none.
    """

    threshold: Tensor
    overlaps: Tensor
    count: Tensor

    def __init__(self, *, as_released: bool = False) -> None:
        super().__init__()
        self.as_released = as_released
        self.register_buffer("overlaps", torch.full((LOGGED,), torch.nan))
        self.register_buffer("count", torch.zeros((), dtype=torch.int64))
        self.register_buffer("threshold", overlap_threshold(self.overlaps, 0.0, as_released=as_released))

    def add(self, overlaps: Tensor) -> None:
        """Remember the overlaps of a batch (NaN: no dynamic pixel)."""
        places = (self.count + torch.arange(len(overlaps), device=overlaps.device)) % LOGGED
        self.overlaps[places] = overlaps
        self.count += len(overlaps)

    def end_epoch(self, share: float) -> None:
        """Choose the threshold that leaves a share of the images unmasked, and forget the overlaps."""
        self.threshold.copy_(overlap_threshold(self.overlaps, share, as_released=self.as_released))
        self.overlaps.fill_(torch.nan)
        self.count.zero_()


def unmasked_share(epoch: int, *, begin: int, epochs: int) -> float:
    """Return epsilon of `epoch`: 0 in epoch `begin`, rising linearly to 1 in the last (section 4)."""
    last = epochs - 1
    return (epoch - begin) / (last - begin) if last > begin else float(epoch > begin)


def overlap_threshold(overlaps: Tensor, share: float, *, as_released: bool = False) -> Tensor:
    """theta: at least a share (epsilon) of the logged overlaps is not below it; NaN entries do not count.

    A share of 0 masks every image and 1 none. As released, where nothing can be known nothing is masked, and 1 gives
    the least logged overlap.
    """
    unknown = overlaps.new_tensor(0.0 if as_released else float("inf"))
    if share <= 0:
        return unknown
    if share > 1 or (share == 1 and not as_released):
        return torch.zeros_like(unknown)
    threshold = overlaps.nanquantile(1 - share)
    return torch.where(threshold.isnan(), unknown, threshold)

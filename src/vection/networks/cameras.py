"""The camera as a part of a method: intrinsics as given, learned a camera, or predicted a pair of frames."""

from collections.abc import Mapping
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from vection.samples import Batch
from vection.types import Image, Intrinsics

IntrinsicsSource = Literal["given", "per-camera", "per-pair"]
"""Whether intrinsics are given, learned for each camera, or predicted for each pair of frames."""

MOST_CAMERAS = 1000
"""How many cameras can be learned, one correction each."""

FOCAL_GAIN = 30.0
"""How much faster than a weight the logarithm of a focal length moves: 0.3 % a step at a learning rate of 1e-4.

A wrong f and wrong angles explain much of the image together; they have to change together, which takes long.
"""

RATIO_GAIN = 1.0
"""How much faster than a weight the logarithm of fy / fx moves.

The given ratio is trusted more: turning about the vertical does not show it (fy cancels), and every error of the
predicted motion makes a smaller fy look better.
"""

CENTRE_GAIN = 10.0
"""How much faster than a weight the principal point moves: 0.1 % of the size a step at a learning rate of 1e-4."""


class LearnedCameras(nn.Module):
    """One correction a camera of the given intrinsics, which may be a guess (Li et al., section 4.4).

    fx = fx_given exp(a), fy = fy_given exp(a + r), c = c_given + b (width, height); a, r and b start at 0, and only fx
    teaches a.
    """

    given: Tensor
    """fx, fy, cx, cy of each camera's stored images before correction; 0 for cameras that were not seen."""

    def __init__(self) -> None:
        super().__init__()
        self.corrections = nn.Parameter(torch.zeros(MOST_CAMERAS, 4))
        self.register_buffer("given", torch.zeros(MOST_CAMERAS, 4))

    def forward(self, batch: Batch) -> Intrinsics:
        """Return K of the targets, in pixels of the (augmented) images that the batch holds."""
        if batch.camera is None:
            raise ValueError("learned cameras need batches that know their camera")
        scale, offset = batch.stored_to_image.diagonal(dim1=1, dim2=2)[:, :2], batch.stored_to_image[:, :2, 2]
        focal, centre = batch.intrinsics.diagonal(dim1=1, dim2=2)[:, :2], batch.intrinsics[:, :2, 2]
        if self.training:
            self.given[batch.camera] = torch.cat([focal / scale.abs(), (centre - offset) / scale], dim=1).detach()
        log_factor, shift = self._corrections(batch.target.shape).index_select(0, batch.camera).split(2, dim=1)
        # The centre moves with the image: against x in a mirrored one, faster in a zoomed one.
        return camera_matrices(focal * log_factor.exp(), centre + scale * shift)

    def take_over(self, numbers: Mapping[int, int]) -> None:
        """Keep what was learned of the cameras `numbers` (number before: number from now on), and forget the others."""
        for table in (self.corrections.data, self.given):
            before = table.clone()
            table.zero_()
            for old, new in numbers.items():
                table[new] = before[old]

    def _load_from_state_dict(self, state_dict: dict[str, Tensor], prefix: str, *others: Any) -> None:
        """Load tables of fewer cameras as well, as older checkpoints have them."""
        for name in ("corrections", "given"):
            table = state_dict.get(prefix + name)
            if table is not None and len(table) < MOST_CAMERAS:
                state_dict[prefix + name] = functional.pad(table, (0, 0, 0, MOST_CAMERAS - len(table)))
        super()._load_from_state_dict(state_dict, prefix, *others)

    def found(self, size: torch.Size) -> dict[int, tuple[float, ...]]:
        """Return fx, fy, cx, cy of every camera seen in training, in pixels of the stored images of shape `size`."""
        corrections = self._corrections(size)
        numbers = torch.cat(
            [self.given[:, :2] * corrections[:, :2].exp(), self.given[:, 2:] + corrections[:, 2:]], dim=1
        )
        return {int(camera): tuple(numbers[camera].tolist()) for camera in self.given[:, 0].nonzero()[:, 0]}

    def _corrections(self, size: torch.Size) -> Tensor:
        """Logarithms of factors of f, and shifts of c in pixels."""
        gains = [FOCAL_GAIN, RATIO_GAIN, CENTRE_GAIN * size[-1], CENTRE_GAIN * size[-2]]
        focal, ratio, *shift = (self.corrections * self.corrections.new_tensor(gains)).unbind(dim=1)
        return torch.stack([focal, focal.detach() + ratio, *shift], dim=1)


class PredictedCameras(nn.Module):
    """Intrinsics from the last feature of a pose network (Gordon et al. 2019; Li et al., section 4.4).

    f = softplus(..) (width, height), c = (1/2 + ..) (width, height): at the start f is about 0.7 of the size.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.focal = nn.Conv2d(channels, 2, 1)
        self.centre = nn.Conv2d(channels, 2, 1, bias=False)

    def forward(self, feature: Tensor, *, height: int, width: int) -> Intrinsics:
        """Map (batch, channels, h, w) to K of images of this size."""
        with torch.autocast(feature.device.type, enabled=False):
            pooled = feature.float().mean(dim=(2, 3), keepdim=True)
            size = pooled.new_tensor([width, height])
            focal = functional.softplus(self.focal(pooled))[:, :, 0, 0] * size
            centre = (0.5 + self.centre(pooled)[:, :, 0, 0]) * size
        return camera_matrices(focal, centre)


def camera_matrices(focal: Tensor, centre: Tensor) -> Intrinsics:
    """K of (batch, 2) focal lengths and principal points."""
    K = torch.diag_embed(torch.cat([focal, torch.ones_like(focal[:, :1])], dim=1))
    return K + functional.pad(centre[:, :, None], (2, 0, 0, 1))


class Cameras(nn.Module):
    """Intrinsics of a batch, from the source that the method's settings name."""

    def __init__(self, source: IntrinsicsSource, *, channels: int) -> None:
        """`channels` are those of the pose network's last feature."""
        super().__init__()
        self.source = source
        self.learned = LearnedCameras() if source == "per-camera" else None
        self.predicted = PredictedCameras(channels) if source == "per-pair" else None

    def found(self, size: torch.Size) -> dict[int, tuple[float, ...]]:
        """Return fx, fy, cx, cy of each learned camera by its number; empty if cameras are not learned one by one."""
        return {} if self.learned is None else self.learned.found(size)

    def of_pair(self, feature: Tensor, *, like: Image) -> Intrinsics | None:
        """K of images of the size of `like`, if it is predicted: from the pose network's last feature of the pair."""
        if self.predicted is None:
            return None
        K: Intrinsics = self.predicted(feature, height=like.shape[-2], width=like.shape[-1])
        return K

    def forward(self, batch: Batch, feature: Tensor) -> tuple[Intrinsics, Tensor]:
        """Return K of the targets and (batch, source, 3, 3) of their sources.

        `feature` is the pose network's of every pair, (batch * source, ..). A learned camera takes target and sources.
        """
        if self.learned is not None:
            K = self.learned(batch)
        elif self.predicted is not None:
            height, width = batch.target.shape[-2:]
            K = self.predicted(feature, height=height, width=width).unflatten(0, (len(batch), -1)).mean(dim=1)
        else:
            return batch.intrinsics, batch.source_intrinsics
        return K, K[:, None].expand_as(batch.source_intrinsics)

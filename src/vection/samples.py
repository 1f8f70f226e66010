"""The two states of what is learned from: raw samples, which data sets yield, and batches, which networks consume.

`training.augmentation.augment.augment` makes a batch of stacked raw samples, on the device.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, TypeVar

import torch
from jaxtyping import Bool, Float, Int64, UInt8
from torch import Tensor

from vection.errors import DataError
from vection.types import ClassMap, Depth, Image, Intrinsics, Map, Mask, RawImage, RawSources, Sources, Transform

Group = TypeVar("Group")
"""A (nested) dataclass of tensors."""


class _Movable:
    """Copies of a group of tensors in other memory."""

    def to(self: Group, device: torch.device | str) -> Group:
        """Copy to `device`."""
        return map_tensors(self, lambda tensor: tensor.to(device, non_blocking=True))

    def pin_memory(self: Group) -> Group:
        """Copy to page-locked memory (called by the data loader)."""
        return map_tensors(self, lambda tensor: tensor.pin_memory())


@dataclass(frozen=True)
class Measured:
    """Geometry measured in the clip (`vection.data.measure`), in its unit: depth of targets, motion to sources."""

    depth: Depth
    """0 where it is unknown."""
    weight: Map
    """0 to 1; 0 where depth is unknown."""
    ground: Float[Tensor, "batch 3"]
    """m with 1 / depth = m . K^-1 (x, y, 1) on the ground; 0 where none was found."""
    T_target_to_source: Float[Tensor, "batch source 4 4"]
    """The identity where it is unknown."""
    motion_known: Bool[Tensor, "batch source"]
    exact: Bool[Tensor, " batch"]
    """Whether depth is that of the synthetic world, so that nothing contradicts it."""
    moving: Map | None = None
    """1 where something was seen to move by itself, 0 where nothing was or nothing is known."""


@dataclass(frozen=True)
class RawStereoView:
    """The other camera of a calibrated pair, at the target's instant, as stored."""

    image: RawImage
    intrinsics: Intrinsics
    T_target_to_stereo: Transform
    """Known transform; translation in the unit that the depth shall have."""


@dataclass(frozen=True)
class RawLabelledImage(_Movable):
    """Images of another domain with their classes, as stored; of any one size."""

    image: RawImage
    classes: ClassMap


@dataclass(frozen=True)
class RawSample(_Movable):
    """Targets with their source frames as stored; a data set yields one target, `stack` joins several."""

    target: RawImage
    sources: RawSources
    intrinsics: Intrinsics
    """K of the target in pixels of the stored image."""
    source_intrinsics: Float[Tensor, "batch source 3 3"]
    seconds: Float[Tensor, "batch source"]
    """Time from the target to each source: negative for the past."""
    stereo: RawStereoView | None = None
    usable: Mask | None = None
    """False where the target shows the bonnet, black corners or an overlay; None if all is usable."""
    camera: Int64[Tensor, " batch"] | None = None
    """Which camera took the sample; frames of one camera share learned intrinsics."""
    classes: ClassMap | None = None
    """Classes of the target, where class maps are given as files."""
    source_classes: UInt8[Tensor, "batch source height width"] | None = None
    labelled: RawLabelledImage | None = None
    """Images of a second domain with known classes, as many as targets."""
    measured: Measured | None = None

    def __len__(self) -> int:
        """Return the number of targets."""
        return self.target.shape[0]


@dataclass(frozen=True)
class StereoView:
    """The other camera of a calibrated pair, at the target's instant."""

    image: Image
    """Clean image of the other camera."""
    jittered: Image
    """The same image, colour-jittered like the target."""
    intrinsics: Intrinsics
    T_target_to_stereo: Transform
    """Known transform; translation in the unit that the depth shall have."""


@dataclass(frozen=True)
class LabelledImage:
    """Images of another domain than the targets, with their classes; augmented, of the size of the targets."""

    image: Image
    classes: ClassMap


@dataclass(frozen=True)
class Batch(_Movable):
    """A batch of targets with their source frames. Networks see the jittered twins, losses the clean images."""

    target: Image
    sources: Sources
    target_jittered: Image
    sources_jittered: Sources
    intrinsics: Intrinsics
    """K of the target in pixels of the images held here."""
    source_intrinsics: Float[Tensor, "batch source 3 3"]
    seconds: Float[Tensor, "batch source"]
    """Time from the target to each source: negative for the past."""
    stored_to_image: Float[Tensor, "batch 3 3"]
    """Where augmentation put the pixels of the stored image: homogeneous pixels to pixels of the images held here."""
    stereo: StereoView | None = None
    usable: Mask | None = None
    """False where the target shows the bonnet, black corners or an overlay; None if all is usable."""
    camera: Int64[Tensor, " batch"] | None = None
    """Which camera took the sample; frames of one camera share learned intrinsics."""
    classes: ClassMap | None = None
    """Classes of the target, where class maps are given as files."""
    source_classes: UInt8[Tensor, "batch source height width"] | None = None
    labelled: LabelledImage | None = None
    """Images of a second domain with known classes, as many as targets."""
    measured: Measured | None = None
    """Geometry measured in the clip, mirrored and zoomed like the images."""

    def __len__(self) -> int:
        """Return the batch size."""
        return self.target.shape[0]


def map_tensors(group: Group, function: Callable[[Tensor], Tensor]) -> Group:
    """Apply `function` to every tensor of a (nested) dataclass of tensors; None stays None."""
    changed: dict[str, Any] = {}
    for field in fields(group):  # type: ignore[arg-type]
        value = getattr(group, field.name)
        if isinstance(value, Tensor):
            changed[field.name] = function(value)
        elif is_dataclass(value):
            changed[field.name] = map_tensors(value, function)
    return replace(group, **changed)  # type: ignore[type-var]


def stack(samples: Sequence[Group]) -> Group:
    """Join samples along the batch; the `collate_fn` of every loader. What one sample lacks all must lack."""
    first = samples[0]
    joined: dict[str, Any] = {}
    for field in fields(first):  # type: ignore[arg-type]
        values = [getattr(sample, field.name) for sample in samples]
        absent = [value is None for value in values]
        if any(absent) and not all(absent):
            raise DataError(f"Some samples of a batch have '{field.name}' and some have not; give all of them or none.")
        if isinstance(values[0], Tensor):
            joined[field.name] = torch.cat(values)
        elif is_dataclass(values[0]):
            joined[field.name] = stack(values)
    return replace(first, **joined)  # type: ignore[type-var]

"""What data sets yield and networks consume: frozen dataclasses of tensors."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, TypeVar

import torch
from jaxtyping import Float, Int64, UInt8
from torch import Tensor

from vection.errors import DataError
from vection.types import ClassMap, Image, Intrinsics, Mask, RawImage, RawSources, Sources, Transform


@dataclass(frozen=True)
class StereoView:
    """The other camera of a calibrated pair, at the target's instant."""

    image: Image | RawImage
    """Clean image of the other camera."""
    jittered: Image | RawImage
    """The same image, colour-jittered like the target."""
    intrinsics: Intrinsics
    T_target_to_stereo: Transform
    """Known transform; translation in the unit that the depth shall have."""


@dataclass(frozen=True)
class LabelledImage:
    """A batch of images with their classes, of another domain than the clips; raw ones may have a size of their own."""

    image: Image | RawImage
    classes: ClassMap


@dataclass(frozen=True)
class Clip:
    """A batch of targets with their source frames.

    A data set yields clips of batch size 1 with raw images (uint8) and `jittered` equal to the clean ones;
    `data.augmentation` makes float images of them, on the device. Networks see the jittered twins, losses the clean
    ones.
    """

    target: Image | RawImage
    sources: Sources | RawSources
    target_jittered: Image | RawImage
    sources_jittered: Sources | RawSources
    intrinsics: Intrinsics
    """K of the target in pixels of the images held here."""
    source_intrinsics: Float[Tensor, "batch source 3 3"]
    seconds: Float[Tensor, "batch source"]
    """Time from the target to each source: negative for the past."""
    stereo: StereoView | None = None
    usable: Mask | None = None
    """False where the target shows the bonnet, black corners or an overlay; None if all is usable."""
    camera: Int64[Tensor, " batch"] | None = None
    """Which camera took the sample; frames of one camera share learned intrinsics."""
    stored_to_image: Float[Tensor, "batch 3 3"] | None = None
    """Where augmentation put the pixels of the stored image: homogeneous pixels to pixels of the images held here."""
    classes: ClassMap | None = None
    """Classes of the target, where class maps are given as files."""
    source_classes: UInt8[Tensor, "batch source height width"] | None = None
    labelled: LabelledImage | None = None
    """Images of a second domain with known classes, as many as clips."""

    def __len__(self) -> int:
        """Return the batch size."""
        return self.target.shape[0]

    def to(self, device: torch.device | str) -> "Clip":
        """Copy to `device`."""
        return map_tensors(self, lambda tensor: tensor.to(device, non_blocking=True))

    def pin_memory(self) -> "Clip":
        """Copy to page-locked memory (called by the data loader)."""
        return map_tensors(self, lambda tensor: tensor.pin_memory())


Sample = TypeVar("Sample")


def map_tensors(sample: Sample, function: Callable[[Tensor], Tensor]) -> Sample:
    """Apply `function` to every tensor of a (nested) dataclass of tensors; None stays None."""
    changed: dict[str, Any] = {}
    for field in fields(sample):  # type: ignore[arg-type]
        value = getattr(sample, field.name)
        if isinstance(value, Tensor):
            changed[field.name] = function(value)
        elif is_dataclass(value):
            changed[field.name] = map_tensors(value, function)
    return replace(sample, **changed)  # type: ignore[type-var]


def stack(samples: Sequence[Sample]) -> Sample:
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

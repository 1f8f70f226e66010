"""One frame compared with another: image and depth (SC-SfMLearner, sections 3.2 to 3.4)."""

from dataclasses import dataclass
from typing import Literal

from jaxtyping import Float
from torch import Tensor

from vection.geometry.warp import SeenWithDepth, warp_with_depth
from vection.losses.geometry_consistency import consistency_weight, depth_inconsistency, mean_of_each_pair
from vection.losses.photometric import Target, photometric_error
from vection.losses.ssim import Window
from vection.types import Depth, Image, Intrinsics, Map, Mask, Transform


@dataclass(frozen=True)
class Comparison:
    """How one frame is compared with another; see the settings of SC-SfMLearner."""

    ssim_weight: float
    self_discovered_mask: bool
    image_mean: float
    image_deviation: float
    window: Window
    largest_difference: float | None
    auto_mask: bool
    padding: Literal["blank", "border"]
    align_corners: bool
    minimum_sampled_depth: float
    least_elements: int

    def normalise(self, image: Tensor) -> Tensor:
        """RGB in [0, 1] (any leading dimensions) to what is compared."""
        return (image - self.image_mean) / self.image_deviation

    def restore(self, image: Image) -> Image:
        """Undo `normalise`, to show a compared image."""
        return (image * self.image_deviation + self.image_mean).clamp(0, 1)


@dataclass(frozen=True)
class DepthView:
    """Frames with their depth; images normalised as they are compared."""

    image: Image
    depth: Depth
    intrinsics: Intrinsics


@dataclass(frozen=True)
class PairMaps:
    """What the first frames of a batch of pairs say about the second."""

    seen: SeenWithDepth
    error: Map
    """Photometric error, weighted by M if the comparison wants it."""
    inconsistency: Map
    counted: Mask
    """V: inside the second frame, and not masked otherwise."""


def compare(first: DepthView, second: DepthView, T_first_to_second: Transform, *, comparison: Comparison) -> PairMaps:
    """Predict the first frames from the second and compare images and depths (sections 3.2 to 3.4)."""
    seen = warp_with_depth(
        second.image,
        second.depth,
        first.depth,
        T_first_to_second,
        intrinsics=first.intrinsics,
        source_intrinsics=second.intrinsics,
        padding=comparison.padding,
        align_corners=comparison.align_corners,
        minimum_sampled_depth=comparison.minimum_sampled_depth,
    )
    target, predicted = Target.of(first.image, window=comparison.window), seen.image[:, None]
    error = photometric_error(
        predicted,
        target,
        ssim_weight=comparison.ssim_weight,
        window=comparison.window,
        largest_difference=comparison.largest_difference,
    )  # eq. 3
    inconsistency = depth_inconsistency(seen.computed_depth, seen.sampled_depth)  # eq. 5
    if comparison.self_discovered_mask:
        error = consistency_weight(inconsistency) * error  # eq. 7, 8
    counted = seen.inside_image
    if comparison.auto_mask:
        warped = photometric_error(predicted, target, ssim_weight=0.0, largest_difference=comparison.largest_difference)
        counted = counted & (warped < photometric_error(second.image[:, None], target, ssim_weight=0.0))
    return PairMaps(seen, error, inconsistency, counted)


def losses_of_pairs(
    maps: PairMaps, *, pairs: int, comparison: Comparison, usable: Mask | None = None
) -> tuple[Float[Tensor, " pair"], Float[Tensor, " pair"]]:
    """Photometric and geometry consistency loss (eq. 8, 6) of each pair of frames that a sample has, over the batch.

    `maps` holds the `pairs` of the first sample, then those of the second, ...; `usable` is of the samples.
    """
    error, inconsistency, counted = (
        values.unflatten(0, (-1, pairs))[:, :, 0] for values in (maps.error, maps.inconsistency, maps.counted)
    )
    if usable is not None:
        counted = counted & usable
    least = comparison.least_elements
    channels = maps.seen.image.shape[1]
    return (
        mean_of_each_pair(error, counted, more_than=least / channels),
        mean_of_each_pair(inconsistency, counted, more_than=float(least)),
    )

"""Depth evaluation protocols as data: what is compared with what, where, and how it is averaged."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from vection.arrays import FloatMap, PixelMask
from vection.data.clips.truth_sources import source_sentence
from vection.evaluation.predictions.kinds import MapKind

Median = Literal["middle", "lower"]
Averaging = Literal["per image", "per pixel"]
Interpolation = Literal["bilinear", "nearest"]

ALL = "all"
"""The category of every evaluated pixel."""


@dataclass(frozen=True)
class Crop:
    """A window in fractions of the image: from int(fraction * size) inclusive to int(fraction * size) exclusive."""

    name: str
    top: float
    bottom: float
    left: float
    right: float

    @classmethod
    def of_pixels(cls, name: str, window: tuple[int, int, int, int], *, height: int, width: int) -> "Crop":
        """Return the crop with this window (first row, end row, first column, end column) of an image of this size."""
        # Half a pixel more, so that rounding never truncates to the pixel before.
        top, bottom, left, right = (pixel + 0.5 for pixel in window)
        return cls(name, top / height, bottom / height, left / width, right / width)

    def window(self, height: int, width: int) -> tuple[int, int, int, int]:
        """Return first row, end row, first column, end column."""
        rows = int(self.top * height), int(self.bottom * height)
        return *rows, int(self.left * width), int(self.right * width)

    def size(self, height: int, width: int) -> tuple[int, int]:
        """Return height and width of the window of an image of this size."""
        top, bottom, left, right = self.window(height, width)
        return bottom - top, right - left

    def inside(self, height: int, width: int) -> PixelMask:
        """Return True in the window."""
        top, bottom, left, right = self.window(height, width)
        inside = np.zeros((height, width), np.bool_)
        inside[top:bottom, left:right] = True
        return inside


GARG = Crop("Garg", top=0.40810811, bottom=0.99189189, left=0.03594771, right=0.96405229)
"""Garg et al. 2016; on 375x1242 rows 153:371, columns 44:1197."""

CITYSCAPES_WINDOW = Crop("struct2depth window", top=0.25, bottom=0.75, left=0.09375, right=0.90625)
"""Casser et al. 2019; on 1024x2048 rows 256:768, columns 192:1856, above the bonnet."""

WITHOUT_BONNET = Crop("upper three quarters", top=0.0, bottom=0.75, left=0.0, right=1.0)
"""What ManyDepth's networks see of Cityscapes."""


@dataclass(frozen=True)
class DepthProtocol:
    """Everything that changes the numbers; a table is only comparable with one of the same protocol.

    >>> DepthProtocol("mine", "my laser", truth_below=50.0, scaling="none").describe()
    'mine: ground truth my laser (depth, < 50 m); no crop; no scaling; prediction clamped to [0.001, 80] m; ...'
    """

    name: str
    ground_truth: str
    """Where the true depth comes from: an identifier of `data.clips.truth_sources`, or other words."""
    min_depth: float = 1e-3
    max_depth: float = 80.0
    """Predictions are clamped to [min_depth, max_depth] metres, after scaling, if `clamp`."""
    clamp: bool = True
    truth_above: float = 0.0
    """True depth counts where strictly greater."""
    truth_below: float | None = None
    """True depth counts where strictly less; None for no cap."""
    crop: Crop | None = None
    scaling: Literal["median-per-image", "one-scale", "none"] = "median-per-image"
    """median(truth) / median(prediction) over the evaluated pixels of an image; or the median of these for all."""
    median: Median = "middle"
    """Of an even number: the mean of the two middle values (NumPy), or the lower one (torch; Dynamo-Depth)."""
    factor: float = 1.0
    """Multiplies every prediction first: 5.4 turns the stereo unit of Monodepth2 (baseline 0.1) into KITTI's metres."""
    resize: MapKind = "inverse-depth"
    """What is resized to the size of the truth (bilinear, half-pixel centres) where sizes differ."""
    averaging: Averaging = "per image"
    """Mean over images of the errors of an image; 'per pixel' weights each image by its number of pixels."""
    seen: Crop | None = None
    """The part of the truth's image that the prediction shows, if not all; a map of the truth's size shows all."""
    categories: tuple[str, ...] = (ALL,)
    """Scale is that of the whole image for every category."""
    category_averaging: Averaging | None = None
    """Of the categories beside 'all', if another than `averaging`."""
    interpolation: Interpolation = "bilinear"
    """'nearest' takes the pixel at the upper left corner of each new one, as OpenCV does."""
    log_base: Literal["e", "10"] = "e"
    """Of RMSElog."""
    server: bool = False
    """Print the errors of KITTI's depth server as well."""
    selection: str | None = None
    """Which images of the source are meant, in words, if not all."""
    part: str | None = None
    """Of Cityscapes in its own layout: train, val or test."""
    images: int | None = None
    """Images of the published test set, which the table compares with those that were evaluated."""

    def averaging_of(self, category: str) -> Averaging:
        """Return how the errors of a category are averaged."""
        return self.averaging if category == ALL else self.category_averaging or self.averaging

    def evaluated(self, truth: FloatMap) -> PixelMask:
        """Return where the true depth counts."""
        mask = np.isfinite(truth) & (truth > self.truth_above)
        if self.truth_below is not None:
            mask &= truth < self.truth_below
        for crop in (self.crop, self.seen):
            if crop is not None:
                mask &= crop.inside(*truth.shape)
        return np.asarray(mask)

    def describe(self) -> str:
        """Return one line that states everything."""
        cap = "no cap" if self.truth_below is None else f"< {self.truth_below:g} m"
        floor = f"{self.truth_above:g} < " if self.truth_above else ""
        scaling = {
            "median-per-image": "median scaling per image",
            "one-scale": "one scale for all (median of the images' ratios)",
            "none": "no scaling",
        }[self.scaling]
        factor = f" after x{self.factor:g}" if self.factor != 1 else ""
        clamp = f"prediction clamped to [{self.min_depth:g}, {self.max_depth:g}] m" if self.clamp else "no clamping"
        resized = (
            " bilinearly" if self.interpolation == "bilinear" else " to OpenCV's nearest pixel (the upper left one)"
        )
        selection = f", {self.selection}" if self.selection else ""
        parts = [
            f"{self.name}: ground truth {source_sentence(self.ground_truth)}{selection} ({floor}depth, {cap})",
            f"{self.crop.name} crop" if self.crop else "no crop",
            *([f"prediction of the {self.seen.name}"] if self.seen else []),
            scaling + factor + (" (lower medians)" if self.median == "lower" else ""),
            clamp,
            f"{self.resize.replace('-', ' ')} resized{resized}",
            f"averaged {self.averaging}",
            *([f"categories {self.category_averaging}"] if self.category_averaging else []),
            *(["logarithms to base 10"] if self.log_base == "10" else []),
            *([f"published with {self.images} images"] if self.images else []),
        ]
        return "; ".join(parts)

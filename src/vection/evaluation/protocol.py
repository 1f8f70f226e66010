"""Depth evaluation protocols as data: what is compared with what, where, and how it is averaged."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float

from vection.errors import UsageError
from vection.evaluation.predictions import MapKind

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

    def window(self, height: int, width: int) -> tuple[int, int, int, int]:
        """Return first row, end row, first column, end column."""
        rows = int(self.top * height), int(self.bottom * height)
        return *rows, int(self.left * width), int(self.right * width)


GARG = Crop("Garg", top=0.40810811, bottom=0.99189189, left=0.03594771, right=0.96405229)
"""Garg et al. 2016; on 375x1242 rows 153:371, columns 44:1197."""


@dataclass(frozen=True)
class DepthProtocol:
    """Everything that changes the numbers; a table is only comparable with one of the same protocol."""

    name: str
    ground_truth: str
    """Where the true depth comes from, in words."""
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
    factor: float = 1.0
    """Multiplies every prediction first: 5.4 turns the stereo unit of Monodepth2 (baseline 0.1) into KITTI's metres."""
    resize: MapKind = "inverse-depth"
    """What is resized to the size of the truth (bilinear, half-pixel centres) where sizes differ."""
    averaging: Literal["per image", "per pixel"] = "per image"
    """Mean over images of the errors of an image; 'per pixel' weights each image by its number of pixels."""
    categories: tuple[str, ...] = (ALL,)
    """Scale is that of the whole image for every category."""

    def evaluated(self, truth: Float[np.ndarray, "height width"]) -> Bool[np.ndarray, "height width"]:
        """Return where the true depth counts."""
        mask = truth > self.truth_above
        if self.truth_below is not None:
            mask &= truth < self.truth_below
        if self.crop is not None:
            top, bottom, left, right = self.crop.window(*truth.shape)
            inside = np.zeros_like(mask)
            inside[top:bottom, left:right] = True
            mask &= inside
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
        parts = [
            f"{self.name}: ground truth {self.ground_truth} ({floor}depth, {cap})",
            f"{self.crop.name} crop" if self.crop else "no crop",
            scaling + factor,
            clamp,
            f"{self.resize.replace('-', ' ')} resized bilinearly",
            f"averaged {self.averaging}",
        ]
        return "; ".join(parts)


KITTI_EIGEN = DepthProtocol(
    "kitti-eigen", "velodyne projected, its forward coordinate x", truth_above=1e-3, truth_below=80.0, crop=GARG
)
"""697 images; the numbers of Monodepth2's and SC-SfMLearner's tables."""

KITTI_EIGEN_Z = DepthProtocol(
    "kitti-eigen-z", "velodyne projected, camera z", truth_above=1e-3, truth_below=80.0, crop=GARG
)
"""The same with true z-depth, as SGDepth has it (its maps are also rounded to 1/256 m)."""

KITTI_EIGEN_STEREO = DepthProtocol(
    "kitti-eigen-stereo",
    "velodyne projected, its forward coordinate x",
    truth_above=1e-3,
    truth_below=80.0,
    crop=GARG,
    scaling="none",
    factor=5.4,
)
"""For nets trained with Monodepth2's stereo baseline of 0.1; KITTI's is 0.54 m."""

EIGEN_BENCHMARK = DepthProtocol("eigen-benchmark", "KITTI's improved depth maps (Uhrig et al. 2017)")
"""652 images; no crop and no cap on the truth, predictions still clamped."""

KITTI_2015 = DepthProtocol(
    "kitti-2015", "KITTI 2015 stereo disparity, focal * baseline / disparity", categories=(ALL, "static", "moving")
)
"""Training images of KITTI 2015; 'moving' are the pixels of its object map."""

SYNTHETIC = DepthProtocol(
    "synthetic",
    "the renderer's depth",
    truth_below=80.0,
    categories=(ALL, "static background", "static objects", "moving objects"),
)
"""The synthetic world; static objects could move (parked cars)."""

PROTOCOLS = (KITTI_EIGEN, KITTI_EIGEN_Z, KITTI_EIGEN_STEREO, EIGEN_BENCHMARK, KITTI_2015, SYNTHETIC)


def get_protocol(name: str) -> DepthProtocol:
    """Return a protocol by name; UsageError naming the known ones."""
    for protocol in PROTOCOLS:
        if protocol.name == name:
            return protocol
    known = ", ".join(protocol.name for protocol in PROTOCOLS)
    raise UsageError(f"There is no evaluation protocol '{name}'; choose one of {known}.")

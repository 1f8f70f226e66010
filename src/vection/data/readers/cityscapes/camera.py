"""The left camera of Cityscapes' pairs, and depth from their disparity."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import UInt16

from vection.arrays import DepthMap
from vection.data.clips.truth_sources import TruthSource
from vection.errors import DataError
from vection.files import read_json

WIDTH = 2048
"""Pixels of a whole image."""
HEIGHT = 1024
"""Pixels of a whole image."""
TRUTH_SOURCE: TruthSource = "cityscapes-disparity"


@dataclass(frozen=True)
class CityscapesCamera:
    """The left camera of a pair of the whole image, 2048 x 1024."""

    fx: float
    fy: float
    cx: float
    cy: float
    baseline: float
    """Metres to the right camera."""


def depth_from_disparity(stored: UInt16[np.ndarray, "height width"], *, focal: float, baseline: float) -> DepthMap:
    """Depth in metres of a disparity PNG; 0 where it has no measurement.

    0 means none, otherwise disparity = (p - 1) / 256 pixels; depth = focal * baseline / disparity, `focal` in pixels
    and `baseline` in metres, both of the image's own camera file.
    """
    disparity = (stored.astype(np.float64) - 1) / 256
    depth = np.divide(focal * baseline, disparity, out=np.zeros(stored.shape), where=disparity > 0)
    return depth.astype(np.float32)


def read_camera(file: Path) -> CityscapesCamera:
    """Read a `*_camera.json`. DataError if it is missing or incomplete."""
    content = read_json(file, remedy="Cityscapes has one an image.", missing=DataError)
    try:
        inner, outer = content["intrinsic"], content["extrinsic"]
        fx, fy, cx, cy = (float(inner[key]) for key in ("fx", "fy", "u0", "v0"))
        camera = CityscapesCamera(fx, fy, cx, cy, float(outer["baseline"]))
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"{file} holds no intrinsic.fx, fy, u0, v0 and extrinsic.baseline ({error}), so depth is unknown."
        ) from error
    if not (camera.fx > 0 and camera.fy > 0 and camera.baseline > 0 and np.isfinite(camera.fx * camera.baseline)):
        raise DataError(f"{file} says fx {camera.fx:g} and baseline {camera.baseline:g}, which must be positive.")
    return camera

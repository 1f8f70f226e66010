"""What a predictor says about one frame."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Float64, UInt8

RgbImage = UInt8[np.ndarray, "height width 3"]
DepthMap = Float32[np.ndarray, "height width"]
CameraNumbers = tuple[float, float, float, float]
"""fx, fy, cx, cy in pixels; pixel centres at integers."""


@dataclass(frozen=True)
class Prediction:
    """Depth of one frame at the size of its image, and where the camera was."""

    name: str
    image: RgbImage
    """What was predicted from, as given."""
    depth: DepthMap
    """z of the camera, positive, in `unit`."""
    unit: str
    """'up-to-scale' or 'metres'."""
    scale_source: str
    """How the scale was found, in words."""
    seconds: float = 0.0
    intrinsics: CameraNumbers | None = None
    """Of the image, if known."""
    T_camera_to_world: Float64[np.ndarray, "4 4"] | None = None
    """Place of the camera; the world is the first frame's camera. Only from `Predictor.stream`, in `unit`."""

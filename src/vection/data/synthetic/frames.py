"""One rendered frame with its exact truth."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int32, UInt8

STATIC = 0
"""Category of the static background."""
MOVABLE = 1
"""Category of a static object that could move."""
MOVING = 2
"""Category of a moving object."""
NO_CATEGORY = 255
"""Category of the sky, and where there is none."""


@dataclass(frozen=True)
class RenderedFrame:
    """Image and truth; everything that is not the image belongs to the ray through the pixel's centre."""

    image: UInt8[np.ndarray, "height width 3"]
    depth: Float32[np.ndarray, "height width"]
    """z in metres; inf at the sky and on the bonnet."""
    T_camera_to_world: Float64[np.ndarray, "4 4"]
    object_flow: Float32[np.ndarray, "3 height width"]
    """Motion of the scene point itself until the next frame, metres, in this camera's coordinates; 0 where static."""
    category: UInt8[np.ndarray, "height width"]
    semantics: UInt8[np.ndarray, "height width"]
    """Cityscapes train ids, 255 on the bonnet."""
    instance: Int32[np.ndarray, "height width"]
    """Number of the car or person, the same in all frames; 0 elsewhere."""
    usable: Bool[np.ndarray, "height width"]
    """False on the bonnet."""
    intrinsics: Float64[np.ndarray, "3 3"]
    seconds: float
    stereo_image: UInt8[np.ndarray, "height width 3"] | None = None
    """The right camera's view, if the drive has one."""

    @property
    def moving(self) -> Bool[np.ndarray, "height width"]:
        """True where the scene point moves until the next frame."""
        return self.category == MOVING

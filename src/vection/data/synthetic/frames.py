"""One rendered frame with its exact truth."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Int32

from vection.arrays import CameraMatrix, CategoryMap, ClassIds, PixelMask, Pose, RgbImage

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

    image: RgbImage
    depth: Float32[np.ndarray, "height width"]
    """z in metres; inf at the sky and on the bonnet."""
    T_camera_to_world: Pose
    object_flow: Float32[np.ndarray, "3 height width"]
    """Motion of the scene point itself until the next frame, metres, in this camera's coordinates; 0 where static."""
    category: CategoryMap
    semantics: ClassIds
    """255 on the bonnet."""
    instance: Int32[np.ndarray, "height width"]
    """Number of the car or person, the same in all frames; 0 elsewhere."""
    usable: PixelMask
    """False on the bonnet."""
    intrinsics: CameraMatrix
    seconds: float
    stereo_image: RgbImage | None = None
    """The right camera's view, if the drive has one."""

    @property
    def moving(self) -> PixelMask:
        """True where the scene point moves until the next frame."""
        return self.category == MOVING

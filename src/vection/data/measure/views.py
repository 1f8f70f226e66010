"""What is measured: grey images with their cameras, read when they are needed."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from vection.arrays import CameraMatrix, CameraNumbers, GreyImage
from vection.data.clips.image_file import read_grey
from vection.data.clips.intrinsics import camera_matrix
from vection.data.clips.resizing import Size, resize_camera, resize_image

WIDEST = 832
"""Pixels; wider sources are measured at this width, which bounds time and memory."""
NEIGHBOURHOOD = 31
"""Pixels, side of the square in which light is made even."""
LEAST_CONTRAST = 4.0
"""Grey levels; weaker contrast is taken for noise and stays weak."""
CONTRAST = 40.0
"""Grey levels of standard deviation in every neighbourhood."""


@dataclass(frozen=True)
class View:
    """A grey image and fx, fy, cx, cy in its pixels."""

    image: GreyImage
    camera: CameraNumbers

    @property
    def K(self) -> CameraMatrix:  # noqa: N802
        """Return the camera matrix."""
        return camera_matrix(self.camera)

    @property
    def size(self) -> Size:
        """Return height and width."""
        return self.image.shape


ReadView = Callable[[], View]
"""Reads one view; it travels to another process, so it is a `functools.partial` of a function of a module."""


def read_view(file: Path, camera: CameraNumbers) -> View:
    """Read an image file in grey; DataError if it is missing or no image."""
    return View(read_grey(file), camera)


def narrowed(view: View, *, width: int = WIDEST) -> View:
    """Return the view at most `width` pixels wide."""
    height, present = view.size
    if present <= width:
        return view
    size = (round(height * width / present), width)
    return View(resize_image(view.image, size), resize_camera(view.camera, from_size=view.size, to_size=size))


def with_even_light(view: View) -> View:
    """Return the view with the same mean and contrast everywhere.

    Headlights, shade and exposure then look the same in every frame: in a rendered night, corners tell directions ten
    times as exactly.
    """
    image = view.image.astype(np.float32)
    side = (NEIGHBOURHOOD, NEIGHBOURHOOD)
    mean = cv2.blur(image, side)
    spread = np.sqrt(np.maximum(cv2.blur(image**2, side) - mean**2, 0))
    even = 128 + CONTRAST * (image - mean) / np.maximum(spread, LEAST_CONTRAST)
    return View(np.clip(even, 0, 255).astype(np.uint8), view.camera)

"""Cut a window out of images, and undo the lens before."""

from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np

from vection.arrays import AnyImage, CameraNumbers, PixelMask, Remap
from vection.data.clips.given_intrinsics import resolve_intrinsics
from vection.data.clips.intrinsics import CameraIntrinsics
from vection.data.clips.undistortion import straight_rays, undistortion
from vection.errors import DataError
from vection.formats.window import Box, Lens, Window

LEAST_SEEN = 204
"""Of 255: four fifths of a pixel come from the source's image, so that the rounding of a border counts for nothing."""


def lens_of(camera: CameraIntrinsics, *, field_of_view: float | None = None) -> Lens | None:
    """Return the lens of a camera, and what is seen once it is undone; None if it has no distortion."""
    if camera.fisheye is not None:
        k1, k2, k3, k4 = camera.fisheye
        return Lens(*camera.numbers, k1, k2, 0.0, 0.0, k3, k4, fisheye=True, field_of_view=field_of_view)
    if camera.distortion is not None:
        return Lens(*camera.numbers, *camera.distortion, field_of_view=field_of_view)
    return None


def see(window: Window | None, image: AnyImage) -> AnyImage:
    """Return what a window shows of an image of its source, all of it without one; DataError for another size.

    >>> see(Window(4, 2, left=1, top=0, width=2, height=2), np.arange(8, dtype=np.uint8).reshape(2, 4)).tolist()
    [[1, 2], [5, 6]]
    """
    if window is None:
        return image
    if image.shape[:2] != (window.source_height, window.source_width):
        raise DataError(
            f"An image is {image.shape[1]}x{image.shape[0]}, but a window of {window.source_width}x"
            f"{window.source_height} is to be cut from it; give images of that size."
        )
    if window.lens is not None:
        _, maps = _undone(window.source_width, window.source_height, window.lens)
        image = np.asarray(cv2.remap(image, *maps, cv2.INTER_LINEAR), dtype=np.uint8)
    return image[window.top : window.top + window.height, window.left : window.left + window.width]


@lru_cache(maxsize=4)
def seen_pixels(window: Window | None) -> PixelMask | None:
    """Return where a window shows what its source has; None: everywhere.

    A lens that was undone to a view wider than its own leaves a border that nothing was seen in.
    """
    if window is None or window.lens is None:
        return None
    seen = see(window, np.full((window.source_height, window.source_width), 255, np.uint8)) >= LEAST_SEEN
    return None if seen.all() else seen


def seen_camera(window: Window, camera: CameraIntrinsics | None) -> CameraNumbers | None:
    """Return fx, fy, cx, cy in pixels of the window, of the camera of its source; None if nothing tells them."""
    if window.lens is not None:
        camera, _ = _undone(window.source_width, window.source_height, window.lens)
    return None if camera is None else window.camera(camera.numbers)


def given_camera(given: Path | str, window: Window) -> CameraNumbers:
    """Return fx, fy, cx, cy in pixels of the window, of intrinsics as `ingest` takes them, of the whole image.

    Raises DataError if they state a distortion.
    """
    camera = resolve_intrinsics(given, width=window.source_width, height=window.source_height)
    if not camera.is_pinhole:
        raise DataError("`intrinsics` state a lens distortion, which the frames still have; predict with them.")
    return window.camera(camera.numbers)


def seen_point(window: Window, x: float, y: float) -> tuple[float, float]:
    """Return where the window shows what the pixel x, y of its source's image shows."""
    if window.lens is not None:
        inner, _ = _undone(window.source_width, window.source_height, window.lens)
        camera = _camera(window.source_width, window.source_height, window.lens)
        ((ray_x, ray_y),) = straight_rays(camera, np.array([[x, y]]))
        x, y = float(ray_x * inner.fx + inner.cx), float(ray_y * inner.fy + inner.cy)
    return x - window.left, y - window.top


def cut_to_aspect(box: Box, *, aspect: float, centre: tuple[float, float]) -> Box:
    """Return the largest box of this width/height inside `box`, as near as it can be to symmetric about `centre`."""
    left, top, width, height = box
    if width > height * aspect:
        kept = max(1, round(height * aspect))
        return _nearest_start(left, width, kept, centre[0]), top, kept, height
    kept = max(1, round(width / aspect))
    return left, _nearest_start(top, height, kept, centre[1]), width, kept


def _nearest_start(start: int, length: int, kept: int, centre: float) -> int:
    return min(max(start, round(centre - (kept - 1) / 2)), start + length - kept)


def _camera(width: int, height: int, lens: Lens) -> CameraIntrinsics:
    numbers = lens.fx, lens.fy, lens.cx, lens.cy
    if lens.fisheye:
        return CameraIntrinsics(width, height, *numbers, "stored", fisheye=(lens.k1, lens.k2, lens.k3, lens.k4))
    distortion = (lens.k1, lens.k2, lens.p1, lens.p2, lens.k3)
    return CameraIntrinsics(width, height, *numbers, "stored", distortion)


@lru_cache(maxsize=4)
def _undone(width: int, height: int, lens: Lens) -> tuple[CameraIntrinsics, Remap]:
    """Return the camera without distortion, and the maps to its images."""
    return undistortion(_camera(width, height, lens), field_of_view=lens.field_of_view)

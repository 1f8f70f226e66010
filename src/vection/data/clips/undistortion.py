"""From images of a lens that bends straight lines to those of a pinhole camera."""

import cv2
import numpy as np
from jaxtyping import Float, Float32

from vection.arrays import Remap
from vection.data.clips.intrinsics import CameraIntrinsics, from_field_of_view
from vection.errors import DataError

PixelList = Float[np.ndarray, "point 2"]

BORDER_POINTS = 200
"""A side, where the view of a lens ends."""
OUTSIDE = np.float32(-1e4)
"""A column or row of no image."""
WIDEST_RAY = 10.0
"""x / z or y / z: 84 degrees off the axis."""


def undistortion(camera: CameraIntrinsics, *, field_of_view: float | None = None) -> tuple[CameraIntrinsics, Remap]:
    """Return the pinhole camera of images of the same size, and cv2.remap's two maps to it.

    It shows valid pixels only, or `field_of_view` degrees horizontally about its centre: then the maps leave the image
    where nothing was seen, and where the lens model folds back, far off the axis of what it was fitted to.
    """
    straight = _inner_pinhole(camera) if field_of_view is None else _wide_pinhole(camera, field_of_view)
    size = (camera.width, camera.height)
    initialise = cv2.initUndistortRectifyMap if camera.fisheye is None else cv2.fisheye.initUndistortRectifyMap
    bend = np.array(camera.fisheye or camera.distortion or (0.0,) * 5)
    first, second = initialise(camera.matrix, bend, np.eye(3), straight.matrix, size, cv2.CV_32FC1)
    folded = _off_axis(straight) > _fold(camera)
    return straight, (np.where(folded, OUTSIDE, first), np.where(folded, OUTSIDE, second))


def _off_axis(straight: CameraIntrinsics) -> Float32[np.ndarray, "height width"]:
    """Return the tangent of each pixel's angle to the axis."""
    x = (np.arange(straight.width) - straight.cx) / straight.fx
    y = (np.arange(straight.height) - straight.cy) / straight.fy
    return np.hypot(x[None], y[:, None]).astype(np.float32)


def _fold(camera: CameraIntrinsics) -> float:
    """Return the tangent off the axis from which on a lens model puts what is farther out nearer to the centre."""
    tangent = np.tan(np.linspace(0, np.arctan(WIDEST_RAY), 2000))
    if camera.fisheye is not None:
        angle = np.arctan(tangent)
        radius = angle * np.polynomial.polynomial.polyval(angle**2, [1.0, *camera.fisheye])
    else:
        k1, k2, _, _, k3 = camera.distortion or (0.0,) * 5
        radius = tangent * np.polynomial.polynomial.polyval(tangent**2, [1.0, k1, k2, k3])
    turns = np.flatnonzero(np.diff(radius) <= 0)
    return float(tangent[turns[0]]) if len(turns) else np.inf


def straight_rays(camera: CameraIntrinsics, points: PixelList) -> PixelList:
    """Return x / z and y / z of what is seen at pixels, n x 2, of images with distortion."""
    if camera.fisheye is not None:
        rays = cv2.fisheye.undistortPoints(points[:, None], camera.matrix, np.array(camera.fisheye))
    else:
        rays = cv2.undistortPoints(points[:, None], camera.matrix, np.array(camera.distortion or (0.0,) * 5))
    return np.asarray(rays, np.float64)[:, 0]


def _wide_pinhole(camera: CameraIntrinsics, degrees: float) -> CameraIntrinsics:
    wide = from_field_of_view(degrees, width=camera.width, height=camera.height)
    focal = wide.fx, wide.fx * camera.fy / camera.fx
    source = f"{camera.source}; undistorted to {degrees:g} degrees"
    return CameraIntrinsics(camera.width, camera.height, *focal, wide.cx, wide.cy, source)


def _inner_rays(camera: CameraIntrinsics) -> tuple[float, float, float, float]:
    """Return left, top, right and bottom, as x / z and y / z, of the largest upright view that is seen everywhere."""
    columns, rows = np.linspace(0, camera.width - 1, BORDER_POINTS), np.linspace(0, camera.height - 1, BORDER_POINTS)
    still = np.zeros(BORDER_POINTS)
    sides = [(still, rows), (columns, still), (still + camera.width - 1, rows), (columns, still + camera.height - 1)]
    points = np.concatenate([np.stack(side, axis=1) for side in sides])
    rays = straight_rays(camera, points)
    left, top, right, bottom = rays.reshape(4, BORDER_POINTS, 2)
    view = left[:, 0].max(), top[:, 1].max(), right[:, 0].min(), bottom[:, 1].min()
    if not np.isfinite(rays).all() or np.abs(rays).max() > WIDEST_RAY or not (view[0] < view[2] and view[1] < view[3]):
        raise DataError(
            f"The lens ({camera.source}) sees too wide for straight images of all of it; give a "
            "`rectified_field_of_view`, such as 110 degrees."
        )
    return view[0], view[1], view[2], view[3]


def _inner_pinhole(camera: CameraIntrinsics) -> CameraIntrinsics:
    size = (camera.width, camera.height)
    left, top, right, bottom = _inner_rays(camera)
    aspect = camera.fy / camera.fx
    fx = max((camera.width - 1) / (right - left), (camera.height - 1) / (bottom - top) / aspect)
    middle = (left + right) / 2, (top + bottom) / 2
    cx, cy = (camera.width - 1) / 2 - fx * middle[0], (camera.height - 1) / 2 - fx * aspect * middle[1]
    return CameraIntrinsics(*size, fx, fx * aspect, cx, cy, f"{camera.source}; undistorted")

"""View synthesis in plain numpy, independent of the library's own warp."""

from dataclasses import dataclass

import numpy as np

from vection.data.synthetic import RenderedFrame


@dataclass(frozen=True)
class Reprojection:
    """Errors (mean absolute difference of colours, 0..255) at each pixel of the first frame."""

    visible: np.ndarray
    error: np.ndarray
    identity_error: np.ndarray


def bilinear(picture: np.ndarray, *, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Look up height x width x channels at real pixels, clamped to the border."""
    height, width = picture.shape[:2]
    x, y = np.clip(x, 0, width - 1.001), np.clip(y, 0, height - 1.001)
    left, top = x.astype(int), y.astype(int)
    a, b = (x - left)[..., None], (y - top)[..., None]
    upper = (1 - a) * picture[top, left] + a * picture[top, left + 1]
    lower = (1 - a) * picture[top + 1, left] + a * picture[top + 1, left + 1]
    return (1 - b) * upper + b * lower


def rays(frame: RenderedFrame) -> np.ndarray:
    """3 x height x width."""
    height, width = frame.depth.shape
    v, u = np.mgrid[:height, :width]
    k = frame.intrinsics
    return np.stack([(u - k[0, 2]) / k[0, 0], (v - k[1, 2]) / k[1, 1], np.ones_like(u)])


def reproject(first: RenderedFrame, second: RenderedFrame, *, with_flow: bool = True) -> Reprojection:
    """Warp `second` into `first` by the true depth, poses and object flow."""
    height, width = first.depth.shape
    known = np.isfinite(first.depth)
    points = rays(first) * np.where(known, first.depth, 1)
    if with_flow:
        points = points + first.object_flow
    motion = np.linalg.inv(second.T_camera_to_world) @ first.T_camera_to_world
    moved = np.einsum("ij,jhw->ihw", motion[:3, :3], points) + motion[:3, 3, None, None]
    k, z = first.intrinsics, np.maximum(moved[2], 1e-3)
    x, y = k[0, 0] * moved[0] / z + k[0, 2], k[1, 1] * moved[1] / z + k[1, 2]
    inside = known & (moved[2] > 0.1) & (x >= 0) & (x <= width - 1) & (y >= 0) & (y <= height - 1)
    rows, columns = np.clip(np.round(y), 0, height - 1).astype(int), np.clip(np.round(x), 0, width - 1).astype(int)
    seen = second.depth[rows, columns]
    warped = bilinear(second.image.astype(float), x=x, y=y)
    return Reprojection(
        visible=inside & (np.abs(seen / z - 1) < 0.05),
        error=np.abs(warped - first.image).mean(axis=2),
        identity_error=np.abs(second.image.astype(float) - first.image).mean(axis=2),
    )

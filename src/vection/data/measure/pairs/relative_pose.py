"""Rotation and direction of translation of two views, from tracked corners."""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float64

from vection.arrays import CameraMatrix, PixelMask, Rotation, Vector3
from vection.data.measure.pairs.epipolar import essential_matrix
from vection.data.measure.pairs.tracks import PixelList

INLIER_DISTANCE = 1.0
"""Pixels from the epipolar line, to first order, within which a track agrees with a motion."""
CONFIDENCE = 0.9999
ROUNDS = 6
"""Steps of the refinement; a handful converges from what MAGSAC finds."""
LEAST_SPREAD = 0.05
"""Pixels; a scale of residuals below it is not believed."""
DIFFERENCE = 1e-5
"""Step of the numerical derivatives, radians or a fraction."""

LEAST_IN_FRONT = 0.7
"""Of the parallax; with less, it is not told whether the camera went forth or back."""

Rays = Float64[np.ndarray, "point 3"]
"""Of length 1, in the camera's coordinates."""
Distances = Float64[np.ndarray, " point"]
"""Pixels, with sign."""


@dataclass(frozen=True)
class RelativePose:
    """The motion of a pair up to the length of its translation, and the tracks that agree with it."""

    R_first_to_second: Rotation
    direction: Vector3
    """Of the translation from first to second, length 1."""
    agrees: PixelMask
    focal_uncertainty: float
    """Standard deviation of the logarithm of the focal length, were it estimated from these tracks too."""


def essential_pose(first: PixelList, second: PixelList, K_first: CameraMatrix, K_second: CameraMatrix) -> RelativePose:
    """Estimate the motion by MAGSAC and refine it on the tracks that agree; `agrees` may be empty.

    The tracks must be five or more.
    """
    seen_by_first = transform_pixels(second, K_first @ np.linalg.inv(K_second))
    found = essential_matrix(first, seen_by_first, K_first, distance=INLIER_DISTANCE, confidence=CONFIDENCE)
    if found is None:
        return RelativePose(np.eye(3), np.array([0.0, 0.0, -1.0]), np.zeros((len(first), 1), bool), np.inf)
    E, chosen = found
    rays_first, rays_second = _rays(first[chosen], K_first), _rays(second[chosen], K_second)
    R, direction = max(decompositions(E), key=lambda pose: share_in_front(pose[0], pose[1], rays_first, rays_second))
    R, direction, uncertainty = _refine(R, direction, first[chosen], second[chosen], K_first, K_second)
    agrees = np.abs(epipolar_distances(R, direction, first, second, K_first, K_second)) < INLIER_DISTANCE
    agrees &= share_in_front(R, direction, rays_first, rays_second) > LEAST_IN_FRONT
    return RelativePose(R, direction, agrees[:, None], uncertainty)


def decompositions(E: Float64[np.ndarray, "3 3"]) -> list[tuple[Rotation, Vector3]]:
    """Return the four motions of an essential matrix: R_first_to_second and direction of translation."""
    R, twisted, t = (np.asarray(part, np.float64) for part in cv2.decomposeEssentialMat(E))
    return [(turn, sign * t.ravel()) for turn in (R, twisted) for sign in (1, -1)]


def share_in_front(R: Rotation, direction: Vector3, first: Rays, second: Rays) -> float:
    """Return the share of the tracks' parallax that belongs to points in front of both cameras, however far they are.

    Four motions have the same epipolar lines; only in the right one do points lie in front. Without parallax nothing
    tells.
    """
    turned = first @ R.T
    normal = np.cross(turned, second)
    in_front = (normal * np.cross(second, direction)).sum(axis=1) > 0
    in_front &= (normal * np.cross(turned, direction)).sum(axis=1) > 0
    parallax = np.linalg.norm(normal, axis=1)
    return float((parallax * in_front).sum() / max(1e-12, float(parallax.sum())))


def robust_rotation(first: PixelList, second: PixelList, K_first: CameraMatrix, K_second: CameraMatrix) -> Rotation:
    """Return the rotation from first to second that most tracks agree with, as if there were no translation."""
    rays_first, rays_second = _rays(first, K_first), _rays(second, K_second)
    weight = np.ones(len(first))
    R = np.eye(3)
    for _ in range(ROUNDS):
        U, _, Vt = np.linalg.svd((rays_second * weight[:, None]).T @ rays_first)
        R = U @ np.diag([1.0, 1.0, np.sign(np.linalg.det(U @ Vt))]) @ Vt
        angle = np.linalg.norm(rays_second - rays_first @ R.T, axis=1)
        weight = 1 / (1 + (angle / max(1e-6, float(np.median(angle)))) ** 2)
    return np.asarray(R)


def parallax_lengths(
    R: Rotation, first: PixelList, second: PixelList, K_first: CameraMatrix, K_second: CameraMatrix
) -> Distances:
    """Return how far each track goes once the rotation is taken away, in pixels of the second view."""
    turned = transform_pixels(first, K_second @ R @ np.linalg.inv(K_first))
    return np.asarray(np.linalg.norm(second - turned, axis=1))


def fundamental_matrix(
    R: Rotation, direction: Vector3, K_first: CameraMatrix, K_second: CameraMatrix
) -> Float64[np.ndarray, "3 3"]:
    """Return F with p_second^T F p_first = 0 for static points, in homogeneous pixels."""
    x, y, z = direction
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.asarray(np.linalg.inv(K_second).T @ cross @ R @ np.linalg.inv(K_first))


def epipolar_distances(
    R: Rotation,
    direction: Vector3,
    first: PixelList,
    second: PixelList,
    K_first: CameraMatrix,
    K_second: CameraMatrix,
) -> Distances:
    """Return the distance of each track from its epipolar lines to first order (Sampson)."""
    F = fundamental_matrix(R, direction, K_first, K_second)
    a, b = _homogeneous(first), _homogeneous(second)
    line_second, line_first = a @ F.T, b @ F
    slope = (line_second[:, :2] ** 2).sum(axis=1) + (line_first[:, :2] ** 2).sum(axis=1)
    return np.asarray((b * line_second).sum(axis=1) / np.sqrt(np.maximum(slope, 1e-30)))


def transform_pixels(pixels: PixelList, homography: CameraMatrix) -> PixelList:
    """Return where a homography takes pixels."""
    mapped = _homogeneous(pixels) @ homography.T
    return np.asarray(mapped[:, :2] / mapped[:, 2:])


def _refine(
    R: Rotation,
    direction: Vector3,
    first: PixelList,
    second: PixelList,
    K_first: CameraMatrix,
    K_second: CameraMatrix,
) -> tuple[Rotation, Vector3, float]:
    """Least squares of the epipolar distances, far ones weighted down (Cauchy); with the focal length's uncertainty."""

    def distances(change: Float64[np.ndarray, " 6"]) -> Distances:
        turned, moved = moved_pose(R, direction, change)
        zoom = np.diag([np.exp(change[5]), np.exp(change[5]), 1.0])
        return epipolar_distances(turned, moved, first, second, K_first @ zoom, K_second @ zoom)

    information = np.eye(6)
    spread = 1.0
    for _ in range(ROUNDS):
        residual = distances(np.zeros(6))
        spread = max(LEAST_SPREAD, 1.4826 * float(np.median(np.abs(residual))))
        weight = 1 / (1 + (residual / (2 * spread)) ** 2)
        steps = DIFFERENCE * np.eye(6)
        J = np.stack([(distances(step) - distances(-step)) / (2 * DIFFERENCE) for step in steps], axis=1)
        information = (J * weight[:, None]).T @ J + 1e-9 * np.eye(6)
        change = np.zeros(6)
        change[:5] = -np.linalg.solve(information[:5, :5], J[:, :5].T @ (weight * residual))
        R, direction = moved_pose(R, direction, change)
    return R, direction, spread * float(np.sqrt(np.linalg.inv(information)[5, 5]))


def moved_pose(R: Rotation, direction: Vector3, change: Float64[np.ndarray, " number"]) -> tuple[Rotation, Vector3]:
    """Return the rotation turned by `change`[:3] radians, and the direction moved by [3:5] across itself."""
    turn = np.asarray(cv2.Rodrigues(change[:3])[0], np.float64)
    _, _, across = np.linalg.svd(direction[None])
    moved = direction + across[1:].T @ change[3:5]
    return turn @ R, moved / np.linalg.norm(moved)


def _rays(pixels: PixelList, K: CameraMatrix) -> Rays:
    rays = _homogeneous(pixels) @ np.linalg.inv(K).T
    return np.asarray(rays / np.linalg.norm(rays, axis=1, keepdims=True))


def _homogeneous(pixels: PixelList) -> Float64[np.ndarray, "point 3"]:
    return np.concatenate([pixels, np.ones((len(pixels), 1))], axis=1)

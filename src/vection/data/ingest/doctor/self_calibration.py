"""Focal length and radial distortion from tracked corners of several pairs, and how exactly they are told."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float64

from vection.data.clips.intrinsics import camera_matrix
from vection.data.ingest.doctor.pairs import SampledPair
from vection.data.measure.pairs.epipolar import essential_matrix
from vection.data.measure.pairs.relative_pose import moved_pose

STARTS = (40.0, 60.0, 90.0)
"""Degrees of horizontal field of view from which the focal length is sought."""
ROUNDS = 10
STEP = 1e-5
LEAST_SPREAD = 0.1
"""Pixels; residuals below it are not believed."""
MOST_POINTS = 120
ESSENTIAL_DISTANCE = 2.0
"""Pixels, as wide as the pairs' own, because distortion is not known yet."""
FEWEST_PAIRS = 4
FOCAL_PRIOR, DISTORTION_PRIOR, CENTRE_PRIOR = 0.5, 0.3, 0.02
"""Standard deviations about a field of view of 60 degrees, no distortion, and a central axis (fraction of the width).

A car that turns on level ground nearly leaves the focal length open, and then a centre that is a little off decides
it: the uncertainty must know.
"""
SHARED = 4
"""Logarithm of the focal length, distortion, and the centre's offset, x and y, as fractions of the width."""

Parameters = Float64[np.ndarray, " parameter"]


@dataclass(frozen=True)
class SelfCalibration:
    """What pairs say of the camera; square pixels and a nearly central axis are assumed."""

    focal: float
    """As a fraction of the width."""
    focal_uncertainty: float
    """Standard deviation of its logarithm."""
    distortion: float
    """Of the division model: a point at radius r moves to r / (1 + distortion r^2); r is 1 at half the width."""
    distortion_uncertainty: float
    residual: float
    """Robust mean of the epipolar distances in pixels."""
    pairs: int


@dataclass
class _Bundle:
    """Corners of all pairs, `weight` 0 where a pair has fewer than the most, and the motion of each pair."""

    first: Float64[np.ndarray, "pair point 2"]
    """In pixels from the middle of the image."""
    second: Float64[np.ndarray, "pair point 2"]
    present: Float64[np.ndarray, "pair point"]
    R: Float64[np.ndarray, "pair 3 3"]
    direction: Float64[np.ndarray, "pair 3"]
    width: int


def self_calibrate(
    pairs: Sequence[SampledPair], *, distortion: bool = True, start: SelfCalibration | None = None
) -> SelfCalibration | None:
    """Return the focal length and distortion with which most corners lie on their epipolar lines; None without pairs.

    A bundle of two-view geometries with a common camera: Gauss-Newton on Sampson's distances under Cauchy weights,
    each pair's motion eliminated. The uncertainties are those of the reduced normal equations. Without a `start`, three
    focal lengths are tried.
    """
    if len(pairs) < FEWEST_PAIRS:
        return None
    focals = [start.focal] if start is not None else [0.5 / np.tan(np.radians(angle) / 2) for angle in STARTS]
    found = [_solve(pairs, float(focal), distortion=distortion) for focal in focals]
    return min(found, key=lambda one: one.residual)


def _solve(pairs: Sequence[SampledPair], focal: float, *, distortion: bool) -> SelfCalibration:
    usual = -np.log(2 * np.tan(np.radians(60) / 2))
    shared, mean = np.array([np.log(focal), 0.0, 0.0, 0.0]), np.array([usual, 0.0, 0.0, 0.0])
    bundle = _bundle(pairs, focal)
    prior = np.array([FOCAL_PRIOR, DISTORTION_PRIOR if distortion else 1e-6, CENTRE_PRIOR, CENTRE_PRIOR]) ** -2.0
    information, cost = np.diag(prior), np.inf
    for _ in range(ROUNDS):
        r, J = _linearised(bundle, shared)
        sizes = np.where(bundle.present > 0, np.abs(r), np.nan)
        spread = np.maximum(LEAST_SPREAD, 1.4826 * np.nanmedian(sizes, axis=1))[:, None]
        weight = bundle.present / (1 + (r / (2 * spread)) ** 2) / spread**2
        H = np.einsum("pni,pn,pnj->pij", J, weight, J)
        g = -np.einsum("pni,pn->pi", J, weight * r)
        inner = np.linalg.inv(H[:, SHARED:, SHARED:] + 1e-6 * np.eye(5))
        across = H[:, SHARED:, :SHARED]
        carried = across.transpose(0, 2, 1) @ inner
        information = (H[:, :SHARED, :SHARED] - carried @ across).sum(axis=0)
        right = (g[:, :SHARED] - (carried @ g[:, SHARED:, None])[..., 0]).sum(axis=0) - prior * (shared - mean)
        change = np.clip(np.linalg.solve(information + np.diag(prior), right), -0.3, 0.3)
        step = np.clip((inner @ (g[:, SHARED:] - across @ change)[..., None])[..., 0], -0.3, 0.3)
        shared, cost = shared + change, float(spread.mean())
        for pair in range(len(pairs)):
            bundle.R[pair], bundle.direction[pair] = moved_pose(bundle.R[pair], bundle.direction[pair], step[pair])
        if np.abs(change).max() < 1e-3:
            break
    spreads = np.sqrt(np.diag(np.linalg.inv(information + np.diag(prior))))
    return SelfCalibration(
        float(np.exp(shared[0])), float(spreads[0]), float(shared[1]), float(spreads[1]), cost, len(pairs)
    )


def _bundle(pairs: Sequence[SampledPair], focal: float) -> _Bundle:
    height, width = pairs[0].size
    centre = np.array([(width - 1) / 2, (height - 1) / 2])
    K = camera_matrix((focal * width, focal * width, 0.0, 0.0))
    points, present = np.zeros((2, len(pairs), MOST_POINTS, 2)), np.zeros((len(pairs), MOST_POINTS))
    R, direction = np.tile(np.eye(3), (len(pairs), 1, 1)), np.tile([0.0, 0.0, -1.0], (len(pairs), 1))
    for index, pair in enumerate(pairs):
        chosen = np.linspace(0, len(pair.first) - 1, min(MOST_POINTS, len(pair.first))).round().astype(int)
        first, second = (one[chosen] - centre for one in (pair.first, pair.second))
        points[:, index, : len(chosen)], present[index, : len(chosen)] = (first, second), 1
        found = essential_matrix(first, second, K, distance=ESSENTIAL_DISTANCE, confidence=0.999)
        if found is not None:
            E, agrees = found
            _, turn, t, _ = cv2.recoverPose(E, first, second, K, mask=agrees[:, None].astype(np.uint8))
            R[index], direction[index] = turn, t.ravel()
    return _Bundle(points[0], points[1], present, R, direction, width)


def _linearised(
    bundle: _Bundle, shared: Parameters
) -> tuple[Float64[np.ndarray, "pair point"], Float64[np.ndarray, "pair point unknown"]]:
    def distances(change: Parameters) -> Float64[np.ndarray, "pair point"]:
        focal, distortion = float(np.exp(shared[0] + change[0])) * bundle.width, float(shared[1] + change[1])
        centre = (shared[2:SHARED] + change[2:SHARED]) * bundle.width
        R = np.asarray(cv2.Rodrigues(change[SHARED : SHARED + 3])[0], np.float64) @ bundle.R
        direction = bundle.direction + change[SHARED + 3] * across[:, 1] + change[SHARED + 4] * across[:, 2]
        (a, scale_a), (b, scale_b) = (
            _straightened(p - centre, bundle.width, distortion) for p in (bundle.first, bundle.second)
        )
        # in pixels of the image as it is: else a distortion that shrinks everything would lower all distances
        return _sampson(a / focal, b / focal, R, direction) * focal / np.sqrt(scale_a * scale_b)

    _, _, across = np.linalg.svd(bundle.direction[:, None])
    steps = STEP * np.eye(SHARED + 5)
    here = distances(np.zeros(SHARED + 5))
    return here, np.stack([(distances(step) - here) / STEP for step in steps], axis=-1)


def _sampson(
    first: Float64[np.ndarray, "pair point 2"],
    second: Float64[np.ndarray, "pair point 2"],
    R: Float64[np.ndarray, "pair 3 3"],
    direction: Float64[np.ndarray, "pair 3"],
) -> Float64[np.ndarray, "pair point"]:
    """Return the distance from the epipolar lines to first order, in the unit of the coordinates."""
    E = np.cross(direction[:, None, :], R.transpose(0, 2, 1)).transpose(0, 2, 1)
    a, b = (np.concatenate([one, np.ones((*one.shape[:2], 1))], axis=2) for one in (first, second))
    line_second, line_first = a @ E.transpose(0, 2, 1), b @ E
    slope = (line_second[..., :2] ** 2).sum(axis=-1) + (line_first[..., :2] ** 2).sum(axis=-1)
    return np.asarray((b * line_second).sum(axis=-1) / np.sqrt(np.maximum(slope, 1e-30)))


def _straightened(
    offset: Float64[np.ndarray, "pair point 2"], width: int, distortion: float
) -> tuple[Float64[np.ndarray, "pair point 2"], Float64[np.ndarray, "pair point"]]:
    scale = 1 / np.maximum(0.2, 1 + distortion * (offset**2).sum(axis=-1) / (width / 2) ** 2)
    return offset * scale[..., None], scale

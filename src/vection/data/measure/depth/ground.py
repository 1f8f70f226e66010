"""The ground of a frame, and what was measured behind it: things that move along with the camera.

A plane has a linear inverse depth: 1 / z = m . K^-1 (x, y, 1). The camera's height is 1 / |m|.
"""

import numpy as np
from jaxtyping import Bool, Float32

from vection.arrays import CameraMatrix, Vector3

TRIALS = 300
MOST_POINTS = 1500
FEWEST_POINTS = 150
INLIER_ERROR = 0.05
"""Of depth, relative: nearer points of a plane are that exact, and bumps are smaller."""
LEAST_SHARE = 0.2
"""Of the measured points of the lower half that must lie on the plane."""
UPRIGHT = 0.9
"""Least y component of the plane's unit normal: the camera is held nearly level."""
HORIZON_SLACK = 0.007
"""Radians of pitch by which the plane may be wrong; matters where the ground is far."""
ON_GROUND = 0.1
"""Fraction of the camera's height within which a point counts as on the ground."""
LOWEST_SLOPE = 0.02
"""Least angle below the horizon, radians, at which the ground is told from what stands on it."""
FLOATING = 0.12
"""Fraction by which a foot is nearer than the ground seen below it, from which on it floats; flow blends foot and
ground, so that what floats shows less than it is."""
SAME_OBJECT = 0.15
"""Logarithm of depth within which pixels above one behind the ground count as the same object."""
LARGEST_GAP = 4
"""Rows without depth that an object is followed across."""
FOOT_ROWS = 10
"""Between the ground and a foot that floats; flow blends the two."""

Numbers = Float32[np.ndarray, "height width"]
Mask = Bool[np.ndarray, "height width"]


def fit_ground(depth: Numbers, K: CameraMatrix) -> Vector3 | None:
    """Return m of the plane that most measured points of the lower half lie on; None if there is no such plane.

    RANSAC from a fixed seed, then least squares; in 1 / unit of depth.
    """
    height = depth.shape[0]
    rows, columns = np.nonzero(depth[height // 2 :])
    if len(rows) < FEWEST_POINTS:
        return None
    rng = np.random.default_rng(0)
    chosen = rng.permutation(len(rows))[:MOST_POINTS]
    rows, columns = rows[chosen] + height // 2, columns[chosen]
    rays = np.stack([columns, rows, np.ones(len(rows))], axis=1) @ np.linalg.inv(K).T
    points = rays * depth[rows, columns, None]
    triples = points[rng.integers(0, len(points), (TRIALS, 3))]
    triples = triples[np.abs(np.linalg.det(triples)) > 1e-9 * float(np.median(depth[rows, columns])) ** 3]
    if not len(triples):
        return None
    planes = np.linalg.solve(triples, np.ones((len(triples), 3, 1)))[..., 0]
    planes = planes[planes[:, 1] > UPRIGHT * np.linalg.norm(planes, axis=1)]
    if not len(planes):
        return None
    votes = (np.abs(points @ planes.T - 1) < INLIER_ERROR).sum(axis=0)
    m = planes[int(np.argmax(votes))]
    for _ in range(3):
        on_plane = np.abs(points @ m - 1) < INLIER_ERROR
        if on_plane.sum() < max(FEWEST_POINTS // 2, LEAST_SHARE * len(points)):
            return None
        m = np.linalg.lstsq(points[on_plane], np.ones(int(on_plane.sum())), rcond=None)[0]
    return np.asarray(m) if m[1] > UPRIGHT * np.linalg.norm(m) else None


def beside_ground(depth: Numbers, K: CameraMatrix, m: Vector3, *, margin: float) -> Mask:
    """Return where depth belongs to objects whose foot is not on the ground: they move by themselves.

    What drives along is measured too far, so its foot lies below the ground, by more than `margin` of the camera's
    height. What comes towards the camera is measured too near, so its foot floats in front of the ground seen below
    it. Each column is read upwards; pixels above such a foot of nearly the same depth are the same object.
    """
    height, width = depth.shape
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    slope = np.stack([x, y, np.ones_like(x)], axis=-1) @ np.linalg.inv(K).T @ m
    lowest = LOWEST_SLOPE * np.linalg.norm(m)
    level = depth * slope  # 1 on the ground, more below it
    below = (depth > 0) & (depth * (slope - HORIZON_SLACK * np.linalg.norm(m)) > 1 + margin)
    on_ground = (depth > 0) & (np.abs(level - 1) < ON_GROUND) & (slope > lowest)
    ground_below = np.zeros(width)  # depth of the ground seen last in each column, 0: none near
    foot = np.zeros(width)  # depth of the object that is followed up each column, 0: none
    passed, unseen = np.zeros(width, int), np.zeros(width, int)
    beside = np.zeros(depth.shape, bool)
    for row in range(height - 1, -1, -1):
        now = depth[row]
        known = now > 0
        floats = known & (now < (1 - FLOATING) * ground_below) & (passed <= FOOT_ROWS) & (slope[row] > lowest)
        begins = _supported(below[row] | floats)
        compared = known & (foot > 0)
        ratio = np.log(np.where(compared, now, 1) / np.where(compared, foot, 1))
        same = compared & (np.abs(ratio) < SAME_OBJECT)
        beside[row] = begins | same
        unseen = np.where(known, 0, unseen + 1)
        ended = (known & ~same) | (unseen > LARGEST_GAP)
        foot = np.where(begins, now, np.where(ended, 0.0, foot))
        passed = np.where(on_ground[row], 0, passed + 1)
        ground_below = np.where(on_ground[row], 1 / np.where(on_ground[row], slope[row], 1), ground_below)
    return beside


def _supported(flags: Bool[np.ndarray, " width"]) -> Bool[np.ndarray, " width"]:
    """Return the flags that have another one beside them: single pixels are noise."""
    left, right = np.roll(flags, 1), np.roll(flags, -1)
    left[0] = right[-1] = False
    return flags & (left | right)

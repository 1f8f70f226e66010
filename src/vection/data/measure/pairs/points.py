"""Depth of tracked corners in both views of a pair, in units of its baseline."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from vection.arrays import CameraMatrix
from vection.data.measure.pairs.measure import TrackedPair
from vection.data.measure.pairs.relative_pose import parallax_lengths, transform_pixels
from vection.data.measure.pairs.tracks import PixelList

Numbers = Float64[np.ndarray, " point"]


@dataclass(frozen=True)
class TrackedPoints:
    """Points in front of both cameras of a pair; the unit of depth is the pair's baseline."""

    first: PixelList
    """x, y in pixels of the first view."""
    second: PixelList
    depth_first: Numbers
    """z of the first camera."""
    depth_second: Numbers
    parallax: Numbers
    """Pixels by which the translation moves each point."""


def triangulate_tracks(tracked: TrackedPair, *, K_first: CameraMatrix, K_second: CameraMatrix) -> TrackedPoints:
    """Return the least-squares depth along the first view's rays of the tracks that agree with the motion.

    Points behind a camera are left out; there are none if the pair has no translation.
    """
    R, t = tracked.pair.R_first_to_second, tracked.pair.t_first_to_second
    first, second = tracked.first, tracked.second
    if R is None or t is None:
        nothing = np.zeros(0)
        return TrackedPoints(first[:0], second[:0], nothing, nothing, nothing)
    rays = np.concatenate([transform_pixels(first, np.linalg.inv(K_first)), np.ones((len(first), 1))], axis=1) @ R.T
    seen = transform_pixels(second, np.linalg.inv(K_second))
    # x (z c + r) = z a + p for the second view's coordinates x, both of them weighted by their focal lengths
    focal = np.array([K_second[0, 0], K_second[1, 1]])
    slope = focal * (rays[:, :2] - seen * rays[:, 2:])
    offset = focal * (seen * t[2] - t[:2])
    depth_first = (slope * offset).sum(axis=1) / np.maximum((slope**2).sum(axis=1), 1e-12)
    depth_second = depth_first * rays[:, 2] + t[2]
    seen_by_both = (depth_first > 0) & (depth_second > 0)
    parallax = parallax_lengths(R, first, second, K_first, K_second)
    return TrackedPoints(
        first[seen_by_both],
        second[seen_by_both],
        depth_first[seen_by_both],
        depth_second[seen_by_both],
        parallax[seen_by_both],
    )

"""The geometry of two frames, or the reason why there is none."""

from dataclasses import dataclass

import cv2
import numpy as np

from vection.arrays import PixelMask
from vection.data.measure.pairs.relative_pose import essential_pose, parallax_lengths, robust_rotation
from vection.data.measure.pairs.tracks import PixelList, Tracks, follow_corners
from vection.data.measure.views import View
from vection.formats.measured_geometry import MeasuredPair, NoGeometry, rows_of

FEWEST_TRACKS = 60
FEWEST_INLIERS = 40
LEAST_INLIER_SHARE = 0.5
"""Of the tracks; with less, what moves by itself may have been taken for the world."""
CUT_SHARE = 0.12
"""Of the corners of a pair; fewer are found again only where the scene is another one, or nothing is sharp."""
BLURRED = 0.4
"""Sharpness of one frame relative to the other, below which it is called blurred."""
STILL = 0.3
"""Pixels of median motion below which there is none; Lucas and Kanade are good for a tenth."""


@dataclass(frozen=True)
class TrackedPair:
    """A measured pair with the tracks that agree with its motion; without translation there are none."""

    pair: MeasuredPair
    first: PixelList
    """x, y in pixels of the first view; `second` is where these points are in the second."""
    second: PixelList


def measure_pair(
    first: View, second: View, *, numbers: tuple[int, int], usable: PixelMask | None = None
) -> MeasuredPair:
    """Measure rotation and direction of translation between the frames `numbers`; the same on every call.

    The views are best given `views.with_even_light`; `usable` is of their size, True where they show the scene.
    """
    return track_pair(first, second, numbers=numbers, usable=usable).pair


def track_pair(first: View, second: View, *, numbers: tuple[int, int], usable: PixelMask | None = None) -> TrackedPair:
    """Measure as `measure_pair` does, and return the tracks that agree as well."""
    tracks = follow_corners(first.image, second.image, usable=usable)
    if len(tracks) < FEWEST_TRACKS or tracks.share < CUT_SHARE:
        return _without(_why_lost(first, second, tracks), tracks, numbers=numbers)
    pixels = (tracks.first, tracks.second, first.K, second.K)
    rotation = robust_rotation(*pixels)
    parallax = float(np.median(parallax_lengths(rotation, *pixels)))
    if parallax < STILL:
        flow = float(np.median(np.linalg.norm(tracks.second - tracks.first, axis=1)))
        turned = MeasuredPair(
            *numbers,
            reason="standing" if flow < STILL else "rotation",
            rotation=rows_of(rotation),
            tracks=len(tracks),
            inliers=len(tracks),
            parallax=round(parallax, 4),
        )
        return TrackedPair(turned, tracks.first[:0], tracks.second[:0])
    pose = essential_pose(*pixels)
    inliers = int(pose.agrees.sum())
    if inliers < FEWEST_INLIERS or inliers < LEAST_INLIER_SHARE * len(tracks):
        return _without("few-inliers", tracks, numbers=numbers, inliers=inliers)
    agrees = pose.agrees.ravel()
    lengths = parallax_lengths(pose.R_first_to_second, *pixels)[agrees]
    x, y, z = pose.direction.tolist()
    pair = MeasuredPair(
        *numbers,
        rotation=rows_of(pose.R_first_to_second),
        direction=(x, y, z),
        tracks=len(tracks),
        inliers=inliers,
        parallax=round(float(np.median(lengths)), 4),
        focal_uncertainty=round(pose.focal_uncertainty, 4),
    )
    return TrackedPair(pair, tracks.first[agrees], tracks.second[agrees])


def _without(reason: NoGeometry, tracks: Tracks, *, numbers: tuple[int, int], inliers: int = 0) -> TrackedPair:
    pair = MeasuredPair(*numbers, reason=reason, tracks=len(tracks), inliers=inliers)
    return TrackedPair(pair, tracks.first[:0], tracks.second[:0])


def _why_lost(first: View, second: View, tracks: Tracks) -> NoGeometry:
    sharpness = sorted((_sharpness(first), _sharpness(second)))
    if sharpness[0] < BLURRED * sharpness[1]:
        return "blur"
    return "cut" if tracks.corners >= FEWEST_TRACKS and tracks.share < CUT_SHARE else "few-inliers"


def _sharpness(view: View) -> float:
    """Return the mean strength of edges relative to the contrast of the image."""
    edges = cv2.Laplacian(view.image, cv2.CV_32F)
    return float(np.abs(edges).mean() / max(1.0, float(view.image.std())))

"""Epipolar geometry of two views by MAGSAC, where OpenCV finds one."""

import cv2
import numpy as np
from jaxtyping import Bool, Float64

from vection.arrays import CameraMatrix
from vection.data.measure.pairs.tracks import PixelList

FUNDAMENTAL_CONFIDENCE = 0.999
MOST_ITERATIONS = 5000

Agreeing = Bool[np.ndarray, " point"]
"""Which tracks."""


def essential_matrix(
    first: PixelList, second: PixelList, K: CameraMatrix, *, distance: float, confidence: float
) -> tuple[Float64[np.ndarray, "3 3"], Agreeing] | None:
    """Return E, and which tracks agree with it within `distance` pixels; None if there is none.

    E has the norm 1 and second^T K^-T E K^-1 first = 0; both views have the camera K. The tracks must be five or more.
    """
    try:
        E, mask = cv2.findEssentialMat(first, second, K, cv2.USAC_MAGSAC, confidence, distance)
    except cv2.error:  # MAGSAC's last step may lose its model, of which OpenCV's assertions know nothing
        E, mask = cv2.findEssentialMat(first, second, K, cv2.RANSAC, confidence, distance)
    if E is None or E.shape != (3, 3):
        return None
    return np.asarray(E / np.linalg.norm(E), np.float64), mask.ravel() > 0


def epipolar_inliers(first: PixelList, second: PixelList, *, distance: float) -> Agreeing:
    """Return which tracks agree within `distance` pixels with one epipolar geometry of unknown cameras; maybe none.

    The tracks must be eight or more.
    """
    options = (distance, FUNDAMENTAL_CONFIDENCE, MOST_ITERATIONS)
    try:
        _, mask = cv2.findFundamentalMat(first, second, cv2.USAC_MAGSAC, *options)
    except cv2.error:  # as above
        _, mask = cv2.findFundamentalMat(first, second, cv2.FM_RANSAC, *options)
    return np.zeros(len(first), np.bool_) if mask is None else mask.ravel() > 0

"""Corners that are found again in another frame."""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float64

from vection.arrays import GreyImage, PixelMask

PixelList = Float64[np.ndarray, "point 2"]
"""x, y in pixels."""

MOST_CORNERS = 800
CORNER_QUALITY = 0.005
"""Weakest corner as a fraction of the strongest."""
WINDOW = 15
"""Pixels, side of the patch that is followed."""
LEVELS = 5
"""Of the pyramid above the image: 32 times the window is about how far a corner may go."""
LARGEST_ERROR = 0.5
"""Pixels that a corner may miss its start by, followed there and back."""


@dataclass(frozen=True)
class Tracks:
    """Where corners of the first image are in the second."""

    first: PixelList
    second: PixelList
    corners: int
    """How many were looked for."""

    def __len__(self) -> int:
        """Return how many were found."""
        return len(self.first)

    @property
    def share(self) -> float:
        """Return the share of the corners that were found."""
        return len(self) / max(1, self.corners)


def follow_corners(first: GreyImage, second: GreyImage, *, usable: PixelMask | None = None) -> Tracks:
    """Find corners by Shi and Tomasi and follow them by Lucas and Kanade, there and back; the same on every call."""
    distance = max(4.0, first.shape[1] / 100)
    mask = None if usable is None else usable.astype(np.uint8)
    corners = cv2.goodFeaturesToTrack(first, MOST_CORNERS, CORNER_QUALITY, distance, mask=mask)
    if corners is None or not len(corners):
        return Tracks(np.zeros((0, 2)), np.zeros((0, 2)), 0)
    window = {"winSize": (WINDOW, WINDOW), "maxLevel": LEVELS}
    there, found, _ = cv2.calcOpticalFlowPyrLK(first, second, corners, None, **window)  # type: ignore[call-overload]
    back, found_back, _ = cv2.calcOpticalFlowPyrLK(second, first, there, None, **window)  # type: ignore[call-overload]
    missed = np.linalg.norm((back - corners).reshape(-1, 2), axis=1)
    kept = (found.ravel() == 1) & (found_back.ravel() == 1) & (missed < LARGEST_ERROR)
    return Tracks(
        corners.reshape(-1, 2)[kept].astype(np.float64), there.reshape(-1, 2)[kept].astype(np.float64), len(corners)
    )

"""Calibration by a chessboard that is moved before the camera."""

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float32

from vection.arrays import CameraNumbers, Distortion, Fisheye, RgbImage
from vection.errors import DataError

FEWEST_VIEWS = 8
MOST_VIEWS = 40
"""More make it slower and hardly better."""
POOR_COVERAGE = 0.6
"""Share of the image's width or height below which the lens is guessed at the edges."""
POOR_FIT = 1.0
"""Pixels; a good calibration leaves some tenths."""

Corners = Float32[np.ndarray, "corner 2"]


@dataclass(frozen=True)
class ChessboardCalibration:
    """What the views of a board say of the camera."""

    numbers: CameraNumbers
    """fx, fy, cx, cy in pixels, pixel centres at integers."""
    size: tuple[int, int]
    """Width and height of the images."""
    distortion: Distortion | None
    fisheye: Fisheye | None
    error: float
    """Root mean square distance of corners from where the camera expects them, pixels."""
    views: int
    """Images that were used."""
    coverage: tuple[float, float]
    """Share of the image's width and height within which corners lay."""

    @property
    def warnings(self) -> list[str]:
        """What makes it doubtful, in words."""
        told = []
        if min(self.coverage) < POOR_COVERAGE:
            across, down = (f"{100 * share:.0f} %" for share in self.coverage)
            told.append(
                f"The board covered {across} of the width and {down} of the height; show it near the edges, too."
            )
        if self.error > POOR_FIT:
            told.append(
                f"Corners lie {self.error:.1f} pixels from where they should; hold the board flat and still, and see "
                "whether the lens is a fisheye."
            )
        return told


def calibrate(images: Iterable[RgbImage], *, corners: tuple[int, int], fisheye: bool = False) -> ChessboardCalibration:
    """Calibrate by images of a board with `corners` inner corners across and down; others are passed over.

    The lens is OpenCV's with k1, k2, p1, p2, k3, or, of a `fisheye`, Kannala and Brandt's with k1 to k4. Raises
    DataError for images of several sizes, or if the board is seen in fewer than 8.
    """
    found: list[Corners] = []
    size: tuple[int, int] | None = None
    count = 0
    for image in images:
        count += 1
        grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
        if size not in (None, (grey.shape[1], grey.shape[0])):
            raise DataError("The images have several sizes; a calibration is of one.")
        size = grey.shape[1], grey.shape[0]
        seen, points = cv2.findChessboardCornersSB(grey, corners, flags=cv2.CALIB_CB_NORMALIZE_IMAGE)
        if seen:
            found.append(np.asarray(points, np.float32).reshape(-1, 2))
    if size is None or len(found) < FEWEST_VIEWS:
        raise DataError(
            f"A board with {corners[0]}x{corners[1]} inner corners is seen in {len(found)} of {count} images, and "
            f"{FEWEST_VIEWS} are the least; count the corners where four squares meet, and show the whole board, "
            "tilted, near and far, all over the image."
        )
    views = [found[index] for index in np.linspace(0, len(found) - 1, min(len(found), MOST_VIEWS)).round().astype(int)]
    board = np.zeros((corners[0] * corners[1], 3), np.float32)
    board[:, :2] = np.mgrid[: corners[0], : corners[1]].T.reshape(-1, 2)
    error, matrix, bend = _solve(views, board, size=size, fisheye=fisheye)
    everything = np.concatenate(views)
    across, down = (np.ptp(everything, axis=0) / size).tolist()
    return ChessboardCalibration(
        numbers=(float(matrix[0, 0]), float(matrix[1, 1]), float(matrix[0, 2]), float(matrix[1, 2])),
        size=size,
        distortion=None if fisheye else (bend[0], bend[1], bend[2], bend[3], bend[4]),
        fisheye=(bend[0], bend[1], bend[2], bend[3]) if fisheye else None,
        error=error,
        views=len(views),
        coverage=(across, down),
    )


def _solve(
    views: list[Corners], board: Float32[np.ndarray, "corner 3"], *, size: tuple[int, int], fisheye: bool
) -> tuple[float, np.ndarray, list[float]]:
    """Return the error, the camera matrix and the numbers of the lens."""
    try:
        if fisheye:
            boards, points = (
                [board[None].astype(np.float64)] * len(views),
                [view[None].astype(np.float64) for view in views],
            )
            names = cv2 if hasattr(cv2, "CALIB_FIX_SKEW") else cv2.fisheye  # OpenCV 5, 4
            flags = names.CALIB_RECOMPUTE_EXTRINSIC | names.CALIB_FIX_SKEW
            error, matrix, bend, *_ = cv2.fisheye.calibrate(
                boards, points, size, np.zeros((3, 3)), np.zeros(4), flags=flags
            )
        else:
            error, matrix, bend, *_ = cv2.calibrateCamera([board] * len(views), views, size, None, None)
    except cv2.error as problem:
        raise DataError(
            "The views of the board do not determine the camera; show it tilted, near and far, all over the image."
        ) from problem
    return float(error), np.asarray(matrix), np.asarray(bend, float).reshape(-1).tolist()

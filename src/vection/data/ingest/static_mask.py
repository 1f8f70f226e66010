"""Find what no scene ever shows: black corners, overlays, and the bonnet at the lower edge."""

from collections.abc import Sequence

import cv2
import numpy as np
from jaxtyping import Float32, Int64

from vection.arrays import PixelMask, RgbImage

FEWEST_FRAMES = 8
BLACK = 12
"""A region that never gets brighter than this, at the border, is no scene (night skies are brighter)."""
STILL = 3.0
"""Grey levels: a pixel of an overlay varies by the compression's noise only."""
OVERLAY_EDGE = 20.0
"""Grey levels per pixel: a mean gradient that only something drawn on the picture keeps over a whole drive."""
LOWER_PART = 0.25
"""A bonnet is looked for in this fraction of the rows."""
EDGE_PERSISTENCE = 1.5
"""Least mean, along the bonnet's edge, of the mean gradient over its variation in time."""
QUIETER = 0.6
"""A bonnet's brightness varies by at most this fraction of the variation of the road before it."""
SLOPE_COST = 0.5
"""Taken from the score for each row that the bonnet's edge rises or falls: bonnets are nearly level."""

GreyFrames = Float32[np.ndarray, "frame height width"]
"""Brightness of frames spread over a clip, 0..255."""


def find_usable(images: Sequence[RgbImage]) -> PixelMask | None:
    """Return height x width, False where the RGB images of a moving clip show no scene; None if all is usable.

    Needs images spread over a clip in which the camera moves; with fewer than 8 nothing is found.
    """
    if len(images) < FEWEST_FRAMES:
        return None
    greys = np.stack([cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) for image in images]).astype(np.float32)
    unusable = black_border(greys) | overlay(greys) | bonnet(greys)
    return None if not unusable.any() else ~unusable


def black_border(greys: GreyFrames) -> PixelMask:
    """Return True in regions that touch the border and are always black (frames x height x width in)."""
    black = (greys.max(axis=0) < BLACK).astype(np.uint8)
    count, labels = cv2.connectedComponents(black)
    border = np.unique(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]))
    large = [label for label in border if 0 < label < count and (labels == label).sum() >= 0.0005 * labels.size]
    return _grown(np.isin(labels, large))


def overlay(greys: GreyFrames) -> PixelMask:
    """Return True around strong edges that stay in place without any change: text, logos, a frame."""
    edges = np.hypot(*_mean_gradient(greys)) > OVERLAY_EDGE
    drawn = (edges & (greys.std(axis=0) < STILL)).astype(np.uint8)
    closed = cv2.morphologyEx(drawn, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(closed)
    large = [label for label in range(1, count) if stats[label, cv2.CC_STAT_AREA] >= 12]
    return _grown(np.isin(labels, large))


def bonnet(greys: GreyFrames) -> PixelMask:
    """Return True below an edge that runs from side to side through the lower part and stays in place."""
    height = greys.shape[1]
    first = height - int(height * LOWER_PART)
    vertical = np.stack([cv2.Sobel(grey, cv2.CV_32F, 0, 1, scale=0.25) for grey in greys])[:, first:]
    persistence = np.abs(vertical.mean(axis=0)) / (vertical.std(axis=0) + 2.0)
    path = _best_path(persistence)
    strength = persistence[path, np.arange(len(path))]
    nothing = np.zeros(greys.shape[1:], np.bool_)
    if strength.mean() < EDGE_PERSISTENCE or np.mean(strength > 1) < 0.8:
        return nothing
    rows = np.arange(height)[:, None]
    below = rows >= first + path + 3
    variation = greys.std(axis=0)
    road, car = variation[first:][~below[first:]], variation[below]
    # The road's marks pass by; a bonnet changes by reflections only. A horizon that stands still fails here.
    if car.size == 0 or np.percentile(car, 95) > QUIETER * np.percentile(road, 95):
        return nothing
    return np.asarray(rows >= first + path - 3)


def _best_path(score: Float32[np.ndarray, "row column"]) -> Int64[np.ndarray, " column"]:
    # Viterbi: one row a column, neighbours at most one row apart, of the greatest sum of scores.
    rows, columns = score.shape
    total, came_from = score[:, 0].copy(), np.zeros((rows, columns), np.int64)
    for column in range(1, columns):
        padded = np.pad(total, 1, constant_values=-np.inf)
        choices = np.stack([padded[:-2] - SLOPE_COST, padded[1:-1], padded[2:] - SLOPE_COST])
        best = choices.argmax(axis=0)
        came_from[:, column] = np.arange(rows) + best - 1
        total = choices.max(axis=0) + score[:, column]
    path = np.zeros(columns, np.int64)
    path[-1] = total.argmax()
    for column in range(columns - 1, 0, -1):
        path[column - 1] = came_from[path[column], column]
    return path


def _mean_gradient(
    greys: GreyFrames,
) -> tuple[Float32[np.ndarray, "height width"], Float32[np.ndarray, "height width"]]:
    mean = greys.mean(axis=0)
    return cv2.Sobel(mean, cv2.CV_32F, 1, 0, scale=0.25), cv2.Sobel(mean, cv2.CV_32F, 0, 1, scale=0.25)


def _grown(region: PixelMask) -> PixelMask:
    return np.asarray(cv2.dilate(region.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0)

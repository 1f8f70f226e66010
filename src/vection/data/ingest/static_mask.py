"""Find what no scene ever shows: black corners, overlays, and the bonnet at the lower edge."""

from collections.abc import Sequence

import cv2
import numpy as np
from jaxtyping import Float32, Int64, UInt8

from vection.arrays import PixelMask, RgbImage

FEWEST_FRAMES = 8
SMALLEST_USABLE = 0.3
"""An automatic mask that leaves less than this fraction of the image is not believed."""
BLACK = 12
"""A region that never gets brighter than this, at the border, is no scene (night skies are brighter)."""
STILL = 3.0
"""Grey levels: a pixel of an overlay varies by the compression's noise only."""
OVERLAY_EDGE = 20.0
"""Grey levels per pixel: a mean gradient that only something drawn on the picture keeps over a whole drive."""
FAINT_EDGE = 5.0
"""The same of what is faint, and then never changes: a star on the bonnet, a scratch, half-transparent text."""
FAINT_PERSISTENCE = 5.0
LEAST_PERSISTENCE = 2.5
"""Mean over an overlay; of marks on the road that a sample catches at the same place it is below 1."""
AROUND = 0.5
"""Persistence around an overlay; where it is higher, all the scene stays in place, for instance far clouds."""
LOWER_PART = 0.25
"""A bonnet is looked for in this fraction of the rows."""
EDGE_PERSISTENCE = 1.2
"""Least mean, along the bonnet's edge, of the mean gradient over its variation in time."""
STRONG_SHARE = 0.65
"""Of the columns in which the edge is clearly seen."""
EDGE_NOISE = 1.0
"""Grey levels added to the variation, so that flat parts have no edges."""
LEAST_WIDTH = 0.4
"""Fraction of the columns in which a bonnet is seen; its sides may lie below the image."""
BELOW_IMAGE = 0.7
"""Score of a column in which there is no bonnet."""
QUIETER = 0.6
"""A bonnet's brightness varies by at most this fraction of the variation of the road before it."""
SLOPE_COST = 0.5
"""Taken from the score for each row that the bonnet's edge rises or falls: bonnets are nearly level."""
HORIZON = 0.45
"""Fraction of the rows at which roads vanish, roughly; marks along the road point there and stay in place."""

GreyFrames = Float32[np.ndarray, "frame height width"]
"""Brightness of frames spread over a clip, 0..255."""
Map = Float32[np.ndarray, "height width"]


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
    """Return True around edges that stay in place without any change: text, logos, a frame."""
    across, down = _gradients(greys, 1, 0), _gradients(greys, 0, 1)
    edge = np.hypot(across.mean(axis=0), down.mean(axis=0))
    spread = np.sqrt(across.var(axis=0) + down.var(axis=0))
    strong = (edge > OVERLAY_EDGE) & (greys.std(axis=0) < STILL)
    faint = (edge > FAINT_EDGE) & (edge > FAINT_PERSISTENCE * (spread + 0.5))
    drawn = (strong | faint).astype(np.uint8)
    closed = cv2.morphologyEx(drawn, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(closed)
    large = [label for label in range(1, count) if stats[label, cv2.CC_STAT_AREA] >= 12]
    persistence = edge / (spread + 0.5)
    kept = np.zeros(edge.shape, np.uint8)
    for label in large:
        kept |= _if_drawn((labels == label).astype(np.uint8), drawn > 0, persistence)
    # digits that change lie between those that do not
    return _grown(cv2.morphologyEx(kept, cv2.MORPH_CLOSE, np.ones((5, 25), np.uint8)) > 0)


def _if_drawn(
    region: UInt8[np.ndarray, "height width"], drawn: PixelMask, persistence: Map
) -> UInt8[np.ndarray, "height width"]:
    """Return the region, or nothing of it if it is far away, where all around it stays in place as well."""
    near, far = (cv2.dilate(region, np.ones((side, side), np.uint8)) for side in (9, 31))
    around = (far > 0) & (near == 0)
    stays = persistence[drawn & (region > 0)].mean() > LEAST_PERSISTENCE
    far_away = around.any() and np.median(persistence[around]) > AROUND
    return region if stays and not far_away else np.zeros_like(region)


def bonnet(greys: GreyFrames) -> PixelMask:
    """Return True below an edge that runs through the lower part and stays in place."""
    height, width = greys.shape[1:]
    first = height - int(height * LOWER_PART)
    away = _away_from_horizon(height, width)
    # what moves along the road moves away from the point where it vanishes: only edges across that way are told
    moving = _gradients(greys, 1, 0)[:, first:] * away[0, first:] + _gradients(greys, 0, 1)[:, first:] * away[1, first:]
    persistence = np.abs(moving.mean(axis=0)) / (moving.std(axis=0) + EDGE_NOISE)
    path = _best_path(np.concatenate([persistence, np.full((1, width), BELOW_IMAGE)]).astype(np.float32))
    seen = path < height - first
    nothing = np.zeros((height, width), np.bool_)
    if seen.mean() < LEAST_WIDTH:
        return nothing
    strength = persistence[path[seen], np.flatnonzero(seen)]
    if strength.mean() < EDGE_PERSISTENCE or np.mean(strength > 1) < STRONG_SHARE:
        return nothing
    rows = np.arange(height)[:, None]
    below = (rows >= first + path + 3) & seen
    variation = greys.std(axis=0)
    road, car = variation[first:][(rows < first + path - 3)[first:]], variation[below]
    # The road's marks pass by; a bonnet changes by reflections only. A horizon that stands still fails here.
    if car.size and np.percentile(car, 95) > QUIETER * np.percentile(road, 95):
        return nothing
    return np.asarray((rows >= first + path - 3) & seen)


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


def _gradients(greys: GreyFrames, across: int, down: int) -> GreyFrames:
    return np.stack([cv2.Sobel(grey, cv2.CV_32F, across, down, scale=0.25) for grey in greys])


def _away_from_horizon(height: int, width: int) -> Float32[np.ndarray, "2 height width"]:
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    away = np.stack([columns - (width - 1) / 2, rows - HORIZON * height])
    return away / np.maximum(np.linalg.norm(away, axis=0), 1)


def _grown(region: PixelMask) -> PixelMask:
    return np.asarray(cv2.dilate(region.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0)

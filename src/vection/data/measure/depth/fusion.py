"""One depth of a frame from its pairs: brought to one scale, compared and averaged."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float32

from vection.data.clips.resizing import Size
from vection.data.measure.depth.triangulation import Triangulation
from vection.data.measure.settings import MeasureSettings

FLOW_ERROR = 0.25
"""Pixels that flow is taken to be wrong by; divided by the parallax it is the relative error of depth."""
STRONGEST_PARALLAX = 10.0
"""Pixels from which on other errors than the flow's decide."""
HALF_WEIGHT_ERROR = 0.1
"""Relative error of depth at which a pixel weighs half."""
SINGLE_WEIGHT = 0.5
"""Factor for what one pair alone says."""
FEWEST_COMMON = 200
"""Pixels that two pairs must share to be brought to one scale."""
LEAST_COVER = 0.5
"""Of the measured pixels below a stored one, those that must have depth."""
LARGEST_SPREAD = 0.1
"""Standard deviation of the logarithm of depth within a stored pixel; more is an edge between two things."""

Numbers = Float32[np.ndarray, "height width"]


@dataclass(frozen=True)
class FusedDepth:
    """Depth of a frame in its own unit."""

    depth: Numbers
    """0 where it is unknown."""
    weight: Numbers
    """0 to 1, from parallax and agreement."""
    baselines: tuple[float | None, ...]
    """Of each pair, in the unit of the depth; None where the pair shares too little with the others."""


def fuse(pairs: Sequence[Triangulation], settings: MeasureSettings) -> FusedDepth:
    """Average the logarithms of depth, weighted by squared parallax; what contradicts the average leaves a pixel out.

    The unit is the baseline of the pair with the most pixels.
    """
    baselines = align(pairs)
    logs, precisions = [], []
    for pair, baseline in zip(pairs, baselines, strict=True):
        if baseline is not None:
            known = pair.depth > 0
            logs.append(np.log(np.where(known, pair.depth * np.float32(baseline), np.float32(1))))
            bounded = np.minimum(pair.parallax, np.float32(STRONGEST_PARALLAX)) / np.float32(FLOW_ERROR)
            precisions.append(np.where(known, bounded**2, np.float32(0)))
    log, precision = np.stack(logs), np.stack(precisions)
    total = precision.sum(axis=0)
    mean = (log * precision).sum(axis=0) / np.maximum(total, np.float32(1e-12))
    allowed = settings.contradiction + 3 / np.sqrt(np.maximum(precision, np.float32(1e-12)))
    contradicted = ((precision > 0) & (np.abs(log - mean) > allowed)).any(axis=0)
    known = (total > 0) & ~contradicted
    exact = total * np.float32(HALF_WEIGHT_ERROR**2)
    confirmed = np.where((precision > 0).sum(axis=0) > 1, np.float32(1), np.float32(SINGLE_WEIGHT))
    weight = np.asarray(confirmed * exact / (1 + exact), np.float32)
    zero = np.float32(0)
    return FusedDepth(np.where(known, np.exp(mean), zero), np.where(known, weight, zero).astype(np.float32), baselines)


def align(pairs: Sequence[Triangulation]) -> tuple[float | None, ...]:
    """Return each pair's baseline in units of that of the pair with the most pixels.

    It is the median ratio of depths over the pixels that the pair shares with those already aligned.
    """
    order = sorted(range(len(pairs)), key=lambda index: (-pairs[index].pixels, index))
    baselines: list[float | None] = [None] * len(pairs)
    aligned = pairs[order[0]].depth
    baselines[order[0]] = 1.0
    for index in order[1:]:
        depth = pairs[index].depth
        common = (depth > 0) & (aligned > 0)
        if np.count_nonzero(common) < FEWEST_COMMON:
            continue
        ratio = float(np.median(aligned[common] / depth[common]))
        baselines[index] = ratio
        aligned = np.where(aligned > 0, aligned, depth * np.float32(ratio))
    return tuple(baselines)


def shrink(fused: FusedDepth, size: Size) -> tuple[Numbers, Numbers]:
    """Return depth and weight at the stored height and width; edges between near and far are left out."""
    if fused.depth.shape == tuple(size):
        return fused.depth, fused.weight
    shrinks = fused.depth.shape[0] >= size[0] and fused.depth.shape[1] >= size[1]
    method = cv2.INTER_AREA if shrinks else cv2.INTER_NEAREST_EXACT
    known = (fused.depth > 0).astype(np.float32)
    log = np.log(np.where(known > 0, fused.depth, np.float32(1)))
    layers = [known, known * fused.weight, known * log, known * log**2]
    cover, weight, mean, square = (
        np.asarray(cv2.resize(layer, (size[1], size[0]), interpolation=method), np.float32) for layer in layers
    )
    share = np.maximum(cover, np.float32(1e-6))
    log_depth = mean / share
    kept = (cover >= LEAST_COVER) & (square / share - log_depth**2 < LARGEST_SPREAD**2)
    zero = np.float32(0)
    return np.where(kept, np.exp(log_depth), zero), np.where(kept, weight / share, zero).astype(np.float32)

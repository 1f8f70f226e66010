"""Parts of the image that never show the scene: bonnet, overlays, black bars."""

import numpy as np

from vection.arrays import PixelMask
from vection.data.ingest.doctor.finding import Finding
from vection.data.ingest.doctor.sample import Sample
from vection.data.ingest.static_mask import FEWEST_FRAMES, SMALLEST_USABLE, black_border, bonnet, overlay

SAMPLES = 60
LEAST_PART = 0.0008
"""Fraction of the image; smaller ones are no finding, though they are masked."""


def check_regions(sample: Sample) -> list[Finding]:
    """Find what `ingest` masks by itself; needs a camera that moves."""
    greys = sample.spread(SAMPLES)
    if len(greys) < FEWEST_FRAMES:
        return []
    stack = np.stack(greys).astype(np.float32)
    black, drawn, car = black_border(stack), overlay(stack), bonnet(stack)
    drawn &= ~(black | car)
    usable = 1 - float((black | drawn | car).mean())
    fix = "ingest masks it, so that nothing is learned there"
    if usable < SMALLEST_USABLE:
        cause = f"only {usable:.0%} of the image seems to show the scene, which is not believed"
        return [
            Finding("constant-image", "harmful", cause, "give a mask of what is usable (`mask`)", {"usable": usable})
        ]
    parts = (
        ("black-bars", black, f"black {_bars(black)} cover"),
        ("bonnet", car, "the car's own bonnet covers"),
        ("overlay", drawn, "a logo, text or another mark on the picture covers"),
    )
    return [
        Finding(name, "handled", f"{words} {region.mean():.1%} of the image", fix, _box(region))
        for name, region, words in parts
        if region.mean() > LEAST_PART
    ]


def _bars(black: PixelMask) -> str:
    height, width = black.shape
    sides, ends = bool(black[height // 2, [2, -3]].any()), bool(black[[2, -3], width // 2].any())
    return {(True, False): "bars at the sides", (False, True): "bars above or below"}.get(
        (bool(sides), bool(ends)), "borders or corners"
    )


def _box(region: PixelMask) -> dict[str, float]:
    """Return the box around a region as fractions of the image."""
    if not region.any():
        return {}
    rows, columns = np.flatnonzero(region.any(axis=1)), np.flatnonzero(region.any(axis=0))
    height, width = region.shape
    box = (columns[0] / width, rows[0] / height, (columns[-1] + 1) / width, (rows[-1] + 1) / height)
    edges = dict(zip(("left", "top", "right", "bottom"), (round(float(edge), 3) for edge in box), strict=True))
    return edges | {"fraction": round(float(region.mean()), 4)}

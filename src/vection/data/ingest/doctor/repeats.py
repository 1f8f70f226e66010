"""Frames that come twice, in the wrong order, or from two cameras in turn."""

import numpy as np
from jaxtyping import Float64

from vection.arrays import GreyImage
from vection.data.ingest.doctor.finding import Finding
from vection.data.ingest.doctor.sample import Sample
from vection.data.ingest.doctor.steps import Steps

SAME = 0.2
"""A frame repeats the one before if it changes by less than this part of the usual change."""
LEAST_CHANGE = 1.0
"""Grey levels of usual change, below which nothing moves enough to tell."""
DUPLICATE_SHARE = 0.05
ALTERNATING = 0.4
"""Of the places at which the next frame but one is clearly more alike than both its neighbours."""
WRONG_SHARE = 0.3
"""Of the places at which another frame than the next is the most alike."""
CLEARLY = 0.85
AHEAD = 4
FEWEST = 8


def check_repeats(steps: Steps) -> list[Finding]:
    """Find duplicates: steps without any change between steps of usual change."""
    moving = steps.change[~steps.cut]
    usual = float(np.percentile(moving, 75)) if len(moving) else 0.0
    if usual < LEAST_CHANGE:
        return []
    # a camera that halts makes long runs of likeness; a repeated frame stands between different ones
    same = (steps.change < SAME * usual) & (steps.change < LEAST_CHANGE)
    lengths = [len(run) for run in "".join("s" if one else " " for one in same).split()]
    repeated = sum(length for length in lengths if length <= 3)
    if repeated < max(2, DUPLICATE_SHARE * len(steps)):
        return []
    return [
        Finding(
            "duplicate-frames",
            "handled",
            f"{repeated} of {len(steps)} frames repeat the one before (a video of a lower frame rate, stretched)",
            "ingest leaves them out",
            {"repeated": repeated, "steps": len(steps)},
        )
    ]


def check_order(sample: Sample) -> list[Finding]:
    """Find frames of two cameras in turn, and frames that do not follow one another."""
    changes = np.array([_changes_ahead(sample, index) for index in _places(sample)]).reshape(-1, AHEAD)
    changes = changes[changes.max(axis=1) > 2 * LEAST_CHANGE] if len(changes) else changes
    if len(changes) < FEWEST:
        return []
    one, two, three, four = changes.T
    alternating = np.mean((two < CLEARLY * np.minimum(one, three)) & (four < three))
    if alternating > ALTERNATING:
        return [
            Finding(
                "alternating-cameras",
                "unusable",
                f"at {alternating:.0%} of the places a frame is more like the next but one than like the next: "
                "frames of two cameras alternate",
                "put the frames of each camera into a folder of its own",
                {"share": float(alternating)},
            )
        ]
    wrong = np.mean(changes[:, 1:].min(axis=1) < CLEARLY * changes[:, 0])
    if wrong <= WRONG_SHARE:
        return []
    return [
        Finding(
            "wrong-order",
            "unusable",
            f"at {wrong:.0%} of the places a later frame is more alike than the next one: the frames are not in order",
            "name the files so that their order is that of time, with leading zeros",
            {"share": float(wrong)},
        )
    ]


def _places(sample: Sample) -> list[int]:
    able = [index for index in range(len(sample)) if index + AHEAD < sample.run_end(index)]
    return [able[index] for index in np.unique(np.linspace(0, len(able) - 1, min(60, len(able))).round().astype(int))]


def _changes_ahead(sample: Sample, index: int) -> Float64[np.ndarray, " ahead"]:
    first = _even(sample.greys[index])
    return np.array([np.abs(first - _even(sample.greys[index + gap])).mean() for gap in range(1, AHEAD + 1)])


def _even(grey: GreyImage) -> Float64[np.ndarray, "height width"]:
    """Return the image with a mean of 0 and a spread of 50, so that exposure does not count."""
    values = grey.astype(np.float64) - grey.mean()
    return values * (50 / max(5.0, float(values.std())))

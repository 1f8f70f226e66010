"""Whether the camera travels: standing, turning on the spot, too slow or too fast, and the stride that follows."""

from statistics import median

import numpy as np

from vection.arrays import CameraNumbers
from vection.data.ingest.doctor.finding import Finding
from vection.data.ingest.doctor.pairs import SampledPair, cameras_to_try
from vection.data.ingest.doctor.sample import GAPS, Sample
from vection.data.ingest.doctor.steps import Steps
from vection.data.ingest.parallax import (
    FRAMES_TO_KEEP,
    LARGEST_STRIDE,
    STATIC_DISPLACEMENT,
    TARGET_DISPLACEMENT,
    WEAK_DISPLACEMENT,
    median_displacement,
)

FEWEST_PLACES = 3
STANDING_SHARE = 0.9
"""Of the places, above which the camera is said never to move."""
TURNING = 0.12
"""A pair whose parallax is a smaller part of its motion than this was made by a turn."""
FEWEST_TURNS = 6
TURNING_SHARE = 0.8
WEAK_PARALLAX = 0.35
"""Where parallax is a smaller part of the motion, frames farther apart are taken."""
LARGE_STEP = 0.08
"""Motion between neighbouring frames, as a fraction of the width, that corners are hardly followed over."""
LOST_SHARE = 0.5


def still_share(sample: Sample, steps: Steps) -> float | None:
    """Return the share of places at which the picture does not move, up to 29 frames on; None of too short a sample."""
    still = []
    cuts = set(steps.first[steps.cut].tolist())
    for place in sample.places:
        last = min(place + GAPS[-1], sample.run_end(place) - 1)
        if last > place and not cuts & set(range(place, last)):
            still.append(median_displacement(sample.greys[place], sample.greys[last]) < STATIC_DISPLACEMENT)
    return float(np.mean(still)) if len(still) >= FEWEST_PLACES else None


def suggest_stride(steps: Steps, pairs: list[SampledPair], *, frames: int | None, camera: CameraNumbers | None) -> int:
    """Return the stride at which the picture moves by about 1 % of its width, more where little of that is parallax.

    KITTI at 10 Hz has about 1 %, nine tenths of it parallax.
    """
    moving = [value for value in steps.moved.tolist() if value >= STATIC_DISPLACEMENT]
    moved = median(moving) if len(moving) > len(steps) / 2 else _slow(pairs)
    if not moved:
        return 1
    shares = [share for share in _parallax_shares(pairs, camera) if share > TURNING]
    factor = min(2.0, WEAK_PARALLAX / median(shares)) if shares and median(shares) < WEAK_PARALLAX else 1.0
    highest = LARGEST_STRIDE if frames is None else min(LARGEST_STRIDE, frames // FRAMES_TO_KEEP)
    return max(1, min(round(TARGET_DISPLACEMENT * factor / moved), highest))


def check_motion(
    sample: Sample, steps: Steps, pairs: list[SampledPair], *, camera: CameraNumbers | None, rate: float, stride: int
) -> list[Finding]:
    """Find a camera that stands, only turns, moves too little for its frame rate, or too far between frames."""
    share = still_share(sample, steps)
    if share is not None and share >= STANDING_SHARE:
        return [
            Finding(
                "static-camera",
                "unusable",
                f"the camera stands at {share:.0%} of the places looked at: there is no parallax to learn depth from",
                "use video in which the camera travels",
                {"share": share},
            )
        ]
    turning = _turning(pairs, camera)
    if turning is not None:
        return [turning]
    return [*_speed(steps, pairs, rate=rate, stride=stride), *_halts(share)]


def _turning(pairs: list[SampledPair], camera: CameraNumbers | None) -> Finding | None:
    shares = _parallax_shares(pairs, camera)
    turned = sum(share < TURNING for share in shares)
    if len(shares) < FEWEST_TURNS or turned < TURNING_SHARE * len(shares):
        return None
    return Finding(
        "rotation-only",
        "unusable",
        f"the camera only turns: in {turned} of {len(shares)} pairs a turn explains all motion, so no depth shows",
        "use video in which the camera travels, not one from a tripod that pans",
        {"turned": turned, "pairs": len(shares), "parallax_share": round(median(shares), 3)},
    )


def _speed(steps: Steps, pairs: list[SampledPair], *, rate: float, stride: int) -> list[Finding]:
    moved = float(np.median(steps.moved)) if len(steps) else 0.0
    lost = sum(pair.lost for pair in pairs)
    numbers = {"moved_per_frame": round(moved, 5), "stride": stride, "lost": lost, "pairs": len(pairs)}
    if pairs and (moved > LARGE_STEP or lost > LOST_SHARE * len(pairs)):
        found = f"neighbouring frames lie far apart: {lost} of {len(pairs)} pairs have hardly a corner in common"
        return [
            Finding(
                "steps-too-large",
                "harmful",
                f"{found} at {rate:g} frames per second",
                "use every frame of the video, or one of a higher frame rate",
                numbers,
            )
        ]
    slow = _slow(pairs) if moved < STATIC_DISPLACEMENT else moved
    if slow * LARGEST_STRIDE < WEAK_DISPLACEMENT:
        fix = "use video in which the camera travels faster"
        return [Finding("slow-camera", "harmful", _slowness(slow, rate, stride), fix, numbers)]
    if slow * stride < WEAK_DISPLACEMENT:
        fix = "a longer video would allow a larger stride, which teaches more"
        return [Finding("slow-and-short", "note", _slowness(slow, rate, stride), fix, numbers)]
    if stride > 1:
        fix = f"ingest takes every {stride}. frame"
        return [Finding("stride", "handled", _slowness(slow, rate, stride), fix, numbers)]
    return []


def _slowness(moved: float, rate: float, stride: int) -> str:
    at = f", and by {moved * stride:.2%} at stride {stride}" if stride > 1 else ""
    return f"the picture moves by {moved:.2%} of its width a frame at {rate:g} frames per second{at}"


def _halts(share: float | None) -> list[Finding]:
    if share is None or share < 0.1:
        return []
    fix = "ingest leaves out frames in which the camera stands"
    return [
        Finding("halts", "handled", f"the camera stands at {share:.0%} of the places looked at", fix, {"share": share})
    ]


def _slow(pairs: list[SampledPair]) -> float:
    """Return the motion a frame from pairs that lie apart: surer than a hundredth of a pixel between neighbours."""
    return median(pair.flow / pair.gap for pair in pairs) if pairs else 0.0


def _parallax_shares(pairs: list[SampledPair], camera: CameraNumbers | None) -> list[float]:
    told = [pair for pair in pairs if pair.told]
    return [min(pair.parallax(one) for one in cameras_to_try(pair.size, camera)) / pair.flow for pair in told]

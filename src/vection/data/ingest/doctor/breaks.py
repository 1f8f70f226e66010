"""Cuts, gaps in time and jumps of exposure: what comes between two frames of one clip."""

import numpy as np

from vection.data.ingest.continuity import is_gap
from vection.data.ingest.doctor.finding import Finding
from vection.data.ingest.doctor.sample import Sample
from vection.data.ingest.doctor.steps import Steps

JUMP = 0.15
"""Logarithm of mean brightness between neighbours; trees and sun over a road stay below 0.11."""
FLICKER_SHARE = 0.02


def check_cuts(steps: Steps, *, whole: bool) -> list[Finding]:
    """Find places where the scene changes."""
    count = int(steps.cut.sum())
    if not count:
        return []
    where = f"{count} place{'s' if count > 1 else ''}{'' if whole else ' of the sample'}"
    fix = "ingest begins anew there, and nothing is learned or chained across"
    return [Finding("cut", "handled", f"the scene changes at {where}", fix, {"cuts": count})]


def check_gaps(sample: Sample) -> list[Finding]:
    """Find places where time jumps."""
    times = [sample.seconds[index + 1] - sample.seconds[index] for index in sample.steps()]
    usual = float(np.median(times)) if times else 0.0
    gaps = [time for time in times if is_gap(time, usual=usual)]
    if not gaps:
        return []
    cause = f"frames are missing at {len(gaps)} place{'s' if len(gaps) > 1 else ''}, for up to {max(gaps):.2f} s"
    fix = "ingest begins anew after each gap, and nothing is learned or chained across"
    return [Finding("time-gap", "handled", cause, fix, {"gaps": len(gaps), "longest": round(max(gaps), 3)})]


def check_exposure(steps: Steps) -> list[Finding]:
    """Find brightness that jumps from frame to frame."""
    jumps = int((np.abs(steps.gain[~steps.cut]) > JUMP).sum()) if len(steps) else 0
    if jumps < max(3, FLICKER_SHARE * len(steps)):
        return []
    return [
        Finding(
            "exposure-jumps",
            "harmful",
            f"brightness jumps by over {np.expm1(JUMP):.0%} at {jumps} of {len(steps)} steps",
            "lock the camera's exposure, or remove the flicker first (ffmpeg -vf deflicker); the recipe video, "
            "which learns measured geometry, suffers least",
            {"jumps": jumps, "steps": len(steps)},
        )
    ]

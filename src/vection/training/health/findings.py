"""What statistics say that a user should know: what it is, what usually causes it, and what to try."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

ENOUGH_ROTATION = 0.005
"""Radians between two frames from which a focal length can be learned.

A turn by r moves a pixel at x from the centre by r (f + x^2 / f). The first part fits any f with another r; an f wrong
by 5 % changes the second by 0.1 pixels of 416 at r = 0.005 (compare Gordon et al. 2019, section 3.4).
"""
ROW_SPREAD = 0.01
"""Of the logarithm of depth along rows; healthy trainings had 0.07 and more after 50 to 150 steps."""
LEAST_PARALLAX = 0.02
"""Pixels; healthy trainings had 0.9 and more."""
LEAST_BY_MEASURED, MOST_BY_MEASURED = 0.01, 30.0
"""Predicted by measured length; healthy trainings had 0.9 to 1.2."""
MOST_STEP = 5.0
"""Median depths between two frames; healthy trainings had 0.06 at most."""
MOST_ROTATION = 1.0
"""Radians between two frames."""
LEAST_CHANGE = 0.002
"""Half a grey level of 256; neighbours on the synthetic street differ by 0.05."""
LEAST_MEASURED = 0.05
LEAST_COUNTED = 0.03
"""Healthy trainings had 0.45 and more."""
MOST_GROWTH = 2.0
"""Healthy trainings had 1.02 at most after 150 steps."""
MOST_RISE = 1.5
"""Healthy trainings never rose above their beginning."""
MOST_DRIFT = 0.6
"""Of the logarithm of depth in 100 steps, without settling; `vection demo`, which is healthy, had 0.33."""
LOWER_RATE = "Lower the learning rate (stages.0.learning_rate) or lengthen the warm-up (stages.0.warm_up)."
NO_PARALLAX = (
    "Usual causes: a camera that stands or only turns, frames too close in time (ingest with a larger stride), frames "
    "that do not follow each other, or a scene that moves with the camera; vection doctor says which."
)


@dataclass(frozen=True)
class Finding:
    """Something that statistics show."""

    name: str
    sentence: str
    explodes: bool = False
    """Whether the weights are lost, so that only earlier ones help."""


def findings(
    statistics: Mapping[str, float],
    *,
    learns_intrinsics: bool = False,
    nothing_compared: bool = False,
    most_near: float = 0.2,
) -> list[Finding]:
    """Return what these statistics show; empty when all is well.

    They are those of `statistics.look` and `watch.Watch`, or a part of them; of a method that learns no depth there
    are none. `nothing_compared`: all loss terms that compare frames are exactly 0. `most_near` is the share of the
    depth that may sit at the near limit; it is passing while motion is still too small.
    """
    found = [
        *_depth_findings(statistics, most_near=most_near),
        *_motion_findings(statistics),
        *_mask_findings(statistics),
    ]
    share = 0.0 if nothing_compared else statistics.get("share_visible", 1.0)
    if share < 0.05:
        sentence = (
            f"Only {share:.0%} of the pixels are found in the other frame, so hardly anything is compared and a low "
            "loss means nothing: the predicted motion takes them out of view, or behind what the other frame shows. "
        )
        found.append(Finding("nothing visible", sentence + LOWER_RATE))
    if learns_intrinsics and statistics.get("rotation", math.inf) < ENOUGH_ROTATION:
        sentence = (
            "The predicted camera hardly turns, and without turns no focal length can be learned. If the clips have "
            "turns, train longer; else add clips with turns, or give the intrinsics when ingesting."
        )
        found.append(Finding("no turns", sentence))
    return found + _course_findings(statistics)


def remarks(
    statistics: Mapping[str, float], *, learns_intrinsics: bool = False, nothing_compared: bool = False
) -> list[str]:
    """Return the sentences of `findings`."""
    found = findings(statistics, learns_intrinsics=learns_intrinsics, nothing_compared=nothing_compared)
    return [finding.sentence for finding in found]


def _depth_findings(statistics: Mapping[str, float], *, most_near: float) -> list[Finding]:
    found: list[Finding] = []
    if "spread_within_image" not in statistics:
        return found
    near, far = (statistics.get(f"share_at_{end}_limit", 0.0) for end in ("near", "far"))
    if statistics["spread_within_image"] < 0.02 and max(near, far) < 0.9:
        sentence = (
            "The depth is nearly the same everywhere (collapse). Usual causes: hardly any camera motion between frames "
            "(ingest with a larger stride), wrong intrinsics, or too high a learning rate (stages.0.learning_rate)."
        )
        found.append(Finding("constant depth", sentence))
    elif statistics.get("spread_within_rows", math.inf) < ROW_SPREAD and max(near, far) < 0.9:
        sentence = (
            "The depth is the same along each row, whatever the image shows (collapse to rows). Usual causes: no "
            "parallax that tells things from the road, so that the usual slope of the ground explains all; wrong "
            "intrinsics; too strong a smoothness (method.smoothness_weight). Give clips with nearer things and more "
            "motion."
        )
        found.append(Finding("depth of rows", sentence))
    if near > most_near:
        sentence = (
            f"{near:.0%} of the depth sits at the near limit: the range of depth is too far away for the predicted "
            "camera motion. Lower both ends of it together, as method.min_depth=0.03 and method.max_depth=30 (scale is "
            "free)."
            if "translation" in statistics
            else f"{near:.0%} of the depth sits at the near limit, so near things look equally near. Nothing else is "
            "wrong with it; a training that starts from no other weights may have more room (smaller method.min_depth)."
        )
        found.append(Finding("near limit", sentence))
    if far > 0.5:
        sentence = (
            "Half of the depth sits at the far limit (saturated). Usual causes: no parallax (a static or only turning "
            "camera), or too high a learning rate (stages.0.learning_rate)."
        )
        found.append(Finding("far limit", sentence))
    return found


def _motion_findings(statistics: Mapping[str, float]) -> list[Finding]:
    found = []
    ratio = statistics.get("step_by_measured", 1.0)
    vanishes = statistics.get("translation", 1.0) < 1e-5 or statistics.get("parallax", 1.0) < LEAST_PARALLAX
    if vanishes or ratio < LEAST_BY_MEASURED:
        measured = f", {ratio:.1g} of what was measured in the clip" if "step_by_measured" in statistics else ""
        sentence = (
            f"The predicted camera motion is zero{measured}. Usual causes: a static camera, frames too close in time "
            "(ingest with a larger stride), a scene that moves with the camera, or a pose network that does not learn "
            "(stages.0.trains names what does)."
        )
        found.append(Finding("no motion", sentence))
    step, rotation = statistics.get("step", 0.0), statistics.get("rotation", 0.0)
    if step > MOST_STEP or rotation > MOST_ROTATION or ratio > MOST_BY_MEASURED:
        size = f"{step:.2g} times the median depth and {math.degrees(rotation):.0f} degrees between two frames"
        sentence = f"The predicted camera motion explodes: {size}. Usual cause: too high a learning rate. {LOWER_RATE}"
        found.append(Finding("exploding motion", sentence, explodes=True))
    if statistics.get("change", 1.0) < LEAST_CHANGE:
        sentence = f"Frames look the same as their neighbours, so there is no parallax to learn from. {NO_PARALLAX}"
        found.append(Finding("no parallax", sentence))
    elif statistics.get("measured_share", 1.0) < LEAST_MEASURED:
        sentence = f"In hardly any pair of frames was the camera's motion measurable: no parallax. {NO_PARALLAX}"
        found.append(Finding("no parallax", sentence))
    return found


def _mask_findings(statistics: Mapping[str, float]) -> list[Finding]:
    found = []
    for name, share in statistics.items():
        mask = name.removeprefix("mask: ")
        if mask != name and share < LEAST_COUNTED:
            sentence = (
                f"The {mask.replace('-', ' ')} swallows the frame: {share:.0%} of the pixels count, and a low loss "
                f"means nothing. {MASKS.get(mask, NO_PARALLAX)}"
            )
            found.append(Finding(name, sentence))
    return found


def _course_findings(statistics: Mapping[str, float]) -> list[Finding]:
    """Return what the statistics of `watch.Watch` alone show."""
    found = []
    growth = statistics.get("weights", 1.0)
    if growth > MOST_GROWTH:
        sentence = f"The weights are {growth:.2g} times as large as when training began: it diverges. {LOWER_RATE}"
        found.append(Finding("growing weights", sentence, explodes=True))
    rise = statistics.get("error", 1.0)
    if rise > MOST_RISE:
        sentence = (
            f"Frames are explained worse than at the beginning ({rise:.2g} times its loss). Usual cause: too high a "
            f"learning rate. {LOWER_RATE}"
        )
        found.append(Finding("rising loss", sentence))
    drift = statistics.get("scale_drift", 0.0)
    if abs(drift) > MOST_DRIFT:
        direction = "grows" if drift > 0 else "shrinks"
        sentence = (
            f"The scale drifts: predicted depth {direction} by {100 * abs(math.expm1(drift)):.0f} % in 100 steps and "
            "does not settle, until it meets a limit of its range. Usual causes: a loss that depends on scale "
            "(smoothness of depth instead of normalised disparity, or too much of it), or a pose network that does "
            "not learn with the depth network (stages.0.trains)."
        )
        found.append(Finding("scale drift", sentence))
    return found


MASKS = {
    "predictive-mask": "Raise its weight (method.predictive_mask_weight).",
    "motion-mask": "Usual causes: too little weight on the mask, or depth that explains nothing yet; train the stages "
    "before longer, or raise the weight that keeps it small.",
    "self-discovered-mask": "The depths of neighbours contradict each other: raise the weight of their agreement "
    "(method.geometry_weight), or lower the learning rate (stages.0.learning_rate).",
    "dynamic-class-mask": "The classes call everything movable: check the class maps, or train without masks "
    "(method.masking=none).",
    "visible": LOWER_RATE,
}
"""What to try, by the mask."""

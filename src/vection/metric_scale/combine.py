"""From the factors of frames to one scale with its uncertainty: kept if frames agree, and sources do."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np
from jaxtyping import Float

from vection.errors import DataError
from vection.formats.scale_file import ScaleReading
from vection.metric_scale.evidence import Factors

BLOCKS = 10
"""Stretches of frames, each as one observation: the factors of neighbours err alike."""
TESTED = 8
"""Factors from which on every other stretch of frames is held out."""
ASSUMED_SPREAD = 0.2
"""Relative standard deviation of single factors where fewer than three are known; assumed."""
LARGEST_SPREAD = 0.3
"""Relative standard deviation beyond which frames have no common scale."""
DRIFT = 0.15
"""Relative difference between the fitted and the held-out frames from which on the scale does not hold."""
AGREEMENT = 0.15
"""Relative difference that is always allowed between two sources; predicted ground and predicted distances differ by
so much. Beyond it, they contradict each other if they differ by more than three standard deviations."""
FASTEST = 100.0
"""Metres a second; no camera that this is for is faster."""

LogFactors = Float[np.ndarray, "_"]


def read_factors(factors: Factors, *, unit: float = 1.0, least: int = TESTED) -> ScaleReading:
    """Return what the factors of one source say: `unit` times their median, and how exact it is.

    Its variance is that of a median of `BLOCKS` stretches of frames, and of what the user stated. Raises DataError if
    there are fewer than `least`, if they vary too much, or if those of every other stretch do not fit the rest.

    >>> factors = Factors("test", 0.01, names=[str(number) for number in range(20)], values=[4.0, 4.4] * 10)
    >>> reading = read_factors(factors)
    >>> round(reading.factor, 3), reading.count, round(reading.spread, 2)
    (4.2, 20, 0.07)
    """
    values = np.array(factors.values)
    if len(values) < least:
        frames = f"in {len(values)} frames only, of at least {least}" if len(values) else "in no frame"
        raise DataError(f"The {factors.source} says something {frames}: {factors.missing}.")
    logs = np.log(values)
    spread = _spread(logs) if len(logs) >= 3 else None
    if spread is not None and len(logs) >= TESTED and spread > LARGEST_SPREAD:
        raise DataError(
            f"By the {factors.source} the scale varies by {100 * spread:.0f} % from frame to frame: there is no common "
            "one. Train longer or on more video, and check intrinsics and clocks."
        )
    held_out = None
    if len(logs) >= TESTED:
        fitted, others = _halves(logs)
        held_out = float(np.expm1(np.median(np.abs(others - np.median(fitted)))))
        _check_drift(fitted, others, source=factors.source)
    return ScaleReading(
        source=factors.source,
        factor=unit * float(np.median(values)),
        uncertainty=float(np.hypot(_standard_error(logs), factors.stated_error)),
        spread=spread,
        count=len(values),
        names=tuple(factors.names),
        factors=tuple((unit * values).tolist()),
        held_out_error=held_out,
    )


def combine(readings: Sequence[ScaleReading]) -> tuple[float, float]:
    """Return the weighted mean factor of sources that agree, and its relative standard deviation.

    Weights are inverse variances of logarithms; the deviation is at least what the differences of the sources say.
    Raises DataError if two contradict each other.
    """
    for first, second in combinations(readings, 2):
        difference = abs(np.log(first.factor / second.factor))
        if difference > max(np.log1p(AGREEMENT), 3 * np.hypot(first.uncertainty, second.uncertainty)):
            raise DataError(
                f"The {first.source} gives a factor of {_said(first)}, the {second.source} {_said(second)}: they "
                "contradict each other, so one of them is wrong; nothing was stored."
            )
    logs, weights = np.log([reading.factor for reading in readings]), _weights(readings)
    mean = float(np.average(logs, weights=weights))
    scatter = float(np.sqrt((weights * (logs - mean) ** 2).sum() / weights.sum() / len(logs)))
    return float(np.exp(mean)), max(float(1 / np.sqrt(weights.sum())), scatter)


def reason_to_keep(present: ScaleReading, readings: Sequence[ScaleReading], *, uncertainty: float) -> str:
    """Return why the scale that is there stays, in words; empty if that of `readings` is better.

    It is better if it is stated more exactly, and if what every other stretch of frames says errs less on the stretches
    between than the scale that is there does. Of few readings nothing is held out, so they never say so.
    """
    if present.uncertainty <= uncertainty:
        exact, other = (f"+- {100 * error:.1f} %" for error in (present.uncertainty, uncertainty))
        return f"the scale that the run has is as exact or more ({exact}, the new one {other})"
    held_out, fitted = [], []
    for reading in readings:
        factor = reading.factor
        if len(reading.factors) >= TESTED:
            seen, others = _halves(np.log(reading.factors))
            factor = float(np.exp(np.median(seen)))
            held_out.append(others)
        fitted.append(replace(reading, factor=factor))
    if not held_out:
        return f"the new scale is that of fewer than {TESTED} readings, of which none can be held out to test it"
    log = np.average(np.log([reading.factor for reading in fitted]), weights=_weights(fitted))
    before = np.log(present.factor)
    if any(np.median(np.abs(others - log)) >= np.median(np.abs(others - before)) for others in held_out):
        return "the scale that the run has errs no more on held-out frames"
    return ""


def check_speed(speed: float | None, *, source: str) -> None:
    """Raise DataError if the camera would travel faster than any."""
    if speed is not None and speed > FASTEST:
        raise DataError(
            f"By the {source} the camera would travel at {speed:.0f} m/s: either that or the times of the frames "
            "are wrong; nothing was stored."
        )


def _weights(readings: Sequence[ScaleReading]) -> Float[np.ndarray, " reading"]:
    return 1 / np.maximum([reading.uncertainty for reading in readings], 1e-6) ** 2


def _said(reading: ScaleReading) -> str:
    return f"{reading.factor:.4g} +- {100 * reading.uncertainty:.1f} %"


def _spread(logs: LogFactors) -> float:
    """Relative standard deviation, from the median deviation of logarithms."""
    return float(np.expm1(1.4826 * np.median(np.abs(logs - np.median(logs)))))


def _standard_error(logs: LogFactors) -> float:
    """Of the median, relative. 1.25: what a median is less exact than a mean."""
    if len(logs) < 3:
        return ASSUMED_SPREAD / np.sqrt(len(logs))
    medians = [float(np.median(block)) for block in np.array_split(logs, min(BLOCKS, len(logs)))]
    return 1.25 * float(np.std(medians, ddof=1)) / np.sqrt(len(medians))


def _halves(logs: LogFactors) -> tuple[LogFactors, LogFactors]:
    """Return every other stretch of frames, and those between."""
    blocks = np.array_split(logs, min(BLOCKS, len(logs)))
    return np.concatenate(blocks[::2]), np.concatenate(blocks[1::2])


def _check_drift(fitted: LogFactors, others: LogFactors, *, source: str) -> None:
    difference = abs(float(np.median(fitted) - np.median(others)))
    allowed = max(np.log1p(DRIFT), 3 * float(np.hypot(_standard_error(fitted), _standard_error(others))))
    if difference > allowed:
        raise DataError(
            f"By the {source} the scale of every other stretch of frames differs by {100 * np.expm1(difference):.0f} % "
            "from that of the rest, so it would not hold for new frames; train longer or on more video."
        )

"""Times between a target and its sources."""

from collections.abc import Sequence

from vection.data.ingest.continuity import is_gap

STEP_SECONDS = 0.1
"""Of frames without times."""


def source_seconds(
    target: float, sources: Sequence[float], *, offsets: Sequence[int], waits: bool = False
) -> list[float]:
    """Return the signed times from a target to its sources, which lie `offsets` frames away.

    They are true ones, but where the clip `waits`: where frames of a standing camera were left out a wait is no time,
    because behind a halt of half a minute the camera has moved on by one frame. Frames without times come one after the
    other.

    >>> [round(seconds, 3) for seconds in source_seconds(30.7, [0.7, 30.8], offsets=[-1, 1], waits=True)]
    [-0.1, 0.1]
    >>> [round(seconds, 3) for seconds in source_seconds(0.05, [0.0, 0.4], offsets=[-1, 1])]
    [-0.05, 0.35]
    """
    rates = [(source - target) / offset for source, offset in zip(sources, offsets, strict=True)]
    if any(rate <= 0 for rate in rates):
        rates = [STEP_SECONDS] * len(rates)
    if waits:
        usual = min(rates, default=STEP_SECONDS)
        rates = [usual if is_gap(rate, usual=usual) else rate for rate in rates]
    return [rate * offset for rate, offset in zip(rates, offsets, strict=True)]

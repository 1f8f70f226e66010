"""Whether predictions are of the images of the truth: by their names, and by their times where both have some."""

from collections.abc import Iterable

import numpy as np

from vection.errors import DataError, UsageError
from vection.evaluation.predictions.kinds import PredictionReader
from vection.evaluation.truth.truth_set import TruthSet


def check_pairs(predictions: PredictionReader, truths: TruthSet) -> None:
    """Raise UsageError naming images without a prediction, DataError where one is of another time."""
    available = set(predictions.names)
    missing = [name for name in truths.names if name not in available]
    if missing:
        some = ", ".join(missing[:5]) + (", ..." if len(missing) > 5 else "")
        count = f"{len(missing)} of the {len(truths)} images"
        sentence = f"{predictions.description} lacks {count} of {truths.description}: {some}"
        if len(available) == len(truths):
            sentence += "; if its maps have other names but this order, give `in_order=True`"
        raise UsageError(sentence)
    _check_times(predictions, truths)


def _check_times(predictions: PredictionReader, truths: TruthSet) -> None:
    """Refuse names that mean different frames: a clip numbers those that it keeps, a video all of its own."""
    most = min(_half_step(predictions.seconds.values()), _half_step(truths.seconds.values()))
    pairs = {name: (predictions.seconds.get(name), truths.seconds.get(name)) for name in truths.names}
    timed = {name: (own, true) for name, (own, true) in pairs.items() if own is not None and true is not None}
    strange = [name for name, (own, true) in timed.items() if abs(own - true) > most]
    if strange:
        own, true = timed[strange[0]]
        raise DataError(
            f"Names of {predictions.description} and {truths.description} mean different frames: of {len(timed)} times "
            f"{len(strange)} differ, '{strange[0]}' is {own:g} s here and {true:g} s there, because a clip numbers the "
            "frames that it keeps; predict the clip folder instead of its video."
        )


def _half_step(seconds: Iterable[float]) -> float:
    """Half of the usual time between frames; infinite without two of them. Between clips time jumps back."""
    steps = np.diff(np.fromiter(seconds, np.float64))
    return float(np.median(steps[steps > 0])) / 2 if (steps > 0).any() else float("inf")

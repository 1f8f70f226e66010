"""Predictions that are already in memory."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float

from vection.evaluation.predictions.kinds import MapKind, PredictedMap, PredictionReader


def predictions_in_memory(
    maps: Mapping[str, Float[np.ndarray, "_ _"]],
    *,
    kind: MapKind = "depth",
    unit: str = "up-to-scale",
    description: str = "predictions in memory",
) -> PredictionReader:
    """Wrap predicted maps by the names of their images, at any size; `kind` says what they hold.

    Those in "metres" are not multiplied by the factor of a protocol, those "up-to-scale" are.

    >>> reader = predictions_in_memory({"a": np.ones((2, 3), np.float32)}, kind="inverse-depth")
    >>> reader.names, reader.read("a").values.shape
    (('a',), (2, 3))
    """
    return PredictionReader(
        description,
        tuple(maps),
        lambda name: PredictedMap(np.asarray(maps[name], np.float32), kind),
        unit=unit,
    )

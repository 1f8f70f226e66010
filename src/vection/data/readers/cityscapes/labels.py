"""Cityscapes' label ids, as its files hold them, and the train ids that networks learn."""

import numpy as np

from vection.arrays import AnyImage

UNKNOWN = 255

LABEL_OF_TRAIN_ID = (7, 8, 11, 12, 13, 17, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 31, 32, 33)
"""The label id of each train id: road, sidewalk, building, wall, fence, pole, traffic light, traffic sign, vegetation,
terrain, sky, person, rider, car, truck, bus, train, motorcycle, bicycle. All other labels are unknown."""

_TRAIN_IDS = np.full(256, UNKNOWN, np.uint8)
_TRAIN_IDS[list(LABEL_OF_TRAIN_ID)] = np.arange(len(LABEL_OF_TRAIN_ID), dtype=np.uint8)


def train_ids(labels: AnyImage) -> AnyImage:
    """Train ids of a map of label ids; 255 for what has none (unlabelled, ego vehicle, parking, caravan, any other)."""
    return np.asarray(_TRAIN_IDS[labels])

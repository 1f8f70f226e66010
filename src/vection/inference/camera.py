"""The camera that a method learned, for the images that it predicts."""

from collections.abc import Sequence

import numpy as np
import torch

from vection.arrays import CameraNumbers
from vection.networks.cameras import Cameras

SAME_CAMERA = 0.02
"""Largest relative difference of fx, fy and of cx, cy (by the width) at which given cameras count as one."""


def learned_camera(
    cameras: Cameras | None,
    size: tuple[int, int],
    *,
    given: CameraNumbers | None,
    name: str | None = None,
    names: Sequence[str | None] = (),
) -> CameraNumbers | None:
    """Return fx, fy, cx, cy that were learned in training, in pixels of images of `size` (height, width).

    It is the camera called `name`, where `names` says what the cameras are called by number. Without a name it is, of
    several cameras, the one whose intrinsics before learning were `given` (in the same pixels). None if it was not
    learned or is not known, or if cameras are not learned one by one.
    """
    if cameras is None or cameras.learned is None:
        return None
    learned = cameras.found(torch.Size((1, 3, *size)))
    if name is not None and names:
        learned = {number: numbers for number, numbers in learned.items() if names[number] == name}
        given = None
    if given is not None and len(learned) > 1:
        unit = np.array([given[0], given[1], size[1], size[1]])
        before = cameras.learned.given.cpu().numpy()
        learned = {
            number: numbers
            for number, numbers in learned.items()
            if np.all(np.abs(before[number] - np.array(given)) < SAME_CAMERA * unit)
        }
    if len(learned) != 1:
        return None
    fx, fy, cx, cy = next(iter(learned.values()))
    return fx, fy, cx, cy

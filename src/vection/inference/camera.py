"""The camera that a method learned, for the images that it predicts."""

from collections.abc import Sequence

import numpy as np
import torch

from vection.arrays import CameraNumbers
from vection.networks.cameras import Cameras, LearnedCameras

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
    learned = matching_cameras(cameras.learned, size, given=given, name=name, names=names)
    if len(learned) != 1:
        return None
    fx, fy, cx, cy = next(iter(learned.values()))
    return fx, fy, cx, cy


def matching_cameras(
    learned: LearnedCameras,
    size: tuple[int, int],
    *,
    given: CameraNumbers | None,
    name: str | None = None,
    names: Sequence[str | None] = (),
) -> dict[int, tuple[float, ...]]:
    """Return fx, fy, cx, cy of the learned cameras, by their numbers, that may have taken images of `size`.

    Those called `name`, where `names` says what the cameras are called by number. Without a name all, if `given` is
    None or there is only one; else those whose intrinsics before learning were `given`.
    """
    found = learned.found(torch.Size((1, 3, *size)))
    if name is not None and names:
        return {number: numbers for number, numbers in found.items() if names[number] == name}
    if given is None or len(found) < 2:
        return found
    unit = np.array([given[0], given[1], size[1], size[1]])
    before = learned.given.cpu().numpy()
    return {
        number: numbers
        for number, numbers in found.items()
        if np.all(np.abs(before[number] - np.array(given)) < SAME_CAMERA * unit)
    }

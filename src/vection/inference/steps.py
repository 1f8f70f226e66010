"""Frames as a method sees them, and the motion from each to the next."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float32
from torch import Tensor

from vection.arrays import CameraNumbers, Pose
from vection.formats.prediction_folder import MotionSource
from vection.inference.sources import Frame
from vection.methods.method import Motion

NetworkMap = Float32[np.ndarray, "network_height network_width"]
"""A number a pixel, of the size that the network was trained for."""

NetworkImage = Float[Tensor, "1 3 network_height network_width"]
"""RGB in [0, 1], of the size that the network was trained for."""


@dataclass(frozen=True)
class Seen:
    """A frame as the method sees it."""

    frame: Frame
    image: NetworkImage
    camera: CameraNumbers | None
    inverse_depth: NetworkMap | None


@dataclass(frozen=True)
class PairStep:
    """The motion from one frame to the next, with what the method says of it, if it was asked."""

    T_first_to_second: Pose
    source: MotionSource
    motion: Motion | None

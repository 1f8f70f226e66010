"""Where every pixel of a frame is in another one: dense flow, and how far it is from returning."""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float32

from vection.arrays import GreyImage

FlowField = Float32[np.ndarray, "height width 2"]
"""x, y in pixels: a pixel's place in the other image minus its own."""

STRIDE = 4
"""Pixels between the patches of DIS, which are 8 wide. Unlike in OpenCV's presets, flow is sought at the image's
full size, which makes depth about a fifth more exact; this and the next two win back the time."""
DESCENT_STEPS = 16
SMOOTHING_STEPS = 2


@dataclass(frozen=True)
class Correspondence:
    """Flow of a frame to another one."""

    flow: FlowField
    round_trip_error: Float32[np.ndarray, "height width"]
    """Pixels between a pixel and where flow there and back takes it; infinite where it leaves the image."""


def correspond(first: GreyImage, second: GreyImage) -> tuple[Correspondence, Correspondence]:
    """Return the flow from first to second and from second to first (DIS); the same on every call."""
    estimate = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    estimate.setFinestScale(0)
    estimate.setPatchStride(STRIDE)
    estimate.setGradientDescentIterations(DESCENT_STEPS)
    estimate.setVariationalRefinementIterations(SMOOTHING_STEPS)
    there = np.asarray(estimate.calc(first, second, None), np.float32)  # type: ignore[call-overload]
    back = np.asarray(estimate.calc(second, first, None), np.float32)  # type: ignore[call-overload]
    return (
        Correspondence(there, _round_trip_error(there, back)),
        Correspondence(back, _round_trip_error(back, there)),
    )


def _round_trip_error(there: FlowField, back: FlowField) -> Float32[np.ndarray, "height width"]:
    height, width = there.shape[:2]
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    returned = cv2.remap(
        back,
        x + there[..., 0],
        y + there[..., 1],
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=(np.inf, np.inf, np.inf, np.inf),
    )
    error = np.hypot(there[..., 0] + returned[..., 0], there[..., 1] + returned[..., 1])
    return np.asarray(np.where(np.isfinite(error), error, np.inf), np.float32)

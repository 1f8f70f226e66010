"""The second camera of a clip in metres: depth by matching the two images, against the predicted depth."""

import cv2
import numpy as np
from jaxtyping import Float

from vection.arrays import FloatMap, RgbImage
from vection.data.clips.folder import ClipInfo
from vection.errors import UsageError
from vection.inference.prediction import Prediction
from vection.inference.sources import Frame
from vection.metric_scale.evidence import Evidence, Factors

STATED_ERROR = 0.01
"""Relative standard deviation of a calibrated baseline."""
LEAST_DISPARITY = 2.0
"""Pixels; smaller ones are inexact."""
LEAST_PIXELS = 500
"""Matched pixels below which a frame says nothing."""
BLOCK = 5
"""Side of the blocks that are matched, in pixels."""


class StereoBaseline(Evidence):
    """Factor of a frame: median of stereo depth over predicted depth; of rectified pairs of clips in metres."""

    def __init__(self) -> None:
        self.factors = Factors("baseline of the second camera", STATED_ERROR, "hardly a pixel of the pairs matches")

    def observe(self, frame: Frame, prediction: Prediction) -> None:
        """Match the two images of a frame."""
        baseline = _baseline(frame.clip)
        clip = frame.clip
        assert clip is not None and clip.stereo is not None  # noqa: PT018
        own, other = frame.image, clip.read_stereo_image(frame.number)
        if baseline < 0:  # the other camera stands on the left: mirrored, it stands on the right
            own, other = own[:, ::-1], other[:, ::-1]
        disparity = _disparity(own, other)
        disparity = disparity if baseline > 0 else disparity[:, ::-1]
        fx, _, cx, _ = clip.frames[frame.number].intrinsics
        shift = (cx - clip.stereo.intrinsics[2]) * (1 if baseline > 0 else -1)
        usable = clip.read_usable()
        seen = disparity > LEAST_DISPARITY
        seen &= disparity - shift > LEAST_DISPARITY
        if usable is not None:
            seen &= usable
        if seen.sum() >= LEAST_PIXELS:
            depth = fx * abs(baseline) / (disparity[seen] - shift)
            self.factors.add(prediction.name, float(np.median(depth / prediction.depth[seen])))


def _baseline(clip: ClipInfo | None) -> float:
    """Return the metres by which the other camera stands to the right of the first; negative if to the left."""
    if clip is None or clip.stereo is None:
        raise UsageError("The frames have no second camera; give clips with stereo images, or leave `stereo` out.")
    if clip.unit != "metres":
        raise UsageError(f"The baseline of {clip.folder} is not in metres; leave `stereo` out.")
    T = np.array(clip.stereo.T_target_to_stereo)
    x, y, z = (-T[:3, 3]).tolist()
    if not np.allclose(T[:3, :3], np.eye(3), atol=1e-3) or np.hypot(y, z) > 0.02 * abs(x):
        raise UsageError(f"The two cameras of {clip.folder} do not stand side by side; rectify the pairs first.")
    return float(x)


def _disparity(left: RgbImage, right: RgbImage) -> FloatMap:
    """Semi-global matching, in pixels; below zero where nothing matches."""
    most = max(16 * round(left.shape[1] / 64), 16)
    matcher = cv2.StereoSGBM.create(
        minDisparity=0,
        numDisparities=most,
        blockSize=BLOCK,
        P1=8 * BLOCK**2,
        P2=32 * BLOCK**2,
        disp12MaxDiff=1,
        uniquenessRatio=10,
        speckleWindowSize=50,
        speckleRange=2,
    )
    grey = [cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_RGB2GRAY) for image in (left, right)]
    disparity: Float[np.ndarray, "height width"] = matcher.compute(*grey) / 16.0
    return disparity

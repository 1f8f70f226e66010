"""The height of the camera above the ground, against the plane that fits the lower half of the predicted depth."""

import numpy as np

from vection.arrays import CameraMatrix, FloatMap, Vector3
from vection.data.clips.resizing import resize_nearest
from vection.data.clips.window import seen_pixels
from vection.data.measure.depth.ground import INLIER_ERROR, fit_ground
from vection.errors import UsageError
from vection.inference.prediction import Prediction
from vection.inference.sources import Frame
from vection.metric_scale.evidence import Evidence, Factors, known_camera

STATED_ERROR = 0.02
"""Relative, of a height that was measured with a tape."""
TILT_ERROR = 0.07
"""Relative: predicted ground that is tilted by 0.6 degrees, as that of the weights `street` is on KITTI 2015."""
PITCH_ERROR = 0.04
"""The same where the pitch is given; what was left there."""
STEEPEST = 25.0
"""Degrees; `fit_ground` finds no plane that is steeper."""
STRIDE = 4
"""Of rows and columns whose points are compared with a given pitch."""


class CameraHeight(Evidence):
    """Factor of a frame: `height` over the distance of the camera from the plane of the ground.

    `height` and its standard deviation `error` (2 % if not given) in metres, perpendicular to the ground. The plane is
    that of `data.measure.depth.ground.fit_ground`: the camera is held nearly level, and a fifth of the lower half lies
    on the plane. Frames without one, and pixels that a clip masks or that show nothing of the source, have no say. A
    small tilt of predicted ground makes a large error of height, so `pitch`, the degrees by which the camera looks
    down, helps where it is known: points of the plane then have the median height above a ground of that pitch.

    >>> CameraHeight(1.65).factors.source
    'camera height of 1.65 m'
    """

    def __init__(self, height: float, *, error: float | None = None, pitch: float | None = None) -> None:
        if not (np.isfinite(height) and height > 0):
            raise UsageError(f"`camera_height={height:g}` is no height; it must be positive metres.")
        if error is not None and not (np.isfinite(error) and error >= 0):
            raise UsageError(f"`camera_height_error={error:g}` must be metres, not below zero.")
        if pitch is not None and not abs(pitch) <= STEEPEST:
            raise UsageError(f"`camera_pitch={pitch:g}` must be within {STEEPEST:g} degrees of level.")
        self.height = height
        self.pitch = pitch
        stated = STATED_ERROR if error is None else error / height
        known = "" if pitch is None else f" at a pitch of {pitch:g} degrees"
        self.factors = Factors(
            f"camera height of {height:g} m{known}",
            float(np.hypot(stated, TILT_ERROR if pitch is None else PITCH_ERROR)),
            "no plane fits the lower half of the frames: the ground is hidden, or the camera is not level",
        )

    def observe(self, frame: Frame, prediction: Prediction) -> None:
        """Fit the ground of a frame."""
        fx, fy, cx, cy = known_camera(prediction, purpose="The height of the camera")
        K = np.array([[fx, 0, cx], [0, fy, cy], [0, 0, 1]])
        depth = prediction.depth
        usable = seen_pixels(frame.window) if frame.clip is None else frame.clip.read_usable()
        if usable is not None:
            seen = resize_nearest(usable.astype(np.uint8), depth.shape) > 0
            depth = np.where(seen, depth, np.float32(0))
        plane = fit_ground(depth, K)
        if plane is None:
            return
        above = 1 / float(np.linalg.norm(plane))
        if self.pitch is not None:
            above = _height_at_pitch(depth, K, plane, pitch=np.radians(self.pitch))
        if above > 0:
            self.factors.add(prediction.name, self.height / above)


def _height_at_pitch(depth: FloatMap, K: CameraMatrix, plane: Vector3, *, pitch: float) -> float:
    """Median height of the camera above points of `plane`, along the normal of a ground of this pitch."""
    first = depth.shape[0] // 2
    y, x = np.mgrid[first : depth.shape[0] : STRIDE, 0 : depth.shape[1] : STRIDE]
    rays = np.stack([x, y, np.ones_like(x)], axis=-1) @ np.linalg.inv(K).T
    points = rays * depth[first::STRIDE, ::STRIDE, None]
    on_plane = np.abs(points @ plane - 1) < INLIER_ERROR
    down = np.array([plane[0] / np.linalg.norm(plane), np.cos(pitch), np.sin(pitch)])
    return float(np.median((points @ down)[on_plane]) / np.linalg.norm(down))

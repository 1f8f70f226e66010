"""What a predictor says about one frame."""

from dataclasses import dataclass
from typing import NamedTuple

from vection.arrays import CameraNumbers, ClassIds, DepthMap, FlowMap, MaskMap, Pose, RgbImage, Unit
from vection.formats.prediction_folder import MotionSource
from vection.formats.window import Window
from vection.inference.sources import Frame


@dataclass(frozen=True)
class Prediction:
    """Depth of one frame at the size of its image, and where the camera was."""

    name: str
    image: RgbImage
    """What was predicted from, as given."""
    depth: DepthMap
    """z of the camera, positive, in `unit`."""
    unit: Unit
    scale_source: str
    """How the scale was found, in words."""
    seconds: float = 0.0
    intrinsics: CameraNumbers | None = None
    """fx, fy, cx, cy in pixels of the image: as the method learned them, else the frame's own, if known."""
    intrinsics_learned: bool = False
    T_camera_to_world: Pose | None = None
    """Place of the camera; the world is the first frame's camera. Only from `Predictor.stream`, in `unit`."""
    T_to_next: Pose | None = None
    """Maps points of the static world from this camera to the next frame's; none of the last frame and before a cut."""
    motion_source: MotionSource | None = None
    """Where the motion to the next frame comes from; the last frame has none. "cut": frames are missing between."""
    object_flow: FlowMap | None = None
    """How each pixel's point moves by itself until the next frame: x, y, z of this camera, without ego-motion, in
    `unit`; the last frame has none."""
    motion_mask: MaskMap | None = None
    """How sure the method is that the pixel moves by itself, in [0, 1]; the last frame has none."""
    classes: ClassIds | None = None
    """Cityscapes train ids, if the method has learned to tell them."""
    window: Window | None = None
    """What the image shows of an image of its source; None: all of it, or of a clip."""


class FramePose(NamedTuple):
    """Where the camera was when it took a frame."""

    frame: Frame
    T_camera_to_world: Pose
    motion_source: MotionSource | None
    """Where the motion from the frame before comes from; the first frame has none."""

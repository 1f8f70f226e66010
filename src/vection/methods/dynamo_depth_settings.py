"""Settings of Dynamo-Depth: its parts, its variants and the weights of its terms."""

from dataclasses import dataclass
from typing import Literal

from torch import Tensor

from vection.geometry.camera import disparity_to_depth
from vection.geometry.flow import FlowOrder
from vection.losses.ground import GroundForm
from vection.networks.cameras import IntrinsicsSource
from vection.networks.depth.build import DepthNetworkName
from vection.networks.depth.lite_mono import Dilations
from vection.networks.encoders.encoder import EncoderName
from vection.networks.motion.scene_flow import MotionDecoderName, MotionStart

DEPTH, FLOW, MASK = "depth", "scene-flow", "motion-mask"
"""The stages before all parts train together (section 4.3); a stage of any other name is that last one."""


@dataclass(frozen=True)
class DynamoDepthSettings:
    """The method's parts; the defaults are the paper's."""

    name: Literal["dynamo_depth"] = "dynamo_depth"
    depth: DepthNetworkName = "lite-mono-8m"
    pretrained: bool = True
    """Start the encoders from ImageNet weights."""
    depth_weights: str | None = None
    """File of the depth encoder's ImageNet weights; Lite-Mono's can be had in no other way."""
    drop_path: float = 0.4
    dilations: Dilations = "640x192"
    motion: EncoderName = "resnet18"
    """Encoder of the pose network, and of complete flow and motion mask, which share one."""
    motion_images: Literal["two", "three"] = "two"
    """Complete flow and mask see the next frame and the target, or (as released) the frame before as well."""
    motion_decoder: MotionDecoderName = "refinement"
    """As released; the paper says "u-net"."""
    motion_start: MotionStart = "random"
    """What the refinement begins with; "rigid" helps short trainings."""
    motion_views: Literal["frames", "stabilised"] = "frames"
    """Complete flow and mask see the frames as they are, or (not in the paper) the other frames as the camera's motion
    and the depth predict the target from them, with block matching of what is left: then only objects move. Here the
    flow is not F_C but (F_C - F_R) / z, which does not depend on the unit of depth: what the matching says of it, and
    what the decoder adds."""
    pair_order: Literal["in-time", "source-first"] = "in-time"
    """How the pose network sees pairs: as Monodepth2's does, or (as released) with the target always second."""
    pose_matching: bool = False
    """Block matching helps the pose network (not in the paper): short trainings learn how the camera turns."""
    intrinsics: IntrinsicsSource = "given"
    flow_order: FlowOrder = "ego-first"
    """Eq. 8, or (as released) "object-first"."""
    static: Literal["flow", "pixels"] = "flow"
    """What eq. 13 takes for static: little 3D discrepancy in its image, or (as released) 2D one in the batch."""
    ground: GroundForm = "normalised"
    ground_rows: float = 0.5
    """Share of the image, from below, in which the ground is looked for; as released 0.4."""
    ground_stride: int = 4
    """The ground is looked for in one of so many rows and columns; in the paper and as released 1."""
    ground_tolerance: float = 0.005
    """How far from the plane a point of the ground may be, in the unit of depth."""
    plane_ridge: float = 0.0
    """Added to every entry of the plane's normal equations; as released 1e-6."""
    consistency_min_disparity: float = 0.0
    """Eq. 12 leaves out pixels of smaller sigmoid; as released 0.03."""
    frozen_parts: Literal["still", "in-training-mode"] = "still"
    """Whether parts that a stage does not train stay as they are, or (as released) their normalisation goes on."""
    ssim_weight: float = 0.85
    smoothness_weight: float = 1e-3
    flow_smoothness_weight: float = 1e-3
    mask_smoothness_weight: float = 0.1
    consistency_weight: float = 5.0
    sparsity_weight: float = 0.04
    ground_weight: float = 0.1
    ramp_steps: int = 2666
    """Steps over which the terms of flow and mask rise from 0 in each stage; 8000 for KITTI."""
    min_depth: float = 0.1
    max_depth: float = 100.0
    tie_break_noise: float = 1e-5
    mask_from_step: int = 0
    """Auto-masking of the first stage begins at this optimiser step; see Monodepth2's settings."""

    def coefficients(self, stage: str, *, ramp: float = 1.0) -> dict[str, float]:
        """Return the weight of each term that acts in a stage (eq. 9, table 4; sections 4.3 and B.3)."""
        acting = {"photometric": 1.0}
        if stage not in (FLOW, MASK):
            acting["smoothness"] = self.smoothness_weight
        if stage != DEPTH:
            acting["flow_smoothness"] = ramp * self.flow_smoothness_weight
        if stage not in (DEPTH, FLOW):
            acting["consistency"] = ramp * self.consistency_weight
            acting["sparsity"] = ramp * self.sparsity_weight
            acting["mask_smoothness"] = ramp * self.mask_smoothness_weight
        if stage not in (DEPTH, FLOW, MASK):
            acting["ground"] = self.ground_weight
        return acting

    def depth_of(self, disparity: Tensor) -> Tensor:
        """D = 1 / (a s + b), as Monodepth2."""
        return disparity_to_depth(disparity, min_depth=self.min_depth, max_depth=self.max_depth)

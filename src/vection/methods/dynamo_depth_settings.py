"""Settings of Dynamo-Depth: its parts, its variants and the weights of its terms."""

from dataclasses import dataclass, field
from typing import ClassVar, Literal

from torch import Tensor

from vection.formats.bounds import Count, CountOrNone, NotNegative, Positive, Share
from vection.geometry.camera import disparity_to_depth
from vection.geometry.flow import FlowOrder
from vection.losses.ground import GroundForm
from vection.methods.method import Knows, MethodSettings, Needs, Progress, ShortSettings
from vection.networks.cameras import IntrinsicsSource
from vection.networks.depth.build import DepthNetworkName
from vection.networks.depth.lite_mono import Dilations
from vection.networks.encoders.encoder import EncoderName
from vection.networks.motion.scene_flow import FACTOR, MotionDecoderName, MotionStart

DEPTH = "depth"
"""First stage of training (section 4.3): depth and camera motion."""

FLOW = "scene-flow"
"""Second stage of training (section 4.3): complete flow."""

MASK = "motion-mask"
"""Third stage of training (section 4.3): motion mask."""

ALL = "all"
"""Last stage of training (section 4.3): all parts together."""


@dataclass(frozen=True)
class Released:
    """What the authors' code has otherwise than the paper; the defaults are the paper's, but for the decoder."""

    motion_decoder: MotionDecoderName = "refinement"
    """Decoder of complete flow and mask: the authors' refinement of the ego-motion, or the paper's "u-net"."""
    motion_images: Literal["two", "three"] = "two"
    """Complete flow and mask see the next frame and the target, or (as released) the frame before as well."""
    pair_order: Literal["in-time", "source-first"] = "in-time"
    """How the pose network sees pairs: as Monodepth2's does, or (as released) with the target always second."""
    flow_order: FlowOrder = "ego-first"
    """Whether objects move after the camera (eq. 8), or (as released) before it, "object-first"."""
    static: Literal["flow", "pixels"] = "flow"
    """What eq. 13 takes for static: little 3D discrepancy in its image, or (as released) 2D one in the batch."""
    flow_seconds: Positive | None = None
    """Complete flow is that until the next frame, whenever that is, or (as released on nuScenes, 0.1) that of so many
    seconds, a velocity; the decoders then start from the ego-motion of a step, whatever its time."""
    ground: GroundForm = "normalised"
    """What eq. 14 compares; as released "disparity"."""
    ground_rows: Share = 0.5
    """Share of the image, from below, in which the ground is looked for; as released 0.4."""
    ground_stride: Count = 4
    """The ground is looked for in one of so many rows and columns; in the paper and as released 1."""
    plane_ridge: NotNegative = 0.0
    """Added to every entry of the plane's normal equations; as released 1e-6."""
    consistency_min_disparity: NotNegative = 0.0
    """Eq. 12 leaves out pixels of smaller sigmoid; as released 0.03."""
    frozen_parts: Literal["still", "in-training-mode"] = "still"
    """Whether parts that a stage does not train stay as they are, or (as released) their normalisation goes on."""


AS_RELEASED = Released(
    motion_images="three",
    pair_order="source-first",
    flow_order="object-first",
    static="pixels",
    ground="disparity",
    ground_rows=0.4,
    ground_stride=1,
    plane_ridge=1e-6,
    consistency_min_disparity=0.03,
    frozen_parts="in-training-mode",
)
"""The variants of the authors' code."""


@dataclass(frozen=True)
class Short(ShortSettings):
    """What helps short trainings; none of it is in the paper."""

    measured_mask_weight: NotNegative = 0.1
    """Weight of the motion mask's cross entropy against pixels measured to stand still and those seen to move: of
    stabilised views what block matching finds displaced and has no measured depth."""
    mask_from_step: CountOrNone = 0
    """Auto-masking of the first stage begins at this optimiser step. While the motion is still unknown, warping helps
    hardly any pixel, and a mask that leaves the others out can keep a short training from ever starting."""
    ramp_share: Share = 0.0
    """Share of each stage over which the terms of flow and mask rise, however long it is; 0: `ramp_steps`."""
    motion_start: MotionStart = "random"
    """What the refinement begins with; "rigid" and "still" help short trainings."""
    mask_start: Literal["half", "matched"] = "half"
    """Where the mask begins: at 1/2, or (of stabilised views) at what block matching finds to be displaced."""
    mask_factor: Positive = FACTOR
    """Scale of the mask decoder's output; the larger, the faster it learns."""
    motion_views: Literal["frames", "stabilised"] = "frames"
    """Complete flow and mask see the frames as they are (the paper), or the other frames as the camera's motion and the
    depth predict the target from them, with block matching of what is left: then only objects move. Here the flow is
    not F_C but (F_C - F_R) / z, which does not depend on the unit of depth: what the matching says of it, and what the
    decoder adds. Eq. 12 is taken of it as well, so that its weight does not hang on that unit."""


@dataclass(frozen=True)
class DynamoDepthSettings(MethodSettings):
    """The method's parts; the defaults are the paper's."""

    WAITING: ClassVar = ("mask_from_step", "ramp_steps", "ramp_share")

    name: Literal["dynamo_depth"] = "dynamo_depth"
    pretrained: bool = True
    """Start the encoders from ImageNet weights."""
    depth_network: DepthNetworkName = "lite-mono-8m"
    depth_weights: str | None = None
    """File of the depth encoder's ImageNet weights; Lite-Mono's can be had in no other way."""
    drop_path: Share = 0.4
    """Share of Lite-Mono's blocks that training leaves out at random."""
    dilations: Dilations = "640x192"
    """Dilations of Lite-Mono's convolutions, by the size of the images."""
    motion_encoder: EncoderName = "resnet18"
    """Encoder of the pose network, and of complete flow and motion mask, which share a second one."""
    intrinsics: IntrinsicsSource = "given"
    ground_tolerance: NotNegative = 0.005
    """How far from the plane a point of the ground may be, in the unit of depth."""
    ssim_weight: NotNegative = 0.85
    smoothness_weight: NotNegative = 1e-3
    flow_smoothness_weight: NotNegative = 1e-3
    mask_smoothness_weight: NotNegative = 0.1
    consistency_weight: NotNegative = 5.0
    sparsity_weight: NotNegative = 0.04
    ground_weight: NotNegative = 0.1
    ramp_steps: CountOrNone = 2666
    """Steps over which the terms of flow and mask rise from 0 in each stage; 8000 for KITTI."""
    min_depth: Positive = 0.1
    max_depth: Positive = 100.0
    tie_break_noise: NotNegative = 1e-5
    """Standard deviation of the noise on unwarped errors: equal errors then count as masked half of the time."""
    released: Released = field(default_factory=Released)
    short: Short = field(default_factory=Short)

    @property
    def needs(self) -> Needs:
        """What training needs: neighbouring frames; measured geometry if it teaches."""
        return Needs(measured=self.short.measured)

    @property
    def knows(self) -> Knows:
        """What the trained method can tell: the camera's motion and the objects'."""
        return Knows(object_motion=True)

    def learned(self, progress: Progress) -> Knows:
        """Return what a stage teaches: how objects move, eq. 7, takes the mask as well as the complete flow."""
        return Knows(object_motion=progress.stage in (MASK, ALL))

    def ramp(self, progress: Progress) -> float:
        """Factor of the terms of flow and mask: rises from 0 to 1 in each stage."""
        share = self.short.ramp_share
        return progress.ramp(round(share * progress.steps) if share > 0 else self.ramp_steps)

    def weights(self, stage: str, *, ramp: float = 1.0) -> dict[str, float]:
        """Return the weight of each term that acts in a stage (eq. 9, table 4; sections 4.3 and B.3)."""
        acting = {"photometric": 1.0}
        if stage in (DEPTH, ALL):
            acting["smoothness"] = self.smoothness_weight
        if stage != DEPTH:
            acting["flow_smoothness"] = ramp * self.flow_smoothness_weight
        if stage in (MASK, ALL):
            acting["consistency"] = ramp * self.consistency_weight
            acting["sparsity"] = ramp * self.sparsity_weight
            acting["mask_smoothness"] = ramp * self.mask_smoothness_weight
        if stage == ALL:
            acting["ground"] = self.ground_weight
        return acting

    def measured_terms(self, stage: str) -> tuple[str, ...]:
        """Return the terms of measured geometry in a stage: of the networks that it trains."""
        terms: dict[str, tuple[str, ...]] = {
            DEPTH: ("measured_depth", "unit", "measured_motion"),
            MASK: ("measured_motion", "measured_mask"),
        }
        terms[ALL] = ("measured_depth", "unit", *terms[MASK])
        return terms.get(stage, ()) if self.short.measured else ()

    def depth_of(self, disparity: Tensor) -> Tensor:
        """Turn the sigmoid s into depth: D = 1 / (a s + b), as in Monodepth2."""
        return disparity_to_depth(disparity, min_depth=self.min_depth, max_depth=self.max_depth)

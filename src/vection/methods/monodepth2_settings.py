"""Settings of Monodepth2: the parts of the paper's ablation, and aids to short trainings."""

from dataclasses import dataclass
from typing import Literal

from vection.methods.steps.multi_scale import MaskName
from vection.networks.cameras import IntrinsicsSource
from vection.networks.depth.build import DepthNetworkName
from vection.networks.depth.lite_mono import Dilations
from vection.networks.motion.ego_motion import EgoMotionName


@dataclass(frozen=True)
class Monodepth2Settings:
    """The method's parts; the defaults are the paper's full model with monocular training."""

    name: Literal["monodepth2"] = "monodepth2"
    encoder: DepthNetworkName = "resnet18"
    """Of the depth network and of the pose network; Lite-Mono has a decoder of its own, and a ResNet-18 for poses."""
    pretrained: bool = True
    """Start the encoders from ImageNet weights."""
    depth_weights: str | None = None
    """File of the depth encoder's ImageNet weights; Lite-Mono's can be had in no other way."""
    dilations: Dilations = "640x192"
    """Of Lite-Mono."""
    drop_path: float = 0.2
    """Of Lite-Mono."""
    ego_motion: EgoMotionName = "separate"
    pose_matching: bool = False
    """Block matching helps the pose network (not in the paper): short trainings learn how the camera turns."""
    intrinsics: IntrinsicsSource = "given"
    temporal: bool = True
    """Learn from neighbouring frames (M)."""
    stereo: bool = False
    """Learn from the other camera of a calibrated pair (S); with `temporal`, MS."""
    reprojection: Literal["minimum", "average"] = "minimum"
    mask: MaskName = "auto"
    """Auto-masking (eq. 5), Zhou et al.'s predicted mask (a row of table 2), or none.

    "auto-derotated" also compares with the sources as the predicted rotation alone would turn them: else a car that
    travels with a turning camera is not recognised."""
    mask_from_step: int = 0
    """Auto-masking begins at this optimiser step. While the motion is still unknown, warping helps hardly any pixel,
    and a mask that leaves the others out can keep a short training from ever starting."""
    multi_scale: Literal["full-resolution", "per-scale"] = "full-resolution"
    scales: int = 4
    ssim_weight: float = 0.85
    smoothness_weight: float = 1e-3
    predictive_mask_weight: float = 0.2
    ground_weight: float = 0.0
    """Of Dynamo-Depth's term against depth behind the ground (its eq. 14), which this paper does not have: it closes
    holes in cars that travel with the camera."""
    min_depth: float = 0.1
    max_depth: float = 100.0
    tie_break_noise: float = 1e-5
    """Standard deviation of the noise on unwarped errors: equal errors then count as masked half of the time."""

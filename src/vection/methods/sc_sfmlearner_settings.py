"""Settings of SC-SfMLearner: the paper's parts and the variants of the authors' code."""

from dataclasses import dataclass, field
from typing import Literal

from vection.methods.steps.pair_comparison import Comparison
from vection.networks.cameras import IntrinsicsSource
from vection.networks.depth.decoder import Upsampling
from vection.networks.depth.disparity_network import DisparityNetworkName
from vection.networks.motion.euler_motion import PoseNetworkName


@dataclass(frozen=True)
class ScSfmLearnerSettings:
    """The method's parts; the defaults are the paper's."""

    name: Literal["sc_sfmlearner"] = "sc_sfmlearner"
    pretrained: bool = False
    """Start encoders from ImageNet weights (DispNet, DispResNet and PoseNet have none)."""
    intrinsics: IntrinsicsSource = "given"
    depth_network: DisparityNetworkName = "dispresnet"
    upsampling: Upsampling = "nearest"
    """In the decoder of a U-Net; sc_depth_pl has "bilinear"."""
    pose_network: PoseNetworkName = "posenet"
    pose_matching: bool = False
    """Block matching helps the pose network (not in the paper): short trainings learn how the camera turns."""
    motion_back: Literal["second-pass", "inverse"] = "second-pass"
    """From source to target: predicted as well, or the inverse of what is predicted for the pair in the order of time.

    The inverse lets the network expect forward motion, so that short trainings find it.
    """
    scales: int = 1
    """Supervised outputs of the depth network; 1 is the finest alone."""
    multi_scale: Literal["per-scale", "full-resolution"] = "per-scale"
    """Compare halved images, or enlarge coarse depth (nearest) to compare in full size."""
    comparison: Comparison = field(default_factory=Comparison)
    smoothness: Literal["squared", "first-order"] = "squared"
    """Eq. 4, or without its square, as every version of the authors' code has it."""
    smooth_depth: Literal["raw", "mean-normalised"] = "raw"
    photometric_weight: float = 1.0
    """alpha of eq. 1."""
    smoothness_weight: float = 0.1
    """beta of eq. 1."""
    geometry_weight: float = 0.5
    """gamma of eq. 1; 0 leaves the geometry consistency out."""
    min_depth: float = 1 / 10.01
    """With the default range the inverse depth is 10 sigmoid + 0.01, as in the authors' code."""
    max_depth: float = 100.0

"""Settings of SC-SfMLearner: the paper's parts, the authors' code, and aids to short trainings."""

from dataclasses import dataclass, field
from typing import Literal

from vection.formats.bounds import CountOrNone, Finite, NotNegative, Positive, Scales
from vection.losses.ssim import Window
from vection.methods.method import Knows, MethodSettings, Needs, ShortSettings
from vection.methods.steps.pair_comparison import Comparison
from vection.networks.cameras import IntrinsicsSource
from vection.networks.depth.build import DisparityNetworkName
from vection.networks.depth.decoder import Upsampling
from vection.networks.motion.euler_motion import PoseNetworkName


@dataclass(frozen=True)
class Released:
    """What the paper leaves open or has otherwise than the authors' code; the defaults are the paper's.

    Where the paper is silent they are as in the authors' code of its time.
    """

    image_mean: Finite = 0.5
    """Images are compared as (image - mean) / deviation."""
    image_deviation: Positive = 0.5
    window: Window = "gaussian5"
    """Window over which SSIM takes its means."""
    largest_difference: Positive | None = None
    """Largest difference of a channel that counts; larger ones are clamped to it."""
    auto_mask: bool = False
    """Count only pixels that the warped frame explains better than the unwarped one, for both losses."""
    padding: Literal["blank", "border"] = "blank"
    """What a position outside the other frame shows to SSIM windows that reach there; it is not counted itself."""
    align_corners: bool = True
    """Whether images are read at pixel centres, or stretched by half a pixel at the borders."""
    minimum_sampled_depth: NotNegative = 1e-3
    least_elements: CountOrNone = 0
    """A mean over no more elements (pixels times channels) is 0."""
    multi_scale: Literal["per-scale", "full-resolution"] = "per-scale"
    """Compare halved images, or enlarge coarse depth (nearest) to compare in full size."""
    smoothness: Literal["squared", "first-order"] = "squared"
    """Smoothness by eq. 4, or without its square, as every version of the authors' code has it."""
    smooth_depth: Literal["raw", "mean-normalised"] = "raw"
    """What eq. 4 smooths."""
    upsampling: Upsampling = "nearest"
    """How the decoder of a U-Net enlarges features; sc_depth_pl has "bilinear"."""


AS_RELEASED = Released(
    image_mean=0.45,
    image_deviation=0.225,
    window="box3",
    largest_difference=1.0,
    auto_mask=True,
    align_corners=False,
    minimum_sampled_depth=0.0,
    least_elements=10_000,
    multi_scale="full-resolution",
    smoothness="first-order",
    smooth_depth="mean-normalised",
)
"""The authors' later code."""


@dataclass(frozen=True)
class Short(ShortSettings):
    """What helps short trainings; none of it is in the paper."""

    motion_back: Literal["second-pass", "inverse"] = "second-pass"
    """Motion from source to target: predicted as well (the paper), or the inverse of what is predicted for the pair in
    the order of time. The inverse lets the network expect forward motion, so that short trainings find it."""


@dataclass(frozen=True)
class ScSfmLearnerSettings(MethodSettings):
    """The method's parts; the defaults are the paper's."""

    name: Literal["sc_sfmlearner"] = "sc_sfmlearner"
    pretrained: bool = False
    """Start encoders from ImageNet weights (DispNet, DispResNet and PoseNet have none)."""
    intrinsics: IntrinsicsSource = "given"
    depth_network: DisparityNetworkName = "dispresnet"
    ego_motion: PoseNetworkName = "posenet"
    """The pose network (section 4.1)."""
    scales: Scales = 1
    """Supervised outputs of the depth network; 1 is the finest alone."""
    ssim_weight: NotNegative = 0.85
    """lambda_s of eq. 3; lambda_i is the rest. 0: the difference alone (eq. 2)."""
    self_discovered_mask: bool = True
    """Weight the photometric error by M (eq. 7, 8)."""
    photometric_weight: NotNegative = 1.0
    """alpha of eq. 1."""
    smoothness_weight: NotNegative = 0.1
    """beta of eq. 1."""
    geometry_weight: NotNegative = 0.5
    """gamma of eq. 1; 0 leaves the geometry consistency out."""
    min_depth: Positive = 1 / 10.01
    """Nearest depth; with the default range the inverse depth is 10 sigmoid + 0.01, as in the authors' code."""
    max_depth: Positive = 100.0
    released: Released = field(default_factory=Released)
    short: Short = field(default_factory=Short)

    @property
    def needs(self) -> Needs:
        """What training needs: neighbouring frames; measured geometry if it teaches."""
        return Needs(measured=self.short.measured)

    @property
    def knows(self) -> Knows:
        """What the trained method can tell: the camera's motion; moving objects are only masked."""
        return Knows()

    @property
    def comparison(self) -> Comparison:
        """How one frame is compared with another."""
        released = self.released
        return Comparison(
            ssim_weight=self.ssim_weight,
            self_discovered_mask=self.self_discovered_mask,
            image_mean=released.image_mean,
            image_deviation=released.image_deviation,
            window=released.window,
            largest_difference=released.largest_difference,
            auto_mask=released.auto_mask,
            padding=released.padding,
            align_corners=released.align_corners,
            minimum_sampled_depth=released.minimum_sampled_depth,
            least_elements=released.least_elements,
        )

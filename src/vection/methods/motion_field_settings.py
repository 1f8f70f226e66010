"""Settings of Li et al. 2020: the paper's parts, the released code's variants, aids to short trainings."""

from dataclasses import dataclass, field, replace
from typing import ClassVar, Literal

from vection.formats.bounds import Count, CountOrNone, NotNegative, Positive, Scales, Share
from vection.geometry.vector_fields import AutoMask
from vection.losses.motion_cycle import Order
from vection.losses.motion_regularisation import Sparsity
from vection.losses.rgbd_consistency import Average
from vection.methods.method import Knows, MethodSettings, Needs, Progress, ShortSettings
from vection.networks.cameras import IntrinsicsSource
from vection.networks.encoders.encoder import EncoderName
from vection.networks.encoders.padding import Padding
from vection.networks.motion.motion_field import CHANNELS, Start


@dataclass(frozen=True)
class Released:
    """What the authors' code has otherwise than the paper; the defaults are the paper's."""

    auto_mask: AutoMask = "per-sample"
    """Vectors not longer than the mean are set to zero; as released, the mean of the whole batch."""
    cycle_order: Order = "paper"
    """How the translations of the two directions are composed in eq. 6."""
    padding: Padding = "symmetric"
    """Padding of strided convolutions: that of torchvision's ImageNet weights (symmetric), or the released code's."""
    wrap_around: bool = False
    """Whether the smoothness of motion goes round the image's border, as released without the sparsity loss."""
    scale_normalisation: bool = False
    """Whether lengths are in units of the batch's mean depth."""
    exact_centres: bool = True
    """Whether halving keeps pixel centres in place."""


@dataclass(frozen=True)
class Short(ShortSettings):
    """What helps short trainings; none of it is in the paper."""

    measured_static_weight: NotNegative = 0.2
    """Weight of object motion, by the whole motion's RMS, where the world was measured to stand still."""
    burn_in_share: Share = 0.0
    """Share of training that `burn_in` takes, however long that is; 0: `burn_in` steps."""
    motion_start: Start = "released"
    """How the motion network starts; "quick" with He's weights and constant factors."""
    inverse: Literal["predicted", "derived"] = "predicted"
    """Camera motion back in time: predicted from the exchanged frames (the paper), or the inverse of that forth."""
    average: Average = "all"
    """Eq. 7 is a mean over all pixels (the paper), or over those that count: it does not fall when fewer do."""


@dataclass(frozen=True)
class MotionFieldSettings(MethodSettings):
    """The method's parts; the defaults are the paper's, weights and schedules those of the released code."""

    WAITING: ClassVar = ("burn_in", "burn_in_share", "noise_ramp")

    name: Literal["motion_field"] = "motion_field"
    pretrained: bool = True
    """Start the encoder from ImageNet weights."""
    depth_network: Literal["randomised-resnet18"] | EncoderName = "randomised-resnet18"
    """The paper's (softplus), or an encoder of the library's other methods (sigmoid, limited depth)."""
    intrinsics: IntrinsicsSource = "given"
    depth_input: bool = True
    """The motion network sees the predicted depth as a fourth channel of each image."""
    motion_channels: tuple[Count, ...] = CHANNELS
    """Channels of each halving of the motion network."""
    sparsity: Sparsity = "l1/2"
    object_masks: bool = False
    """Objects move only where the clips' class maps show something movable."""
    mask_dilation: CountOrNone = 8
    """Pixels by which the movable regions grow."""
    colour_weight: NotNegative = 1.0
    ssim_weight: NotNegative = 1.5
    depth_consistency_weight: NotNegative = 0.0
    depth_smoothness_weight: NotNegative = 1e-3
    rotation_cycle_weight: NotNegative = 1e-3
    translation_cycle_weight: NotNegative = 5e-2
    motion_smoothness_weight: NotNegative = 1.0
    sparsity_weight: NotNegative = 0.2
    burn_in: CountOrNone = 20_000
    """Objects stand still for the first half of so many steps; then their motion fades in."""
    noise_ramp: CountOrNone = 10_000
    """Steps over which the noise of the normalisation grows."""
    scales: Scales = 1
    min_depth: Positive = 0.1
    max_depth: Positive = 100.0
    """Limits of the sigmoid's depth; softplus has none."""
    released: Released = field(default_factory=Released)
    short: Short = field(default_factory=Short)

    @property
    def needs(self) -> Needs:
        """What training needs: neighbouring frames; class maps if objects are masked by them."""
        return Needs(class_maps=self.object_masks, measured=self.short.measured)

    @property
    def knows(self) -> Knows:
        """What the trained method can tell: the camera's motion and the objects'."""
        return Knows(object_motion=True)

    def learned(self, progress: Progress) -> Knows:
        """Return what training has taught: how objects move only since they no longer stand still in the loss."""
        return Knows(object_motion=self.burn_in_weight(replace(progress, step=progress.step - 1)) > 0)

    def burn_in_weight(self, progress: Progress) -> float:
        """Factor of object motion: clip(2 step / burn_in - 1, 0, 1), by `step` and `steps` of the progress."""
        share = self.short.burn_in_share
        half = (round(share * progress.steps) if share > 0 else self.burn_in) // 2
        return progress.ramp(half, begin=half)

"""What of Li et al. 2020 can be switched: the paper's parts, the released code's variants, aids to a quick start."""

from dataclasses import dataclass
from typing import Literal

from vection.geometry.motion import AutoMask
from vection.losses.motion_cycle import Order
from vection.losses.motion_regularisation import Sparsity
from vection.losses.rgbd_consistency import Average
from vection.methods.method import Progress
from vection.networks.cameras import IntrinsicsSource
from vection.networks.encoders.encoder import EncoderName
from vection.networks.encoders.padding import Padding
from vection.networks.motion.motion_field import CHANNELS, Start

Inverse = Literal["predicted", "derived"]


@dataclass(frozen=True)
class MotionFieldSettings:
    """The method's parts; the defaults are the paper's, weights and schedules those of the released code."""

    name: Literal["motion_field"] = "motion_field"
    encoder: Literal["randomised-resnet18"] | EncoderName = "randomised-resnet18"
    """The paper's depth network (softplus), or an encoder of the library's other methods (sigmoid, limited depth)."""
    pretrained: bool = True
    """Start the encoder from ImageNet weights."""
    intrinsics: IntrinsicsSource = "given"
    depth_input: bool = True
    """The motion network sees the predicted depth as a fourth channel of each image."""
    motion_channels: tuple[int, ...] = CHANNELS
    """Of each halving of the motion network."""
    motion_start: Start = "released"
    """How the motion network starts; "quick" with He's weights and constant factors, for short trainings."""
    pose_matching: bool = False
    """Block matching helps the motion network (not in the paper): short trainings learn how the camera turns."""
    sparsity: Sparsity = "l1/2"
    object_masks: bool = False
    """Objects move only where the clips' class maps show something movable."""
    mask_dilation: int = 8
    """By so many pixels the movable regions grow."""
    auto_mask: AutoMask = "per-sample"
    """Vectors not longer than the mean are set to zero; the released code takes the mean of the whole batch."""
    inverse: Inverse = "predicted"
    """Camera motion back in time: predicted from the exchanged frames, or the inverse of that forth ("derived")."""
    cycle_order: Order = "paper"
    average: Average = "all"
    """Eq. 7 is a mean over all pixels, or over those that count."""
    padding: Padding = "symmetric"
    """As torchvision's ImageNet weights were trained with (symmetric), or as the released code does it."""
    colour_weight: float = 1.0
    ssim_weight: float = 1.5
    depth_consistency_weight: float = 0.0
    depth_smoothness_weight: float = 1e-3
    rotation_cycle_weight: float = 1e-3
    translation_cycle_weight: float = 5e-2
    motion_smoothness_weight: float = 1.0
    sparsity_weight: float = 0.2
    burn_in: int = 20_000
    """Objects stand still for the first half of so many steps; then their motion fades in."""
    noise_ramp: int = 10_000
    """Steps over which the noise of the normalisation grows."""
    wrap_around: bool = False
    """Smoothness of motion goes round the image's border."""
    scale_normalisation: bool = False
    """Lengths are in units of the batch's mean depth."""
    scales: int = 1
    exact_centres: bool = True
    """Halving keeps pixel centres in place."""
    min_depth: float = 0.1
    max_depth: float = 100.0
    """Limits of the sigmoid's depth; softplus has none."""

    def burn_in_weight(self, progress: Progress) -> float:
        """Factor of object motion: clip(2 step / burn_in - 1, 0, 1)."""
        return progress.ramp(self.burn_in // 2, begin=self.burn_in // 2)

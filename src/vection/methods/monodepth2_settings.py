"""Settings of Monodepth2: the parts of the paper's ablation, and aids to short trainings.

The authors' code trains as the paper says but for its schedule, so there are no settings of the release.
"""

from dataclasses import dataclass, field
from typing import ClassVar, Literal

from vection.formats.bounds import CountOrNone, NotNegative, Positive, Scales, Share
from vection.methods.method import Knows, MethodSettings, Needs, ShortSettings
from vection.methods.steps.multi_scale import AutoMask, Comparison, MultiScale, ReprojectionName
from vection.networks.cameras import IntrinsicsSource
from vection.networks.depth.build import DepthNetworkName
from vection.networks.depth.lite_mono import Dilations
from vection.networks.encoders.encoder import EncoderName
from vection.networks.motion.ego_motion import EgoMotionName

NEIGHBOURS = 2
"""Frames before and after the target for which a predicted mask has channels."""


@dataclass(frozen=True)
class Short(ShortSettings):
    """What helps short trainings; none of it is in the paper."""

    mask_from_step: CountOrNone = 0
    """Auto-masking begins at this optimiser step. While the motion is still unknown, warping helps hardly any pixel,
    and a mask that leaves the others out can keep a short training from ever starting."""
    derotated_mask: bool = False
    """Auto-masking also compares with the sources as the predicted rotation alone would turn them: else a car that
    travels with a turning camera is not recognised."""
    ground_weight: NotNegative = 0.0
    """Weight of Dynamo-Depth's term against depth behind the ground (its eq. 14): it closes holes in cars that travel
    with the camera."""


@dataclass(frozen=True)
class Monodepth2Settings(MethodSettings):
    """The method's parts; the defaults are the paper's full model with monocular training."""

    WAITING: ClassVar = ("mask_from_step",)

    name: Literal["monodepth2"] = "monodepth2"
    pretrained: bool = True
    """Start the encoders from ImageNet weights."""
    depth_network: DepthNetworkName = "resnet18"
    """Encoder of depth network and pose network; Lite-Mono has its own decoder, and a ResNet-18 for poses."""
    depth_weights: str | None = None
    """File of the depth encoder's ImageNet weights; Lite-Mono's can be had in no other way."""
    dilations: Dilations = "640x192"
    """Dilations of Lite-Mono's convolutions, by the size of the images."""
    drop_path: Share = 0.2
    """Share of Lite-Mono's blocks that training leaves out at random."""
    ego_motion: EgoMotionName = "separate"
    """The pose network (supplement, table 5)."""
    pose_encoder: EncoderName | None = None
    """Encoder of a separate pose network, where it is another than that of the depth network."""
    intrinsics: IntrinsicsSource = "given"
    temporal: bool = True
    """Learn from neighbouring frames (M)."""
    stereo: bool = False
    """Learn from the other camera of a calibrated pair (S); with `temporal`, MS."""
    reprojection: ReprojectionName = "minimum"
    mask: Literal["auto", "predictive", "none"] = "auto"
    """Auto-masking (eq. 5), Zhou et al.'s predicted mask (a row of table 2), or none."""
    multi_scale: MultiScale = "full-resolution"
    scales: Scales = 4
    ssim_weight: NotNegative = 0.85
    """alpha of eq. 4 in its text: the share of SSIM in the photometric error."""
    smoothness_weight: NotNegative = 1e-3
    """lambda of section 3.3."""
    predictive_mask_weight: NotNegative = 0.2
    """Weight of the term that keeps the predicted mask from explaining every error away."""
    min_depth: Positive = 0.1
    max_depth: Positive = 100.0
    tie_break_noise: NotNegative = 1e-5
    """Standard deviation of the noise on unwarped errors: equal errors then count as masked half of the time."""
    short: Short = field(default_factory=Short)

    @property
    def needs(self) -> Needs:
        """What training needs: neighbouring frames, stereo pairs, or both; measured geometry if it teaches.

        A predicted mask has a channel for each of two neighbouring frames.
        """
        sources = NEIGHBOURS if self.mask == "predictive" and self.temporal else None
        return Needs(neighbours=self.temporal, sources=sources, stereo=self.stereo, measured=self.short.measured)

    @property
    def knows(self) -> Knows:
        """What the trained method can tell: the camera's motion, if it learns from neighbours."""
        return Knows(ego_motion=self.temporal)

    def comparison(self, total_step: int | None = None) -> Comparison:
        """How frames are compared at this optimiser step; None: at the end."""
        acts = self.mask == "auto" and (total_step is None or total_step >= self.short.mask_from_step)
        auto_mask: AutoMask = "none"
        if acts:
            auto_mask = "still-or-turned" if self.short.derotated_mask else "still"
        return Comparison(
            reprojection=self.reprojection,
            auto_mask=auto_mask,
            multi_scale=self.multi_scale,
            ssim_weight=self.ssim_weight,
            min_depth=self.min_depth,
            max_depth=self.max_depth,
            tie_break_noise=self.tie_break_noise,
        )

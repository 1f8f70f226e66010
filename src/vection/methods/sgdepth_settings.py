"""Settings of SGDepth: the paper's parts, what the authors' code does instead, and aids to short trainings."""

from dataclasses import dataclass, field
from typing import ClassVar, Literal

from vection.formats.bounds import CountOrNone, Finite, NotNegative, Positive, Scales, Share
from vection.methods.method import Knows, MethodSettings, Needs, ShortSettings
from vection.methods.steps.multi_scale import Comparison, ReprojectionName
from vection.networks.cameras import IntrinsicsSource
from vection.networks.encoders.encoder import EncoderName, Normalisation


@dataclass(frozen=True)
class Released:
    """What the authors' code has otherwise than the paper; the defaults are the paper's."""

    shared: Literal["encoder", "encoder-and-first-convolution"] = "encoder"
    """What both tasks share: the encoder, or also the first convolution of its decoder."""
    overlap: Literal["mean", "pooled"] = "mean"
    """Overlap of dynamic pixels: mean of the sources' IoUs with the target (after eq. 10), or one IoU of all."""
    schedule: Literal["paper", "as-released"] = "paper"
    """How masking begins: as the paper has it, or as released, where the first epoch with masks masks nothing."""
    class_average: Literal["pixels", "weights"] = "pixels"
    """What the cross-entropy is divided by: eq. 5, or the sum of the weights."""
    class_scores: Literal[19, 20] = 19
    """The released network has a twentieth score that is never learned."""
    edges: Literal["averaged", "sampled"] = "averaged"
    """How images are made small for the smoothness at coarse scales: by area, or by bilinear samples."""
    disparity_bias: Finite = 0.0
    """Added to the initial bias of the depth heads; 5 as released, which starts at the near limit."""
    pose_scaled: Literal["output", "at-start"] = "output"
    """Where the pose network's factor of 0.01 acts: on its output, or on the initial weights of its head."""


AS_RELEASED = Released(
    shared="encoder-and-first-convolution",
    overlap="pooled",
    schedule="as-released",
    class_average="weights",
    class_scores=20,
    edges="sampled",
    disparity_bias=5.0,
    pose_scaled="at-start",
)
"""The authors' code; when its masks begin is a matter of the recipe."""


@dataclass(frozen=True)
class Short(ShortSettings):
    """What helps short trainings; none of it is in the paper."""

    mask_from_step: CountOrNone = 0
    """Auto-masking begins at this optimiser step. While the motion is still unknown, warping helps hardly any pixel,
    and a mask that leaves the others out can keep a short training from ever starting."""


@dataclass(frozen=True)
class SgDepthSettings(MethodSettings):
    """The method's parts; the defaults are the paper's full model."""

    WAITING: ClassVar = ("mask_from_step", "masking_from")

    name: Literal["sgdepth"] = "sgdepth"
    pretrained: bool = True
    """Start the encoders from ImageNet weights."""
    depth_network: EncoderName = "resnet18"
    """Encoder of the depth network, which the pose network has as well."""
    intrinsics: IntrinsicsSource = "given"
    learns: Literal["depth-and-segmentation", "depth", "segmentation"] = "depth-and-segmentation"
    class_maps: Literal["predicted", "given"] = "predicted"
    """Where masks come from: the segmentation head, or class maps that lie beside the clips."""
    masking: Literal["none", "all", "threshold", "scheduled"] = "scheduled"
    """Mask dynamic classes nowhere, everywhere (eq. 9), in a fixed (eq. 11) or in a falling share of the images."""
    masking_from: CountOrNone = 30
    """First epoch with masks."""
    unmasked_share: Share = 0.9
    """epsilon of masking "threshold"."""
    gradient_scale: NotNegative | None = 0.1
    """lambda of eq. 6; None adds the gradients as they are."""
    normalisation: Normalisation = "imagenet"
    reprojection: ReprojectionName = "minimum"
    mask: Literal["auto", "none"] = "auto"
    """Auto-masking as in Monodepth2 (after eq. 9), or none."""
    scales: Scales = 4
    ssim_weight: NotNegative = 0.85
    smoothness_weight: NotNegative = 1e-3
    """beta of eq. 11."""
    min_depth: Positive = 0.1
    max_depth: Positive = 100.0
    tie_break_noise: NotNegative = 0.0
    """Standard deviation of noise on unwarped errors; Monodepth2 has some, this paper does not."""
    released: Released = field(default_factory=Released)
    short: Short = field(default_factory=Short)

    @property
    def needs(self) -> Needs:
        """What training needs: neighbours; labelled images to learn segmentation; class maps to mask by given ones."""
        by_given = self.masking != "none" and self.class_maps == "given"
        measured = self.short.measured and self.learns != "segmentation"
        return Needs(labels=self.learns != "depth", class_maps=by_given, measured=measured)

    @property
    def knows(self) -> Knows:
        """What the trained method can tell: the camera's motion; classes and what could move, if it learns them."""
        segments = self.learns != "depth"
        return Knows(object_motion=segments, classes=segments)

    def comparison(self, total_step: int | None = None) -> Comparison:
        """How frames are compared at this optimiser step; None: at the end."""
        acts = self.mask == "auto" and (total_step is None or total_step >= self.short.mask_from_step)
        return Comparison(
            reprojection=self.reprojection,
            auto_mask="still" if acts else "none",
            multi_scale="full-resolution",
            ssim_weight=self.ssim_weight,
            min_depth=self.min_depth,
            max_depth=self.max_depth,
            tie_break_noise=self.tie_break_noise,
        )

"""Settings of SGDepth: the paper's, and what the authors' code does instead."""

from dataclasses import dataclass
from typing import Literal

from vection.networks.cameras import IntrinsicsSource
from vection.networks.encoders.encoder import EncoderName, Normalisation


@dataclass(frozen=True)
class SgDepthSettings:
    """The method's parts; the defaults are the paper's full model."""

    name: Literal["sgdepth"] = "sgdepth"
    encoder: EncoderName = "resnet18"
    pretrained: bool = True
    """Start the encoders from ImageNet weights."""
    intrinsics: IntrinsicsSource = "given"
    pose_matching: bool = False
    """Block matching helps the pose network (not in the paper): short trainings learn how the camera turns."""
    learns: Literal["depth-and-segmentation", "depth", "segmentation"] = "depth-and-segmentation"
    class_maps: Literal["predicted", "given"] = "predicted"
    """Where masks come from: the segmentation head, or class maps that lie beside the clips."""
    masking: Literal["none", "all", "threshold", "scheduled"] = "scheduled"
    """Mask dynamic classes nowhere, everywhere (eq. 9), in a fixed (eq. 11) or in a falling share of the images."""
    masking_from: int = 30
    """First epoch with masks."""
    unmasked_share: float = 0.9
    """epsilon of "threshold"."""
    gradient_scale: float | None = 0.1
    """lambda of eq. 6; None adds the gradients as they are."""
    shared: Literal["encoder", "encoder-and-first-convolution"] = "encoder"
    overlap: Literal["mean", "pooled"] = "mean"
    """Of the sources' IoUs: their mean (after eq. 10), or one IoU over all sources as released."""
    schedule: Literal["paper", "as-released"] = "paper"
    """As released, the first epoch with masks masks nothing."""
    class_average: Literal["pixels", "weights"] = "pixels"
    """What the cross-entropy is divided by: eq. 5, or as released."""
    class_scores: Literal[19, 20] = 19
    """The released network has a twentieth score that is never learned."""
    edges: Literal["averaged", "sampled"] = "averaged"
    """How images are made small for the smoothness at coarse scales; as released: bilinear samples."""
    disparity_bias: float = 0.0
    """Added to the initial bias of the depth heads; 5 as released, which starts at the near limit."""
    pose_scaled: Literal["output", "at-start"] = "output"
    normalisation: Normalisation = "imagenet"
    reprojection: Literal["minimum", "average"] = "minimum"
    mask: Literal["auto", "none"] = "auto"
    """Auto-masking as in Monodepth2 (after eq. 9), or none."""
    mask_from_step: int = 0
    """Auto-masking begins at this optimiser step; see Monodepth2's settings."""
    multi_scale: Literal["full-resolution"] = "full-resolution"
    scales: int = 4
    ssim_weight: float = 0.85
    smoothness_weight: float = 1e-3
    min_depth: float = 0.1
    max_depth: float = 100.0
    tie_break_noise: float = 0.0


AS_RELEASED = SgDepthSettings(
    schedule="as-released",
    overlap="pooled",
    shared="encoder-and-first-convolution",
    class_average="weights",
    class_scores=20,
    edges="sampled",
    disparity_bias=5.0,
    pose_scaled="at-start",
)
"""The method as the authors' code has it; when the masks begin is a matter of the recipe."""

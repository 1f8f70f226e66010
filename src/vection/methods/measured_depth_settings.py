"""Settings of the method that learns depth from what is measured in the clip; it is ours, and in none of the papers."""

from dataclasses import dataclass
from typing import Literal

from vection.formats.bounds import NotNegative, Positive, Scales
from vection.methods.method import Knows, MethodSettings, Needs
from vection.networks.depth.build import DepthNetworkName


@dataclass(frozen=True)
class MeasuredDepthSettings(MethodSettings):
    """The parts of the method; the defaults are those of the first trials, not of an ablation."""

    name: Literal["measured_depth"] = "measured_depth"
    pretrained: bool = True
    """Start the encoder from ImageNet weights."""
    depth_network: DepthNetworkName = "efficientnet-lite0"
    scales: Scales = 1
    """Scales of the decoder that learn; the finest is the one that predicts."""
    gradient_weight: NotNegative = 0.5
    """Weight of the comparison of gradients, which sharpens edges."""
    smoothness_weight: NotNegative = 1e-3
    """Weight of smoothness where the image is smooth; it decides where nothing is measured."""
    ground_weight: NotNegative = 0.5
    """Weight of the term against depth behind the measured ground; it closes holes in cars that travel along."""
    unit_weight: NotNegative = 0.02
    """Weight of the term that keeps depth in the middle of its range, so that nothing near is cut off."""
    photometric_weight: NotNegative = 0.0
    """Weight of the photometric error of neighbours, warped by measured motion; 0: they are not read."""
    ssim_weight: NotNegative = 0.85
    """Share of SSIM in the photometric error."""
    largest_ratio: Positive | None = None
    """Measured depth that contradicts the prediction by more than this factor is left out; None: none is."""
    min_depth: Positive = 0.1
    max_depth: Positive = 100.0

    @property
    def needs(self) -> Needs:
        """Measured geometry; neighbours only for the photometric term."""
        return Needs(neighbours=self.photometric_weight > 0, measured=True)

    @property
    def knows(self) -> Knows:
        """Depth alone: the camera's motion is measured, not predicted."""
        return Knows(ego_motion=False)

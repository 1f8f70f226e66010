"""Depth learned from geometry that was measured in the clip itself (`vection.data.measure`): ours, no paper's."""

import torch

from vection.geometry.camera import disparity_to_depth
from vection.geometry.views import Views
from vection.losses.measured_depth import (
    DepthComparison,
    behind_measured_ground_loss,
    central_depth_loss,
    compare_depth,
    measured_depth_loss,
    measured_gradient_loss,
)
from vection.losses.photometric import mean_over
from vection.losses.smoothness import edge_aware_smoothness_loss, normalise_by_mean
from vection.methods.measured_depth_settings import MeasuredDepthSettings
from vection.methods.method import Method, Progress
from vection.methods.steps.measured_motion import measured_of, scaled_transforms
from vection.methods.steps.multi_scale import Comparison, compare_scales
from vection.networks.depth.build import build_depth_network
from vection.samples import Batch
from vection.types import Depth, Disparities, Image, Scalar

__all__ = ["MeasuredDepth", "MeasuredDepthSettings"]


class MeasuredDepth(Method):
    """A depth network that learns measured depth, and nothing behind the measured ground."""

    settings: MeasuredDepthSettings
    comparing = ("measured",)

    def __init__(self, settings: MeasuredDepthSettings) -> None:
        super().__init__(settings)
        self.settings = settings
        self.depth_limits = (settings.min_depth, settings.max_depth)
        self.cameras = None
        self.depth_network = build_depth_network(
            settings.depth_network, pretrained=settings.pretrained, scales=settings.scales
        )

    def training_loss(self, batch: Batch, progress: Progress) -> dict[str, Scalar]:
        """Compare depth and its gradients with what was measured, and keep it smooth and above the ground."""
        del progress
        settings, measured = self.settings, measured_of(batch)
        disparities: Disparities = self.depth_network(batch.target_jittered)
        depth = self._depth(disparities[0])
        comparison = compare_depth(
            depth, measured.depth, measured.weight, largest_ratio=settings.largest_ratio, exact=measured.exact
        )
        ground = behind_measured_ground_loss(depth, measured.ground, batch.intrinsics, comparison.log_scale)
        smoothness = edge_aware_smoothness_loss(normalise_by_mean(disparities[0]), batch.target)
        terms = {
            "measured": measured_depth_loss(comparison),
            "gradient": settings.gradient_weight * measured_gradient_loss(comparison),
            "ground": settings.ground_weight * ground,
            "smoothness": settings.smoothness_weight * smoothness,
            "unit": settings.unit_weight
            * central_depth_loss(depth, min_depth=settings.min_depth, max_depth=settings.max_depth),
        }
        if settings.photometric_weight:
            terms["photometric"] = settings.photometric_weight * self._photometric(batch, disparities, comparison)
        return terms

    def predict_depth(self, image: Image) -> Depth:
        """Depth of the image, up to scale."""
        return self._depth(self.depth_network(image)[0])

    def _depth(self, disparity: Depth) -> Depth:
        return disparity_to_depth(disparity, min_depth=self.settings.min_depth, max_depth=self.settings.max_depth)

    def _photometric(self, batch: Batch, disparities: Disparities, comparison: DepthComparison) -> Scalar:
        """Monodepth2's minimum over sources, with measured motion in the place of the pose network's."""
        settings, measured = self.settings, measured_of(batch)
        views = Views(batch.target, batch.sources, batch.intrinsics, batch.source_intrinsics)
        compared = Comparison(
            reprojection="minimum",
            auto_mask="still",
            multi_scale="full-resolution",
            ssim_weight=settings.ssim_weight,
            min_depth=settings.min_depth,
            max_depth=settings.max_depth,
            tie_break_noise=1e-5,
        )
        transforms = scaled_transforms(measured, comparison)
        results = compare_scales(disparities, transforms, views.pyramid(len(disparities)), comparison=compared)
        return torch.stack([mean_over(result.reprojection.error, batch.usable) for result in results]).mean()

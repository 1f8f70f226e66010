"""The loss of Dynamo-Depth at one scale, from what the networks predict (section 4.2)."""

from dataclasses import dataclass, field

from jaxtyping import Float
from torch import Tensor

from vection.geometry.flow import Explained, explain
from vection.geometry.plane import Plane
from vection.geometry.resizing import nearest_like, resize_like
from vection.geometry.views import SourceTransforms, Views
from vection.losses.ground import ground_loss
from vection.losses.photometric import Target, mean_over, minimum_reprojection, photometric_error
from vection.losses.scene_flow import (
    flow_discrepancy,
    motion_consistency_loss,
    motion_sparsity_loss,
    static_pixels,
)
from vection.losses.smoothness import edge_aware_smoothness_loss, normalise_by_mean
from vection.methods.dynamo_depth_settings import DynamoDepthSettings
from vection.types import Disparities, Image, Scalar


@dataclass(frozen=True)
class Predictions:
    """What the networks say of a target and its sources; the lists are over scales, finest first."""

    disparities: Disparities
    transforms: SourceTransforms
    steps: Float[Tensor, "batch source"]
    """Time to each source, in units of the time to the next frame."""
    flows: list[Tensor] = field(default_factory=list)
    """Complete flow to the next frame, (batch, 3, height, width)."""
    logits: list[Tensor] = field(default_factory=list)
    """Logits of the motion mask, which is the same for all sources, (batch, 1, height, width)."""
    taught: dict[str, Scalar] = field(default_factory=dict)
    """Weighted terms of what measured geometry teaches."""

    def explain(self, scale: int, views: Views, settings: DynamoDepthSettings) -> Explained:
        """Predict the target in full size with one scale's depth, flow and mask."""
        complete = moving = None
        if self.flows:  # one flow serves all sources: back in time it points the other way (B.3)
            complete = resize_like(self.flows[scale], views.target)[:, None] * self.steps[:, :, None, None, None]
        if self.logits:
            moving = resize_like(self.logits[scale].sigmoid(), views.target)  # eq. 5
        return explain(
            views,
            settings.depth_of(resize_like(self.disparities[scale], views.target)),
            self.transforms,
            complete=complete,
            left_over=settings.short.motion_views == "stabilised",
            moving=moving,
            order=settings.released.flow_order,
            with_displacement=settings.released.static == "pixels",
        )


def compare_scale(
    predicted: Predictions,
    scale: int,
    *,
    views: Views,
    target: Target,
    image: Image,
    unwarped: Tensor | None,
    plane: Plane | None,
    usable: Tensor | None,
    settings: DynamoDepthSettings,
) -> dict[str, Scalar]:
    """Return the terms of eq. 9 at one scale, without their weights.

    Sources are compared in full size; `image` is the target at the size of the scale.
    """
    disparity, explained = predicted.disparities[scale], predicted.explain(scale, views, settings)
    errors = photometric_error(explained.warped, target, ssim_weight=settings.ssim_weight)  # eq. 10
    terms = {"photometric": mean_over(minimum_reprojection(errors, unwarped).error, usable)}
    seen = None if usable is None else nearest_like(usable.float(), disparity) > 0
    others = {"smoothness": edge_aware_smoothness_loss(normalise_by_mean(disparity), image)}  # eq. 11
    if predicted.flows:
        others["flow_smoothness"] = edge_aware_smoothness_loss(predicted.flows[scale], image, usable=usable)
    if explained.residual is not None:
        logit = predicted.logits[scale]
        residual = resize_like(explained.residual, disparity)
        if settings.short.motion_views == "stabilised":
            residual = residual / settings.depth_of(disparity.detach())[:, None]
        near = disparity.detach() > settings.released.consistency_min_disparity
        near = near if seen is None else near & seen
        others["consistency"] = motion_consistency_loss(residual, logit.sigmoid(), counted=near)  # eq. 12
        if explained.displacement is None:
            static = static_pixels(flow_discrepancy(residual), usable=seen)
        else:
            displacement = resize_like(explained.displacement, disparity)
            static = static_pixels(displacement.square().sum(dim=2), threshold="batch", usable=seen)
        others["sparsity"] = motion_sparsity_loss(logit, static)  # eq. 13
        others["mask_smoothness"] = edge_aware_smoothness_loss(logit.sigmoid(), image, usable=usable)
    if plane is not None:
        others["ground"] = ground_loss(  # eq. 14
            disparity,
            plane,
            views.intrinsics,
            width=views.target.shape[-1],
            limits=(settings.min_depth, settings.max_depth),
            form=settings.released.ground,
            tolerance=settings.ground_tolerance,
            usable=usable,
        )
    return terms | {name: value / 2**scale for name, value in others.items()}

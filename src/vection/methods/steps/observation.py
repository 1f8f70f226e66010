"""What any method sees in a batch, as the maps of `methods.pictures`."""

from dataclasses import replace

import torch
from torch import Tensor

from vection.geometry.camera import backproject
from vection.geometry.flow import optical_flow
from vection.geometry.rigid import transform_points
from vection.geometry.views import SourceTransforms, Views
from vection.losses.measured_depth import compare_depth
from vection.losses.photometric import Target, photometric_error
from vection.methods.method import Method, Observation
from vection.methods.pictures import MEASURED
from vection.methods.steps.multi_scale import Comparison, compare_scales
from vection.samples import Batch, Measured
from vection.types import Depth, Disparity, Map

EARLIER, LATER, OTHER_CAMERA = 1, 2, 3
"""Values of the picture `source`; 0 is none."""


@torch.no_grad()
def observe(method: Method, batch: Batch) -> Observation:
    """Return what the method sees, and measured depth with the error against it where the batch has any.

    Training panels and `vection predict --pictures` show this. The method is in evaluation mode.
    """
    seen = method.observe(batch)
    if batch.measured is None:
        return seen
    return replace(seen, pictures=seen.pictures | _measured_pictures(seen.pictures["depth"], batch.measured))


def next_source(batch: Batch) -> int:
    """Return which source is nearest after the targets; the last of those before them where none is after."""
    seconds = batch.seconds[0]
    later = torch.where(seconds > 0, seconds, torch.inf)
    return int(later.argmin() if bool((seconds > 0).any()) else seconds.argmax())


def rigid_flow(depth: Depth, views: Views, transforms: SourceTransforms, *, source: int) -> Tensor:
    """Optical flow from the target to one of its sources in a static scene."""
    points = transform_points(backproject(depth, views.intrinsics), transforms[:, source])
    return optical_flow(points, views.source_intrinsics[:, source])


def winning_source(errors: Tensor, batch: Batch, *, selected: Tensor | None = None, temporal: bool = True) -> Map:
    """Return which source has the least of `errors`, (batch, source, height, width); 0 where not `selected`.

    The first errors are those of the batch's sources if `temporal`; one more is that of the other camera.
    """
    labels = torch.where(batch.seconds < 0, EARLIER, LATER)[:, : batch.seconds.shape[1] if temporal else 0]
    others = errors.shape[1] - labels.shape[1]
    labels = torch.cat([labels, labels.new_full((len(errors), others), OTHER_CAMERA)], dim=1)
    best = errors.argmin(dim=1)
    winner = labels.gather(1, best.flatten(1)).view_as(best)[:, None].float()
    return winner if selected is None else winner * selected


def reprojection_pictures(
    disparity: Disparity,
    transforms: SourceTransforms,
    views: Views,
    batch: Batch,
    *,
    comparison: Comparison,
    mask: Tensor | None = None,
    temporal: bool = True,
) -> dict[str, Tensor]:
    """Pictures of a target compared with its sources by the least error: Monodepth2's and SGDepth's."""
    comparison = replace(comparison, tie_break_noise=0.0)
    result = compare_scales(
        [disparity], transforms, [views], comparison=comparison, masks=None if mask is None else [mask]
    )[0]
    errors = photometric_error(result.warped, Target.of(views.target), ssim_weight=comparison.ssim_weight)
    errors = errors if mask is None else errors * mask
    source = next_source(batch) if temporal else 0
    selected = result.reprojection.selected
    depth = comparison.depth(disparity)
    pictures = {
        "target": batch.target,
        "synthesised-target": result.warped[:, source],
        "depth": depth,
        "photometric-error": result.reprojection.error,
    }
    if comparison.auto_mask != "none":
        pictures["auto-mask"] = selected.float()
    if mask is not None:
        pictures["predictive-mask"] = mask[:, source : source + 1]
    if comparison.reprojection == "minimum":
        pictures["source"] = winning_source(errors, batch, selected=selected, temporal=temporal)
    return pictures | {"rigid-flow": rigid_flow(depth, views, transforms, source=source)}


def reprojection_picture_names(comparison: Comparison, *, predictive_mask: bool = False) -> tuple[str, ...]:
    """Names of `reprojection_pictures`, in their order."""
    names = ["target", "synthesised-target", "depth", "photometric-error"]
    names += ["auto-mask"] if comparison.auto_mask != "none" else []
    names += ["predictive-mask"] if predictive_mask else []
    names += ["source"] if comparison.reprojection == "minimum" else []
    return (*names, "rigid-flow")


def _measured_pictures(depth: Depth, measured: Measured) -> dict[str, Tensor]:
    comparison = compare_depth(depth, measured.depth, measured.weight)
    known = (measured.depth > 0) & (measured.weight > 0)
    scaled = measured.depth * comparison.log_scale.exp()
    error = (depth - scaled).abs() / torch.where(known, scaled, 1.0)
    known = known & comparison.scale_known[:, None, None, None]
    return dict(zip(MEASURED, (torch.where(known, scaled, 0.0), torch.where(known, error, torch.nan)), strict=True))

"""What one look at a batch shows of depth, motion and masks; numbers that findings are made of."""

import torch
from torch import Tensor, nn

from vection.geometry.camera import backproject
from vection.geometry.flow import optical_flow
from vection.geometry.rigid import motion_vector, transform_points
from vection.losses.measured_depth import compare_depth
from vection.methods.method import Method
from vection.methods.steps.evaluation_mode import evaluating
from vection.samples import Batch, Measured, map_tensors
from vection.types import Depth, Transform

SAMPLES = 4
"""Of a batch that are looked at; no more, for a look sees the batch once more."""
COUNTED = ("auto-mask", "predictive-mask", "self-discovered-mask", "visible", "dynamic-class-mask")
"""Pictures of a method whose mean is the share of pixels that count."""
MOVING = "motion-mask"
"""The picture whose mean is the share of pixels that do not follow the camera's motion."""


def weight_norm(method: nn.Module) -> float:
    """Return the norm of all weights that learn."""
    weights = [parameter.detach() for parameter in method.parameters() if parameter.requires_grad]
    return float(torch.stack(torch._foreach_norm(weights)).norm()) if weights else 0.0


def depth_statistics(
    depth: Depth, *, limits: tuple[float, float] | None = None, ego_motion: Transform | None = None
) -> dict[str, float]:
    """Return what shows a collapse: spread of log depth, share of pixels at the range's ends, the camera's motion."""
    logarithm = depth[:, 0].log()
    statistics = {
        "median": float(depth.median()),
        "spread_within_image": float(logarithm.flatten(1).std(dim=1).mean()),
        "spread_within_rows": float(logarithm.std(dim=2).mean()),
        "nearest": float(depth.flatten(1).amin(dim=1).median()),
        "farthest": float(depth.flatten(1).amax(dim=1).median()),
    }
    if limits is not None:
        statistics["share_at_near_limit"] = float((depth < 1.05 * limits[0]).float().mean())
        statistics["share_at_far_limit"] = float((depth > 0.9 * limits[1]).float().mean())
    if ego_motion is not None:
        statistics["translation"] = float(ego_motion[:, :3, 3].norm(dim=1).mean())
        statistics["rotation"] = float(motion_vector(ego_motion)[:, 3:].norm(dim=1).max())
    return statistics


def first_ego_motion(method: Method, batch: Batch) -> Transform:
    """T_first_to_second of each target and its first source, in the order of time, as the method predicts it."""
    past = batch.seconds[:, :1, None, None] < 0
    first = torch.where(past, batch.sources[:, 0], batch.target)
    second = torch.where(past, batch.target, batch.sources[:, 0])
    return method.predict_motion(first, second).ego


@torch.no_grad()
def look(method: Method, batch: Batch) -> dict[str, float]:
    """Return the statistics of a few samples of a batch, seen as for prediction; the method is left as it was.

    They are those of `depth_statistics`, and where the method and the batch tell: `change`, the mean difference of
    targets and their first sources, in [0, 1]; `parallax`, how far the predicted translation moves the median pixel, in
    pixels; `step`, the median length of predicted translation by that of median depth; `step_by_measured`, the same by
    measured translation; `measured_share` of the motions that could be measured; `mask: NAME`, the share of pixels that
    a mask lets count. None of a method that learns no depth.
    """
    if not method.learns_depth:
        return {}
    batch = map_tensors(batch, lambda tensor: tensor[:SAMPLES])
    with evaluating(method):
        pictures = method.observe(batch).pictures
        depth, ego = pictures["depth"].float(), None
        if batch.sources.shape[1] > 0 and method.knows.ego_motion:
            ego = first_ego_motion(method, batch)
    statistics = depth_statistics(depth, limits=method.depth_limits, ego_motion=ego)
    statistics |= {f"mask: {name}": float(pictures[name].mean()) for name in COUNTED if name in pictures}
    if MOVING in pictures:
        statistics[f"mask: {MOVING}"] = 1 - float(pictures[MOVING].mean())
    if batch.sources.shape[1] > 0:
        statistics["change"] = float((batch.target - batch.sources[:, 0]).abs().mean())
        if batch.measured is not None:
            statistics["measured_share"] = float(batch.measured.motion_known.float().mean())
    if ego is not None:
        statistics |= _motion_statistics(depth, ego, batch)
    return statistics


def _motion_statistics(depth: Depth, ego: Transform, batch: Batch) -> dict[str, float]:
    length = ego[:, :3, 3].norm(dim=1)
    points, turning = backproject(depth, batch.intrinsics), ego.clone()
    turning[:, :3, 3] = 0
    moved, turned = (optical_flow(transform_points(points, motion), batch.intrinsics) for motion in (ego, turning))
    statistics = {
        "step": float((length / depth.flatten(1).median(dim=1).values).median()),
        "parallax": float((moved - turned).norm(dim=1).median()),
    }
    if batch.measured is not None and (ratio := _by_measured(depth, length, batch.measured)) is not None:
        statistics["step_by_measured"] = ratio
    return statistics


def _by_measured(depth: Depth, length: Tensor, measured: Measured) -> float | None:
    """Median of predicted by measured length, in the unit of the predicted depth; None where nothing is known."""
    comparison = compare_depth(depth, measured.depth, measured.weight)
    true = measured.T_target_to_source[:, 0, :3, 3].norm(dim=1) * comparison.log_scale.exp().flatten()
    known = measured.motion_known[:, 0] & comparison.scale_known & (true > 0)
    return float((length[known] / true[known]).median()) if bool(known.any()) else None

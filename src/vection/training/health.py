"""A loss that falls means nothing by itself: what else to watch, and what to do about it."""

import math
from collections.abc import Iterable, Mapping

import torch
from torch import Tensor

from vection.errors import DataError
from vection.geometry.rigid import motion_vector
from vection.types import Depth, Transform


def first_not_finite(tensors: Iterable[tuple[str, Tensor | None]]) -> str | None:
    """Return the name of the first tensor with a NaN or an infinity."""
    for name, tensor in tensors:
        if tensor is not None and tensor.is_floating_point() and not bool(tensor.isfinite().all()):
            return name
    return None


def stop_if_not_finite(
    terms: Mapping[str, Tensor], *, method: torch.nn.Module, inputs: Iterable[tuple[str, Tensor | None]], step: int
) -> None:
    """Raise DataError that names the first non-finite tensor if a loss term is not finite."""
    term = first_not_finite(terms.items())
    if term is None:
        return
    source = first_not_finite(inputs)
    if source is not None:
        cause = f"the input '{source}' already is"
        remedy = "Check the frames and the intrinsics of the data (vection ingest warns about both)"
    elif (weight := first_not_finite(method.named_parameters())) is not None:
        cause = f"the weight '{weight}' already is"
        remedy = "Lower the learning rate (stages.0.learning_rate) or clip gradients (training.gradient_clip=1)"
    else:
        cause = "inputs and weights are finite"
        remedy = "Train in float32 (training.precision=float32) or with a lower learning rate (stages.0.learning_rate)"
    raise DataError(
        f"Training stopped at step {step}: the loss term '{term}' is not finite; {cause}. {remedy}; "
        "the last checkpoint was written before this and is whole."
    )


def depth_statistics(
    depth: Depth, *, limits: tuple[float, float] | None = None, ego_motion: Transform | None = None
) -> dict[str, float]:
    """Return what shows a collapse: spread of log depth, share of pixels at the range's ends, the camera's motion."""
    logarithm = depth.log().flatten(1)
    statistics = {
        "median": float(depth.median()),
        "spread_within_image": float(logarithm.std(dim=1).mean()),
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


ENOUGH_ROTATION = 0.005
"""Radians between two frames from which a focal length can be learned.

A turn by r moves a pixel at x from the centre by r (f + x^2 / f). The first part fits any f with another r; an f wrong
by 5 % changes the second by 0.1 pixels of 416 at r = 0.005 (compare Gordon et al. 2019, section 3.4).
"""


def remarks(
    statistics: Mapping[str, float], *, learns_intrinsics: bool = False, nothing_compared: bool = False
) -> list[str]:
    """What a user should know about these statistics, each with a remedy; empty when all is well.

    `nothing_compared`: all loss terms that compare frames are exactly 0.
    """
    sentences = []
    share = 0.0 if nothing_compared else statistics.get("share_visible", 1.0)
    if share < 0.05:
        sentences.append(
            f"Only {share:.0%} of the pixels are found in the other frame, so hardly anything is compared and a low "
            "loss means nothing: the predicted motion takes them out of view, or behind what the other frame shows. "
            "Lower the learning rate (stages.0.learning_rate) or lengthen the warm-up (stages.0.warm_up)."
        )
    if learns_intrinsics and statistics.get("rotation", math.inf) < ENOUGH_ROTATION:
        sentences.append(
            "The predicted camera hardly turns, and without turns no focal length can be learned. If the clips have "
            "turns, train longer; else add clips with turns, or give the intrinsics when ingesting."
        )
    if statistics["spread_within_image"] < 0.02:
        sentences.append(
            "The depth is nearly the same everywhere (collapse). Usual causes: hardly any camera motion between frames "
            "(ingest with a larger stride), or wrong intrinsics."
        )
    if statistics.get("share_at_near_limit", 0.0) > 0.2:
        sentences.append(
            "A fifth of the depth sits at the near limit: the range of depth is too far away for the predicted camera "
            "motion. Lower both ends of it together, as method.min_depth 0.03 and method.max_depth 30 (scale is free)."
            if "translation" in statistics
            else "A fifth of the depth sits at the near limit, so near things look equally near. Nothing else is wrong "
            "with it; a training that starts from no other weights may have more room (a smaller method.min_depth)."
        )
    if statistics.get("share_at_far_limit", 0.0) > 0.5:
        sentences.append(
            "Half of the depth sits at the far limit. Usual causes: no parallax (a static or only turning camera), or "
            "too high a learning rate."
        )
    if statistics.get("translation", 1.0) < 1e-5:
        sentences.append(
            "The predicted camera motion is zero. Usual causes: a static camera, frames too close in time "
            "(ingest with a larger stride), or a scene that moves with the camera."
        )
    return sentences

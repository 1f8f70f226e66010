"""Motion that was measured in the clip, in the unit of predicted depth, and what networks learn from it."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from vection.errors import UsageError
from vection.geometry.rigid import invert
from vection.geometry.views import SourceTransforms
from vection.losses.measured_depth import DepthComparison, central_depth_loss, compare_depth, measured_depth_loss
from vection.losses.measured_motion import measured_motion_loss
from vection.methods.method import MethodSettings, ShortSettings
from vection.networks.cameras import IntrinsicsSource
from vection.networks.motion.matching import DISPLACED
from vection.samples import Batch, Measured
from vection.types import Depth, Map, Scalar

LEAST_STEP = 0.1
"""Of the clip's unit, the usual step between frames: the length by which a shorter step's error is divided."""


@dataclass(frozen=True)
class MeasuredMotion:
    """Measured motion in the unit of predicted depth."""

    transforms: SourceTransforms
    """T_target_to_source, or T_source_to_target of `both_ways`."""
    known: Bool[Tensor, "batch source"]
    least_length: Float[Tensor, "batch 1"]
    """`LEAST_STEP` in the unit of predicted depth."""

    def both_ways(self) -> "MeasuredMotion":
        """Return the motions from the target to each source, then those from each source to the target."""
        back = invert(self.transforms.flatten(0, 1)).view_as(self.transforms)
        both = torch.cat([self.transforms, back], dim=1)
        return MeasuredMotion(both, self.known.repeat(1, 2), self.least_length)

    def instead_of(self, predicted: SourceTransforms) -> SourceTransforms:
        """Return the measured motions where they are known, elsewhere the predicted ones."""
        return torch.where(self.known[:, :, None, None], self.transforms, predicted)

    def loss(self, predicted: SourceTransforms, short: ShortSettings) -> Scalar:
        """What the pose network learns: weighted error of what it predicts where motion is known."""
        error = measured_motion_loss(predicted, self.transforms, self.known, least_length=self.least_length)
        return short.measured_motion_weight * error


def measured_of(batch: Batch) -> Measured:
    """Return the measured geometry of a batch; ValueError if it has none."""
    if batch.measured is None:
        raise ValueError("this method learns from measured geometry, which the batch lacks")
    return batch.measured


def scaled_transforms(measured: Measured, comparison: DepthComparison) -> SourceTransforms:
    """T_target_to_source as measured, its length in closed form: the median ratio of predicted to measured depth.

    No gradient flows through the length. Where the motion or its length is not known the camera stands, so that the
    source shows itself.
    """
    transforms = measured.T_target_to_source.clone()
    transforms[..., :3, 3] = transforms[..., :3, 3] * comparison.log_scale.exp().flatten(1)[:, :, None]
    known = (measured.motion_known & comparison.scale_known[:, None])[:, :, None, None]
    return torch.where(known, transforms, torch.eye(4).to(transforms))


def compare_with_measured(
    depth: Depth, batch: Batch, short: ShortSettings, *, limits: tuple[float, float] | None
) -> tuple[MeasuredMotion, dict[str, Scalar]]:
    """Return the measured motion in the unit of `depth`, the targets', and weighted terms of depth.

    Motion is known where it was measured and depth tells its length. Then nothing else tells the unit of depth, so one
    term compares its shape with measured depth and the other keeps it in the middle of `limits`, the ends of its range;
    None where the unit is not free.
    """
    measured = measured_of(batch)
    comparison = compare_depth(depth, measured.depth, measured.weight)
    motion = MeasuredMotion(
        scaled_transforms(measured, comparison),
        measured.motion_known & comparison.scale_known[:, None],
        LEAST_STEP * comparison.log_scale.exp().flatten(1),
    )
    terms = {"measured_depth": short.measured_depth_weight * measured_depth_loss(comparison)}
    if limits is not None:
        central = central_depth_loss(depth, min_depth=limits[0], max_depth=limits[1])
        terms["unit"] = short.unit_weight * central
    return motion, terms


def static_and_moving(batch: Batch, displaced: Map | None = None) -> tuple[Map, Map]:
    """Weights of the pixels that were measured to stand still, and of those that were seen to move.

    With `displaced`, what block matching of stabilised frames finds: what is displaced and has no measured depth moves,
    and what is not displaced and has one stands still. Without, as measured alone.
    """
    measured = measured_of(batch)
    if displaced is not None:
        moves = displaced > DISPLACED
        moving = (moves & (measured.weight == 0)).float()
        moving = moving if batch.usable is None else moving * batch.usable
        return measured.weight * ~moves, moving
    moving = torch.zeros_like(measured.weight) if measured.moving is None else measured.moving
    return measured.weight * (moving == 0), moving


def check_measured(settings: MethodSettings, short: ShortSettings, *, intrinsics: IntrinsicsSource) -> None:
    """Raise UsageError for a method that should learn its camera from geometry that was measured with a given one."""
    if short.measured and intrinsics != "given":
        raise UsageError(
            f"Geometry is measured with given intrinsics, so {settings.name} cannot learn them as well; train with "
            "`method.intrinsics=given`, or without measured geometry (`method.short.measured=False`)."
        )

"""Motion that was measured in the clip, in the unit of predicted depth."""

from vection.geometry.views import SourceTransforms
from vection.losses.measured_depth import Scale
from vection.samples import Measured


def scaled_transforms(measured: Measured, log_scale: Scale) -> SourceTransforms:
    """T_target_to_source as measured, its length in closed form: the median ratio of predicted to measured depth.

    `log_scale` is that of `losses.measured_depth.compare_depth`; no gradient flows through it. Where motion is not
    known the camera stands, so that the source shows itself.
    """
    transforms = measured.T_target_to_source.clone()
    transforms[..., :3, 3] = transforms[..., :3, 3] * log_scale.exp().flatten(1)[:, :, None]
    return transforms

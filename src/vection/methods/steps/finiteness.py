"""A term of a loss that tells whether cameras and motions are finite."""

from vection.geometry.views import SourceTransforms, Views
from vection.types import Scalar


def zero_if_finite(views: Views, transforms: SourceTransforms) -> Scalar:
    """Return 0, or NaN if a camera or a motion is not finite: sampling at such places hides it from the error."""
    return 0 * (transforms.sum() + views.intrinsics.sum() + views.source_intrinsics.sum())

"""From a method's settings to the method."""

from vection.methods.dynamo_depth import DynamoDepth, DynamoDepthSettings
from vection.methods.method import Method
from vection.methods.monodepth2 import Monodepth2, Monodepth2Settings
from vection.methods.motion_field import MotionField
from vection.methods.motion_field_settings import MotionFieldSettings
from vection.methods.sc_sfmlearner import ScSfmLearner, ScSfmLearnerSettings
from vection.methods.sgdepth import SgDepth
from vection.recipes.recipe import MethodSettings


def build_method(settings: MethodSettings) -> Method:
    """Build the method that the settings describe."""
    if isinstance(settings, Monodepth2Settings):
        return Monodepth2(settings)
    if isinstance(settings, ScSfmLearnerSettings):
        return ScSfmLearner(settings)
    if isinstance(settings, MotionFieldSettings):
        return MotionField(settings)
    if isinstance(settings, DynamoDepthSettings):
        return DynamoDepth(settings)
    return SgDepth(settings)

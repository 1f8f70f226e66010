"""The published systems, one file each, with their settings; no method imports another.

Imports `networks`, `losses`, `geometry` and `samples`; knows no data set, no training and no recipe.
"""

from vection.methods.dynamo_depth import DynamoDepth
from vection.methods.dynamo_depth_settings import DynamoDepthSettings
from vection.methods.method import Method, Motion
from vection.methods.monodepth2 import Monodepth2
from vection.methods.monodepth2_settings import Monodepth2Settings
from vection.methods.motion_field import MotionField
from vection.methods.motion_field_settings import MotionFieldSettings
from vection.methods.sc_sfmlearner import ScSfmLearner
from vection.methods.sc_sfmlearner_settings import ScSfmLearnerSettings
from vection.methods.sgdepth import SgDepth
from vection.methods.sgdepth_settings import SgDepthSettings

__all__ = [
    "DynamoDepth",
    "DynamoDepthSettings",
    "Method",
    "Monodepth2",
    "Monodepth2Settings",
    "Motion",
    "MotionField",
    "MotionFieldSettings",
    "ScSfmLearner",
    "ScSfmLearnerSettings",
    "SgDepth",
    "SgDepthSettings",
]

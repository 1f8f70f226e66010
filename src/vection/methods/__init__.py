"""The published systems, one file each, with their settings; no method imports another.

Imports `networks`, `losses`, `geometry` and `samples`; knows no data set, no training and no recipe.
"""

from vection.methods.dynamo_depth import DynamoDepth
from vection.methods.dynamo_depth_settings import DynamoDepthSettings
from vection.methods.measured_depth import MeasuredDepth
from vection.methods.measured_depth_settings import MeasuredDepthSettings
from vection.methods.method import Knows, Method, MethodSettings, Motion, Needs, Observation, Progress
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
    "Knows",
    "MeasuredDepth",
    "MeasuredDepthSettings",
    "Method",
    "MethodSettings",
    "Monodepth2",
    "Monodepth2Settings",
    "Motion",
    "MotionField",
    "MotionFieldSettings",
    "Needs",
    "Observation",
    "Progress",
    "ScSfmLearner",
    "ScSfmLearnerSettings",
    "SgDepth",
    "SgDepthSettings",
]

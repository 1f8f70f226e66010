"""The table of methods: a new one is a line here, beside its own files."""

from dataclasses import dataclass

from vection.methods.dynamo_depth import DynamoDepth, DynamoDepthSettings
from vection.methods.measured_depth import MeasuredDepth, MeasuredDepthSettings
from vection.methods.method import Method, MethodSettings
from vection.methods.monodepth2 import Monodepth2, Monodepth2Settings
from vection.methods.motion_field import MotionField
from vection.methods.motion_field_settings import MotionFieldSettings
from vection.methods.sc_sfmlearner import ScSfmLearner, ScSfmLearnerSettings
from vection.methods.sgdepth import SgDepth
from vection.methods.sgdepth_settings import SgDepthSettings
from vection.names import look_up
from vection.recipes import dynamo_depth, lite_mono, measured_depth, monodepth2, motion_field, sc_sfmlearner, sgdepth
from vection.recipes.recipe import Recipe


@dataclass(frozen=True)
class Entry:
    """A method: its settings, what is built of them, and its recipes."""

    settings: type[MethodSettings]
    method: type[Method]
    recipes: tuple[Recipe, ...]


METHODS: dict[str, Entry] = {
    "monodepth2": Entry(Monodepth2Settings, Monodepth2, (*monodepth2.RECIPES, *lite_mono.RECIPES)),
    "sc_sfmlearner": Entry(ScSfmLearnerSettings, ScSfmLearner, sc_sfmlearner.RECIPES),
    "sgdepth": Entry(SgDepthSettings, SgDepth, sgdepth.RECIPES),
    "motion_field": Entry(MotionFieldSettings, MotionField, motion_field.RECIPES),
    "dynamo_depth": Entry(DynamoDepthSettings, DynamoDepth, dynamo_depth.RECIPES),
    "measured_depth": Entry(MeasuredDepthSettings, MeasuredDepth, measured_depth.RECIPES),
}
"""Methods by the name that their settings have."""


def build_method(settings: MethodSettings) -> Method:
    """Build the method that the settings describe; UsageError for settings that do not fit together."""
    return look_up(settings.name, METHODS, kind="method").method(settings)

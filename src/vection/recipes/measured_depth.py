"""Recipes that learn depth from geometry measured in the clips: ours, and in no paper."""

from vection.methods.measured_depth_settings import MeasuredDepthSettings
from vection.recipes import short
from vection.recipes.recipe import Recipe
from vection.training.settings import Stage

RECIPES = (
    Recipe(
        name="video",
        summary="your own video: depth from geometry measured in it, 416x128, half an hour on two cores",
        method=MeasuredDepthSettings(),
        data=short.VIDEO,
        stages=(Stage(epochs=20, learning_rate=2e-4, fades=True, warm_up=50),),
        training=short.TRAINING,
    ),
    Recipe(
        name="measured-depth-debug",
        summary="tiny and quick, to test a setup: 96x64, two epochs of two steps",
        method=MeasuredDepthSettings(pretrained=False),
        data=short.DEBUG,
        stages=short.DEBUG_STAGES,
        training=short.DEBUG_TRAINING,
    ),
)

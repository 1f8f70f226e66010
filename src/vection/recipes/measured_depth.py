"""Recipes that learn depth from geometry measured in the clips: ours, and in no paper."""

from dataclasses import replace

from vection.methods.measured_depth_settings import MeasuredDepthSettings
from vection.recipes import short
from vection.recipes.recipe import Recipe
from vection.starts import STREET
from vection.training.augmentation.settings import Augmentation
from vection.training.settings import Stage

_AUGMENTATION = Augmentation(
    jitter=0.8,
    brightness=0.4,
    contrast=0.4,
    saturation=0.4,
    hue=0.1,
    gamma=0.5,
    blur=0.3,
    noise=0.05,
    scale_crop=1.15,
)
"""Strong, for what is learned are few places, or places that are made up."""
_TRAINING = replace(short.TRAINING, validation_batches=4, gradient_clip=5.0)

RECIPES = (
    Recipe(
        name="video",
        summary="your own video: depth from geometry measured in it, 416x128, a quarter of an hour on two cores",
        data=replace(short.VIDEO, augmentation=_AUGMENTATION, rehearsal=0.35),
        method=MeasuredDepthSettings(largest_ratio=1.4),
        stages=(Stage(epochs=12, learning_rate=2e-4, fades=True, warm_up=50),),
        training=_TRAINING,
        start_from=STREET,
    ),
    Recipe(
        name="street",
        summary="how the weights that ship were made: exact depth of varied synthetic drives, free clips; 416x128",
        data=replace(short.VIDEO, augmentation=_AUGMENTATION, rehearsal=0.8, rehearsal_drives=800),
        method=MeasuredDepthSettings(),
        stages=(Stage(epochs=30, learning_rate=3e-4, fades=True, warm_up=50),),
        training=_TRAINING,
    ),
    Recipe(
        name="measured-depth-demo",
        summary="the demo's: 320x96, geometry measured in short synthetic drives, minutes on two cores",
        data=replace(short.SYNTHETIC, width=320, height=96, batch_size=4, augmentation=Augmentation(scale_crop=1.15)),
        method=MeasuredDepthSettings(),
        stages=(Stage(epochs=10, learning_rate=5e-4, fades=True, warm_up=50),),
        training=replace(_TRAINING, validation_fraction=0.05),
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

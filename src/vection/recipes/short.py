"""What the recipes of short trainings share: ours, for all methods, and in no paper.

`NAME-video` trains on one's own clips, `NAME-synthetic` on the made-up street, `NAME-debug` only tests a setup.
"""

from vection.recipes.recipe import DataSettings
from vection.training.augmentation.settings import Augmentation
from vection.training.settings import Stage, TrainingSettings

MIN_DEPTH = 0.03
"""Near limit of the depth of short trainings, in units of depth; the papers have 0.1.

An untrained pose network predicts camera steps of 0.001 to 0.005. At the papers' range of depth, 0.1 to 100, near road
would need steps of 0.02, which takes thousands of iterations to reach; at a third of it, hundreds (scale is free). At a
tenth, the first steps are too large for the depth and training may collapse to the far limit.
"""
MAX_DEPTH = 30.0
"""Far limit of the depth of short trainings, in units of depth; the papers have 100."""

VIDEO = DataSettings(height=128, width=416, batch_size=8, augmentation=Augmentation(scale_crop=1.15))
SYNTHETIC = DataSettings(height=64, width=192, batch_size=8)
DEBUG = DataSettings(height=64, width=96, batch_size=2)

TRAINING = TrainingSettings(steps_per_epoch=50, precision="auto")
"""Short epochs, so that held-out frames are looked at often; the fastest precision."""
DEBUG_STAGES = (Stage(epochs=2, drops=(1,)),)
DEBUG_TRAINING = TrainingSettings(steps_per_epoch=2, precision="auto", log_every=1, validation_batches=1)

"""A sixth method: what a new one has to write. In the library its table line would stand in `recipes/methods.py`."""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import nn

from vection.geometry.views import Views
from vection.losses.photometric import Target, minimum_reprojection, photometric_error
from vection.methods.method import FrameTimes, Knows, Method, MethodSettings, Motion, Needs, Progress
from vection.recipes.methods import Entry
from vection.recipes.recipe import DataSettings, Recipe
from vection.samples import Batch
from vection.training.settings import Stage, TrainingSettings
from vection.types import Depth, Image, Intrinsics, Scalar


@dataclass(frozen=True)
class ToySettings(MethodSettings):
    """One layer, and a camera that is known to go straight on."""

    name: Literal["toy"] = "toy"
    pretrained: bool = False
    speed: float = 1.0
    """Of the camera, in units of depth a second."""

    @property
    def needs(self) -> Needs:
        return Needs()

    @property
    def knows(self) -> Knows:
        return Knows()


class Toy(Method):
    """Depth of one convolution, learned from a camera of constant speed."""

    settings: ToySettings

    def __init__(self, settings: ToySettings) -> None:
        super().__init__(settings)
        self.settings = settings
        self.cameras = None
        self.depth_network = nn.Conv2d(3, 1, 3, padding=1)

    def training_loss(self, batch: Batch, progress: Progress) -> dict[str, Scalar]:
        views = Views(batch.target, batch.sources, batch.intrinsics, batch.source_intrinsics)
        transforms = torch.eye(4, device=batch.target.device).repeat(*batch.seconds.shape, 1, 1)
        transforms[..., 2, 3] = -self.settings.speed * batch.seconds
        warped = views.synthesise(self.predict_depth(batch.target_jittered), transforms)
        return {
            "photometric": minimum_reprojection(photometric_error(warped, Target.of(batch.target)), None).error.mean()
        }

    def predict_depth(self, image: Image) -> Depth:
        return 1 + nn.functional.softplus(self.depth_network(image))

    def predict_motion(
        self,
        first: Image,
        second: Image,
        *,
        before: Image | None = None,
        intrinsics: Intrinsics | None = None,
        seconds: FrameTimes | None = None,
    ) -> Motion:
        ego = torch.eye(4, device=first.device).repeat(len(first), 1, 1)
        ego[:, 2, 3] = -0.1 * self.settings.speed
        return Motion(ego)


RECIPES = (
    Recipe(
        name="toy-debug",
        summary="tiny and quick",
        method=ToySettings(),
        data=DataSettings(height=64, width=96, batch_size=2),
        stages=(Stage(epochs=2, drops=()),),
        training=TrainingSettings(steps_per_epoch=2, log_every=1, validation_batches=1, precision="float32"),
    ),
)
ENTRY = Entry(ToySettings, Toy, RECIPES)

"""The one abstract class: what training and inference ask of a published system."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

from torch import nn

from vection.networks.cameras import Cameras
from vection.samples import Batch
from vection.types import ClassMap, Depth, Image, Intrinsics, Map, Points, Scalar, Transform


@dataclass(frozen=True)
class Progress:
    """Where training stands within a stage; schedules and ramps follow it."""

    stage: str = "main"
    step: int = 0
    """Optimiser steps done in the stage."""
    steps: int = 1
    """Optimiser steps of the stage."""
    epoch: int = 0
    """Epochs done in the stage."""
    epochs: int = 1
    total_step: int = 0
    """Optimiser steps done in all stages."""

    def ramp(self, steps: int, *, begin: int = 0) -> float:
        """Rise from 0 at step `begin` of the stage to 1, `steps` later."""
        return min(max((self.step - begin) / steps, 0.0), 1.0) if steps > 0 else float(self.step >= begin)


@dataclass(frozen=True)
class Motion:
    """What moved between two frames; the flows are 3D, in the first camera's coordinates and the unit of the depth."""

    ego: Transform
    """T_first_to_second: maps points of the static world from the first camera to the second."""
    object_flow: Points | None = None
    moving: Map | None = None
    """Motion mask in [0, 1]."""
    intrinsics: Intrinsics | None = None
    """K of the first frame, if it was predicted from the pair."""


class Method(nn.Module, ABC):
    """A self-supervised system: networks and the loss that trains them.

    The networks are ordinary submodules; `Stage.trains` names them.
    """

    depth_limits: tuple[float, float] | None = None
    """Nearest and farthest depth that the method can predict, if it has such."""
    knows_ego_motion: bool = True
    """Whether `predict_motion` works; False after training on stereo pairs alone."""
    knows_object_motion: bool = True
    """Whether what `predict_motion` says of objects, if anything, has been learned."""
    knows_classes: bool = False
    """Whether `predict_classes` works."""

    @property
    def learns_intrinsics(self) -> bool:
        """Whether the camera is learned, not given."""
        return any(isinstance(part, Cameras) and part.source != "given" for part in self.modules())

    def forward(self, batch: Batch, progress: Progress) -> dict[str, Scalar]:
        """Call `training_loss`; data-parallel and mixed-precision wrappers hook into `forward`."""
        return self.training_loss(batch, progress)

    @abstractmethod
    def training_loss(self, batch: Batch, progress: Progress) -> dict[str, Scalar]:
        """Weighted loss terms by name; the trainer minimises their sum.

        What a method remembers between steps it keeps in registered buffers, so that checkpoints hold it.
        """

    @abstractmethod
    def predict_depth(self, image: Image) -> Depth:
        """Depth at the size of `image`, up to scale unless the method was trained with a known baseline."""

    @abstractmethod
    def predict_motion(
        self, first: Image, second: Image, *, before: Image | None = None, intrinsics: Intrinsics | None = None
    ) -> Motion:
        """Motion between two frames, `second` later than `first`.

        `before` is the frame before `first`, if there is one; only networks that see three frames use it. `intrinsics`
        are K of the images, if known; without them a method whose flow depends on the camera leaves it out.
        """

    def predict_classes(self, image: Image) -> ClassMap:
        """Cityscapes train ids at the size of `image`, of a method that `knows_classes`."""
        raise NotImplementedError(f"{type(self).__name__} knows no classes")

    def pictures(self, batch: Batch) -> dict[str, Image]:
        """Pictures for the log (warped view, mask), each RGB in [0, 1]; computed only when asked for."""
        del batch
        return {}

    def on_epoch_end(self, progress: Progress) -> None:
        """Update what depends on the epoch (thresholds); called by the trainer after each epoch of training."""
        del progress

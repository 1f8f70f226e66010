"""The one abstract class: what training and inference ask of a published system, and what its settings tell."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import astuple, dataclass, fields, replace
from typing import Any, ClassVar, TypeVar

from jaxtyping import Float
from torch import Tensor, nn

from vection.formats.bounds import NotNegative
from vection.networks.cameras import Cameras
from vection.samples import Batch
from vection.types import ClassMap, Depth, Image, Intrinsics, Map, Points, Scalar, Transform


@dataclass(frozen=True)
class Needs:
    """What a method must be given to learn, beside targets and their cameras."""

    neighbours: bool = True
    """Frames of the same camera before or after the target."""
    sources: int | None = None
    """How many of them, if the method has room for no other number."""
    stereo: bool = False
    """The other camera of a calibrated pair."""
    labels: bool = False
    """Labelled images of a second domain."""
    class_maps: bool = False
    """Class maps of targets and sources."""
    measured: bool = False
    """Geometry measured in the clips."""


@dataclass(frozen=True)
class Knows:
    """What a trained method can tell, beside depth."""

    ego_motion: bool = True
    """Whether `predict_motion` works; not after training on stereo pairs alone."""
    object_motion: bool = False
    """Whether `predict_motion` says of objects how, or which of them, move."""
    classes: bool = False
    """Whether `predict_classes` works."""

    def __or__(self, other: "Knows") -> "Knows":
        """Return what either knows."""
        return Knows(*(one or another for one, another in zip(astuple(self), astuple(other), strict=True)))

    def __and__(self, other: "Knows") -> "Knows":
        """Return what both know."""
        return Knows(*(one and another for one, another in zip(astuple(self), astuple(other), strict=True)))


NOTHING = Knows(ego_motion=False)
"""What a method knows before it is trained."""


Settings = TypeVar("Settings", bound="MethodSettings")


@dataclass(frozen=True)
class MethodSettings(ABC):
    """The settings of a method: the paper's parts, and apart from them `released` and `short`.

    Every method's class adds its own fields; the defaults are the paper's. What only the authors' code does stands in a
    field `released`, what is ours and helps short trainings in a field `short`.
    """

    WAITING: ClassVar[tuple[str, ...]] = ()
    """Settings, of `short` as well, by which some terms begin later in a training; with 0 they act at once."""

    name: str
    """Name of the method, as in the table of methods."""
    pretrained: bool
    """Whether encoders start from ImageNet weights."""

    @property
    @abstractmethod
    def needs(self) -> Needs:
        """What a method of these settings learns from."""

    @property
    @abstractmethod
    def knows(self) -> Knows:
        """What a method of these settings can tell once it is trained."""

    def learned(self, progress: "Progress") -> Knows:
        """Return what of that a stage has taught where it stands at `progress`; all from its first step on."""
        del progress
        return self.knows

    def trained(self: Settings) -> Settings:
        """Return the settings with which trained weights go on: nothing waits for a beginning that lies behind."""
        return changed(self, **{name: 0.0 if name.endswith("share") else 0 for name in self.WAITING})


@dataclass(frozen=True)
class ShortSettings:
    """What the groups `short` of all methods hold: geometry measured in the clips as a teacher."""

    measured: bool = False
    """Measured motion takes the pose network's place in the loss where it is known; the network learns from it."""
    measured_depth_weight: NotNegative = 1.0
    """Weight of the logarithm of predicted by measured depth."""
    measured_motion_weight: NotNegative = 0.1
    """Weight of what the pose network learns from measured motion: error by its length, and ten times the angle."""
    unit_weight: NotNegative = 0.02
    """Weight of the term that keeps depth in the middle of its range where motion is measured, as its unit is free."""


def changed(settings: Settings, **changes: Any) -> Settings:
    """Return `settings` with `changes`, each in `released` or `short` where these have a field of its name."""
    names = {field.name for field in fields(settings)}
    for group in names & {"released", "short"} - set(changes):
        value = getattr(settings, group)
        members = {field.name for field in fields(value)}
        moved = {name: changes.pop(name) for name in list(changes) if name in members}
        changes[group] = replace(value, **moved)
    return replace(settings, **changes)


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

    @property
    def at_end(self) -> "Progress":
        """Return where training stands when the stage is done."""
        left = self.steps - self.step
        return replace(self, step=self.steps, epoch=self.epochs, total_step=self.total_step + left)

    def ramp(self, steps: int, *, begin: int = 0) -> float:
        """Rise from 0 at step `begin` of the stage to 1, `steps` later."""
        return min(max((self.step - begin) / steps, 0.0), 1.0) if steps > 0 else float(self.step >= begin)


FrameTimes = Float[Tensor, "batch 2"]
"""Seconds from a frame to the one before it, below 0, and to the one after it, above 0."""


@dataclass(frozen=True)
class Motion:
    """What moved between two frames; the flows are 3D, in the first camera's coordinates and the unit of the depth."""

    ego: Transform
    """T_first_to_second: maps points of the static world from the first camera to the second."""
    object_flow: Points | None = None
    moving: Map | None = None
    """Motion mask of the first frame, in [0, 1]; 1 where something moves by itself."""
    intrinsics: Intrinsics | None = None
    """K of the first frame, if it was predicted from the pair."""


@dataclass(frozen=True)
class Observation:
    """What a method sees in a batch, for the log and for its health."""

    pictures: dict[str, Tensor]
    """Maps by their names in `methods.pictures`, which say what is drawn how; (batch, channel, height, width)."""
    share_visible: float | None = None
    """Share of the target's pixels that are compared with the first source, if the method can tell."""


class Method(nn.Module, ABC):
    """A self-supervised system: networks and the loss that trains them.

    The networks are ordinary submodules; `Stage.trains` names them. Every method calls that of depth `depth_network`.
    """

    settings: MethodSettings
    cameras: Cameras | None
    """Where intrinsics come from; None if the method learns from nothing that needs them."""
    depth_limits: tuple[float, float] | None = None
    """Nearest and farthest depth that the method can predict, if it has such."""
    stages: tuple[str, ...] | None = None
    """Names of the stages that the method tells apart; None: all are alike to it."""
    comparing: tuple[str, ...] = ("photometric",)
    """Names of the loss terms that compare frames; they are exactly 0 only where there is nothing to compare."""
    learns_depth: bool = True
    """Whether the loss teaches depth and motion; where it teaches segmentation alone, health says nothing of them."""
    eager: tuple[str, ...] = ()
    """Names of its functions that torch.compile leaves alone, for they change modes or remember."""
    pictures: tuple[str, ...] = ("target", "depth")
    """Names in `methods.pictures` of what `observe` shows, in its order."""

    def __init__(self, settings: MethodSettings) -> None:
        super().__init__()
        self.knows = settings.knows
        """What it has learned; less than `settings.knows` where weights were imported that lack parts, or stem from
        before a stage that teaches it."""

    @property
    def learns_intrinsics(self) -> bool:
        """Whether the camera is learned, not given."""
        return self.cameras is not None and self.cameras.source != "given"

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
        """Predict depth at the size of `image`, up to scale unless the method was trained with a known baseline."""

    def predict_motion(
        self,
        first: Image,
        second: Image,
        *,
        before: Image | None = None,
        intrinsics: Intrinsics | None = None,
        seconds: FrameTimes | None = None,
    ) -> Motion:
        """Predict the motion between two frames, `second` later than `first`, of a method that knows ego-motion.

        `before` is the frame before `first`, if there is one; only networks that see three frames use it. `intrinsics`
        are K of the images, if known; without them a method whose flow depends on the camera leaves it out. `seconds`
        are the times from `first` to `before` (any number if there is none) and to `second`; without them frames follow
        each other evenly, and a flow that is one of so many seconds takes them to lie as many apart. Only methods whose
        flow depends on time use them.
        """
        raise NotImplementedError(f"{type(self).__name__} knows no motion")

    def predict_classes(self, image: Image) -> ClassMap:
        """Predict Cityscapes train ids at the size of `image`, of a method that knows classes."""
        raise NotImplementedError(f"{type(self).__name__} knows no classes")

    def observe(self, batch: Batch) -> Observation:
        """Show what the method sees in a batch, the `pictures`; computed only when asked for."""
        return Observation({"target": batch.target, "depth": self.predict_depth(batch.target)})

    def selection_loss(self, terms: Mapping[str, float], *, share_visible: float | None = None) -> float:
        """Return what chooses the best checkpoint of a stage, the lower the better, from the terms of held-out frames.

        The sum of all terms, unless some of them say nothing of depth and motion, or fall when less is compared;
        `share_visible` is that of `Observation`.
        """
        del share_visible
        return sum(terms.values())

    def on_epoch_end(self, progress: Progress) -> None:
        """Update what depends on the epoch (thresholds); called by the trainer after each epoch of training."""
        del progress


def weighted(terms: Mapping[str, Scalar], weights: Mapping[str, float]) -> dict[str, Scalar]:
    """Multiply each term by its weight, in the order of `weights`; a term that is not there does not act."""
    return {name: weight * terms[name] for name, weight in weights.items() if name in terms}

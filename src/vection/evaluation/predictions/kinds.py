"""What a predicted map is, and a set of them."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, TypeVar

import numpy as np
from jaxtyping import Float, UInt8

from vection.arrays import CameraNumbers
from vection.evaluation.predictions.window import relative_window
from vection.formats.window import Window

MapKind = Literal["depth", "inverse-depth"]
Predicted = TypeVar("Predicted", "PredictedMap", "PredictedObjects")


@dataclass(frozen=True)
class PredictedMap:
    """One image's prediction at any size."""

    values: Float[np.ndarray, "height width"]
    kind: MapKind = "depth"
    intrinsics: CameraNumbers | None = None
    """fx, fy, cx, cy in pixels of the map, where they are known and not learned."""
    window: Window | None = None
    """What the map is of, where it is not the whole image."""


@dataclass(frozen=True)
class PredictedObjects:
    """What a prediction says of one image beside depth; at any size, None where it says nothing."""

    object_flow: Float[np.ndarray, "flow_height flow_width 3"] | None = None
    """To the next frame, x, y, z of the image's camera, without ego-motion, in the unit of the depth."""
    motion_mask: Float[np.ndarray, "mask_height mask_width"] | None = None
    """In [0, 1]."""
    classes: UInt8[np.ndarray, "class_height class_width"] | None = None
    """Cityscapes train ids."""
    intrinsics: CameraNumbers | None = None
    """fx, fy, cx, cy in pixels of mask and classes, where they are known and not learned."""
    has_previous: bool = True
    """False for the first frame of a camera, which has no frame before it."""
    window: Window | None = None
    """What the maps are of, where it is not the whole image."""

    @property
    def empty(self) -> bool:
        """Whether nothing but depth is predicted."""
        return self.object_flow is None and self.motion_mask is None and self.classes is None


@dataclass(frozen=True)
class PredictionReader:
    """A set of predictions, read one at a time."""

    description: str
    names: tuple[str, ...]
    read: Callable[[str], PredictedMap]
    unit: str = "up-to-scale"
    """A protocol's factor, which leads to metres, is not applied to what is in "metres" already."""
    read_objects: Callable[[str], PredictedObjects] = lambda _: PredictedObjects()
    windows: Mapping[str, Window] = field(default_factory=dict)
    """What the maps of an image are of, where it is not the whole image."""
    seconds: Mapping[str, float] = field(default_factory=dict)
    """Times of the frames, where they are known."""

    def within(self, windows: Mapping[str, Window]) -> "PredictionReader":
        """Return the predictions as maps of what the truth shows of its images, where that is a window, too.

        Raises UsageError if a prediction shows another part.
        """

        def placed(predicted: Predicted, name: str) -> Predicted:
            return replace(predicted, window=relative_window(name, predicted.window, windows.get(name)))

        relative = {name: relative_window(name, own, windows.get(name)) for name, own in self.windows.items()}
        return replace(
            self,
            read=lambda name: placed(self.read(name), name),
            read_objects=lambda name: placed(self.read_objects(name), name),
            windows={name: window for name, window in relative.items() if window is not None},
        )


def kind_of_name(stem: str) -> MapKind | None:
    """Return what a file's name says that it holds: `disps_eigen_split`, `000010_disp`, `predictions`, `x_depth`."""
    words = re.split(r"[^a-z]+", stem.lower())
    if any(word in ("disp", "disps", "disparity", "disparities") for word in words):
        return "inverse-depth"
    return "depth" if any(word in ("depth", "depths", "prediction", "predictions") for word in words) else None

"""What all sources of the scale share: they look at predictions one by one and yield factors."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field

from vection.arrays import CameraNumbers
from vection.errors import UsageError
from vection.inference.prediction import Prediction
from vection.inference.sources import Frame


@dataclass
class Factors:
    """Factors by which predictions must be multiplied to be in metres, as one source says."""

    source: str
    """In words."""
    stated_error: float
    """Relative standard deviation of what the user stated; it is the same in all frames, so no average lowers it."""
    missing: str = ""
    """Why there may be none, in a sentence."""
    names: list[str] = field(default_factory=list)
    """Frame of each factor."""
    values: list[float] = field(default_factory=list)

    def add(self, name: str, value: float) -> None:
        """Add the factor of a frame."""
        self.names.append(name)
        self.values.append(float(value))


class Evidence(ABC):
    """One source of the scale: fills `factors` from the predictions that it is shown in their order."""

    factors: Factors

    @abstractmethod
    def observe(self, frame: Frame, prediction: Prediction) -> None:
        """Look at the prediction of the next frame of a video."""

    def end(self) -> None:  # noqa: B027 - few sources remember anything
        """Forget the frames before: another video begins."""


def known_camera(prediction: Prediction, *, purpose: str) -> CameraNumbers:
    """Return fx, fy, cx, cy of the frame. Raises UsageError if they are unknown; `purpose` begins its sentence."""
    if prediction.intrinsics is None:
        raise UsageError(f"{purpose} needs the camera, and '{prediction.name}' has no intrinsics; give `intrinsics`.")
    return prediction.intrinsics

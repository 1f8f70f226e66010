"""Motion fields: Li et al., Unsupervised Monocular Depth Learning in Dynamic Scenes, CoRL 2020."""

from dataclasses import dataclass
from typing import Literal

from vection.methods.method import Method
from vection.samples import Clip


@dataclass(frozen=True)
class MotionFieldSettings:
    """The method's parts; the defaults are the paper's."""

    name: Literal["motion_field"] = "motion_field"
    pretrained: bool = True
    """Start the encoders from ImageNet weights."""


class MotionField(Method[Clip]):
    """Being written."""

    def __init__(self, settings: MotionFieldSettings) -> None:
        super().__init__()
        self.settings = settings

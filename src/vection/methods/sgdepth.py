"""SGDepth: Klingner et al., Self-Supervised Monocular Depth Estimation with Semantic Guidance, ECCV 2020."""

from dataclasses import dataclass
from typing import Literal

from vection.methods.method import Method
from vection.samples import Clip


@dataclass(frozen=True)
class SgDepthSettings:
    """The method's parts; the defaults are the paper's."""

    name: Literal["sgdepth"] = "sgdepth"
    pretrained: bool = True
    """Start the encoders from ImageNet weights."""


class SgDepth(Method[Clip]):
    """Being written."""

    def __init__(self, settings: SgDepthSettings) -> None:
        super().__init__()
        self.settings = settings

"""SC-SfMLearner: Bian et al., Unsupervised Scale-consistent Depth and Ego-motion Learning, NeurIPS 2019."""

from dataclasses import dataclass
from typing import Literal

from vection.methods.method import Method
from vection.samples import Clip


@dataclass(frozen=True)
class ScSfmLearnerSettings:
    """The method's parts; the defaults are the paper's."""

    name: Literal["sc_sfmlearner"] = "sc_sfmlearner"
    pretrained: bool = True
    """Start the encoders from ImageNet weights."""


class ScSfmLearner(Method[Clip]):
    """Being written."""

    def __init__(self, settings: ScSfmLearnerSettings) -> None:
        super().__init__()
        self.settings = settings

"""Dynamo-Depth: Sun and Hariharan, Fixing Unsupervised Depth Estimation for Dynamical Scenes, NeurIPS 2023."""

from dataclasses import dataclass
from typing import Literal

from vection.methods.method import Method
from vection.samples import Clip


@dataclass(frozen=True)
class DynamoDepthSettings:
    """The method's parts; the defaults are the paper's."""

    name: Literal["dynamo_depth"] = "dynamo_depth"
    pretrained: bool = True
    """Start the encoders from ImageNet weights."""


class DynamoDepth(Method[Clip]):
    """Being written."""

    def __init__(self, settings: DynamoDepthSettings) -> None:
        super().__init__()
        self.settings = settings

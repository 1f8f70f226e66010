"""Names of the layouts of published weights; light, because help must not wait for torch."""

from typing import Literal

LayoutName = Literal[
    "monodepth2", "lite-mono", "sc-sfmlearner", "sc-depth-pl", "sgdepth", "dynamo-depth", "motion-field"
]

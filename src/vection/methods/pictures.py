"""The pictures of the papers, by name: what each shows and how it is drawn."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Drawing = Literal["image", "depth", "error", "mask", "source", "classes", "flow", "vectors"]
"""How numbers become colours; `inference.pictures` draws them.

image: RGB in [0, 1]. depth: positive, as inverse depth. error: from 0, NaN where unknown. mask: 0 black to 1 white.
source: 0 none, 1 earlier, 2 later, 3 the other camera. classes: Cityscapes train ids. flow: x and y in pixels.
vectors: x, y, z in the unit of the depth.
"""


@dataclass(frozen=True)
class PictureKind:
    """One of the pictures."""

    drawing: Drawing
    meaning: str
    """What it shows, in words that stand below it."""
    limit: float | None = None
    """The error drawn in the last colour; None: as the errors at hand need."""


PICTURES: Mapping[str, PictureKind] = {
    "target": PictureKind("image", "the frame as the network sees it"),
    "synthesised-target": PictureKind("image", "the frame predicted from the next one (stereo: from the other camera)"),
    "depth": PictureKind("depth", "predicted depth; near is bright"),
    "measured-depth": PictureKind("depth", "depth measured in the clip, in the predicted scale; grey is unknown"),
    "measured-error": PictureKind("error", "predicted against measured depth, relative; grey is unknown", limit=0.5),
    "photometric-error": PictureKind("error", "what the loss says of each pixel"),
    "source": PictureKind(
        "source", "who won the minimum: orange the frame before, blue the next, green the other camera, black none"
    ),
    "auto-mask": PictureKind("mask", "black pixels take no part: they fit best unwarped"),
    "predictive-mask": PictureKind("mask", "dark pixels count little, as the network wants"),
    "self-discovered-mask": PictureKind("mask", "dark where the depths of two frames disagree, or none is compared"),
    "visible": PictureKind("mask", "white where the next frame sees the same point"),
    "classes": PictureKind("classes", "predicted classes in Cityscapes' colours"),
    "dynamic-class-mask": PictureKind("mask", "black where target or warped source show what can move"),
    "motion-mask": PictureKind("mask", "white moves by itself"),
    "rigid-flow": PictureKind("flow", "optical flow of the camera's motion alone"),
    "complete-flow": PictureKind("flow", "optical flow of camera and objects, before any mask"),
    "independent-flow": PictureKind("flow", "the part of the optical flow that objects add"),
    "translation-map": PictureKind("vectors", "translation of each pixel, camera and objects"),
    "object-translation-map": PictureKind("vectors", "translation of each pixel that objects add"),
}
"""Every picture by its name. Flow and translation are those to the next frame (stereo alone: to the other camera)."""

MEASURED = ("measured-depth", "measured-error")
"""Pictures of any method, of clips with measured geometry."""

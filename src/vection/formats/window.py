"""The part of a source's images that is seen: the window that was cut from them, and the lens that was undone.

Clips, checkpoints and predictions hold it in the same form.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from jaxtyping import Shaped
from pydantic import FiniteFloat, NonNegativeInt, PositiveInt

from vection.arrays import AnyArray, CameraNumbers

SAME_SHAPE = 0.01
"""Largest relative difference between the shapes of images that count as one."""
Crop = Literal["keep-aspect", "stretch"]
"""Whether images are cut to the shape of the stored ones, or squeezed into it."""
Box = tuple[int, int, int, int]
"""left, top, width, height in pixels of the source."""
Bounds = tuple[int, int, int, int]
"""top, bottom, left, right: rows and columns from the first to the one behind the last."""


@dataclass(frozen=True)
class Lens:
    """A camera with distortion, in pixels of the source's images: OpenCV's five numbers, or k1 to k4 of its fisheye."""

    fx: FiniteFloat
    fy: FiniteFloat
    cx: FiniteFloat
    cy: FiniteFloat
    k1: FiniteFloat
    k2: FiniteFloat
    p1: FiniteFloat
    p2: FiniteFloat
    k3: FiniteFloat
    k4: FiniteFloat = 0.0
    fisheye: bool = False
    field_of_view: FiniteFloat | None = None
    """Horizontal degrees of the images without distortion; None: the largest view that is seen everywhere."""


@dataclass(frozen=True)
class Window:
    """A part of images that stand upright and have square pixels, after the distortion of the lens was undone.

    >>> window = Window(1280, 720, left=0, top=194, width=1280, height=394)
    >>> window.words
    'rows 194 to 587 of 1280x720, 55 % of the image'
    >>> window.bounds((360, 640))  # of a map of the whole image at half its size
    (97, 294, 0, 640)
    """

    source_width: PositiveInt
    source_height: PositiveInt
    left: NonNegativeInt
    top: NonNegativeInt
    width: PositiveInt
    height: PositiveInt
    lens: Lens | None = None
    """What was undone, in pixels of the source; the undistorted image has the source's size."""

    def __post_init__(self) -> None:
        """Raise ValueError, which readers of files report, if the window does not lie in the image."""
        if self.left + self.width > self.source_width or self.top + self.height > self.source_height:
            raise ValueError("the window does not lie in the image")

    @staticmethod
    def of(size: tuple[int, ...], box: Box | None = None, lens: Lens | None = None) -> "Window":
        """Return the window `box` of images of `size`, height and width; the whole image without a box."""
        return Window(size[1], size[0], *(box or (0, 0, size[1], size[0])), lens=lens)

    @property
    def box(self) -> Box:
        """Return left, top, width, height."""
        return self.left, self.top, self.width, self.height

    @property
    def share(self) -> float:
        """Return the part of the image's area that is seen."""
        return self.width * self.height / (self.source_width * self.source_height)

    @property
    def is_whole(self) -> bool:
        """Return whether images are seen as they are."""
        return self.share == 1 and self.lens is None

    @property
    def words(self) -> str:
        """What is seen, in words; empty if it is everything."""
        ranges = [
            f"{name} {start} to {start + length - 1}"
            for name, start, length, whole in (
                ("columns", self.left, self.width, self.source_width),
                ("rows", self.top, self.height, self.source_height),
            )
            if length < whole
        ]
        size = f"{self.source_width}x{self.source_height}"
        part = f"{' and '.join(ranges)} of {size}, {100 * self.share:.0f} % of the image" if ranges else ""
        return ", ".join(words for words in (part, "undistorted" if self.lens else "") if words)

    def fits(self, size: tuple[int, ...]) -> bool:
        """Return whether images of `size` (height, width) have the shape of the source's, within 1 %."""
        return abs(size[1] * self.source_height / (size[0] * self.source_width) - 1) <= SAME_SHAPE

    def bounds(self, size: tuple[int, ...]) -> Bounds:
        """Return top, bottom, left, right of the window in a map of the whole image that has `size`."""
        down, across = size[0] / self.source_height, size[1] / self.source_width
        top, left = round(self.top * down), round(self.left * across)
        bottom, right = round((self.top + self.height) * down), round((self.left + self.width) * across)
        return min(top, size[0] - 1), max(bottom, top + 1), min(left, size[1] - 1), max(right, left + 1)

    def resized(self, size: tuple[int, ...]) -> "Window":
        """Return the same part of images of another `size`."""
        if tuple(size) == (self.source_height, self.source_width):
            return self
        top, bottom, left, right = self.bounds(size)
        down, across = size[0] / self.source_height, size[1] / self.source_width
        lens = self.lens
        if lens is not None:
            cx, cy = (lens.cx + 0.5) * across - 0.5, (lens.cy + 0.5) * down - 0.5
            lens = replace(lens, fx=lens.fx * across, fy=lens.fy * down, cx=cx, cy=cy)
        return Window.of(size, (left, top, right - left, bottom - top), lens)

    def camera(self, numbers: CameraNumbers) -> CameraNumbers:
        """Return fx, fy, cx, cy in the window, of those of the (undistorted) image."""
        fx, fy, cx, cy = numbers
        return fx, fy, cx - self.left, cy - self.top

    def placed(
        self, values: Shaped[np.ndarray, "height width *channel"], size: tuple[int, ...], *, fill: float
    ) -> AnyArray:
        """Return a map of the whole image, of `size`, around `values`, a map of the window that fits into it."""
        top, bottom, left, right = self.bounds(size)
        whole = np.full((*size, *values.shape[2:]), fill, values.dtype)
        whole[top:bottom, left:right] = values
        return whole


@dataclass(frozen=True)
class TrainingWindow:
    """What some clips of a training showed of their sources."""

    clips: tuple[str, ...]
    """Their names; none of clips that show everything, or nobody knows what."""
    window: Window | None = None
    """None: not known, as of rendered clips, which have no source."""
    crop: Crop | None = None
    """How images of other shapes would have become such clips; None: not known."""


def seen_words(windows: Iterable[Window | None]) -> str:
    """Say which part of frames is seen; empty if all of all is.

    >>> seen_words([None, None])
    ''
    """
    different = dict.fromkeys(windows)
    words = [window.words for window in different if window is not None and window.words]
    if not words:
        return ""
    return words[0] if len(different) == 1 else f"{words[0]} (other parts of images of other sizes)"

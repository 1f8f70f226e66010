"""Which part of videos and photos networks see: that which the clips of their training showed of their sources."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from vection.data.clips.intrinsics import CameraIntrinsics
from vection.data.clips.undistortion import undistortion
from vection.data.clips.window import cut_to_aspect, lens_of
from vection.errors import UsageError
from vection.formats.window import Box, TrainingWindow, Window
from vection.names import did_you_mean

TRAINING, WHOLE, CUT = "training", "whole", "cut"
LEAST_CUT = 0.05
"""Part of an image that is never cut off: squeezed by so little, images look as in training."""
SAME_WINDOW = 0.02
"""Largest difference between two windows, of the image's sides, at which they count as one."""
LEAST_SQUEEZE = 1.1
"""Change of a frame's shape, as a factor, from which it is said."""


@dataclass(frozen=True)
class WindowRule:
    """Chooses the window of images that networks see at `height` x `width`; clips are seen as they are.

    `choice` is "training" (what the clips of the training showed of images of this shape; of images of other shapes the
    largest window of the network's, if the clips were cut to it; else everything), "whole" (everything, squeezed),
    "cut" (the largest window of the network's shape), or the name of a clip of the training: the window of its source,
    and its lens undone.

    >>> rule = WindowRule(64, 192, (TrainingWindow((), Window(320, 180, 0, 36, 320, 107), "keep-aspect"),))
    >>> rule.window((360, 640)).words, rule.window((480, 640)).words
    ('rows 72 to 285 of 640x360, 59 % of the image', 'rows 134 to 346 of 640x480, 44 % of the image')
    """

    height: int
    width: int
    trained: tuple[TrainingWindow, ...] = ()
    choice: str = TRAINING

    def choose(self, choice: str) -> "WindowRule":
        """Return the rule of another choice; UsageError if there is none of that name."""
        names = [TRAINING, WHOLE, CUT, *(name for trained in self.trained for name in trained.clips)]
        if choice not in names:
            hint = did_you_mean(choice, names) or "choose training, whole, cut, or a clip that this run learned from."
            raise UsageError(f"There is no window '{choice}'; {hint}")
        return replace(self, choice=choice)

    def window(self, size: tuple[int, ...], camera: CameraIntrinsics | None = None) -> Window | None:
        """Return the window of images of `size` (height, width), None if they are seen as they are.

        The distortion of `camera`, that of the images, is undone, and images are cut about its centre. UsageError if
        the window is that of a clip whose source had another shape.
        """
        if self.choice == WHOLE:
            return None
        if self.is_of_clip:
            window = self._window_of_clip(size)
        else:
            lens = None if camera is None else lens_of(camera, field_of_view=self._field_of_view)
            window = Window.of(size, self._box(size, camera), lens)
        return None if window.is_whole else window

    @property
    def is_of_clip(self) -> bool:
        """Whether the choice is a clip of the training."""
        return self.choice not in (TRAINING, WHOLE, CUT)

    @property
    def words(self) -> str:
        """How images were prepared in training, a sentence for programs that prepare them themselves, else nothing."""
        if not self._cuts:
            return ""
        return (
            f" The network learned from images that were cut to {self.width}:{self.height} and not squeezed: of images "
            "of another shape give it the largest part of that shape, from the middle; depth is of that part."
        )

    def warning(self, sizes: Iterable[tuple[int, int]], windows: Iterable[Window | None]) -> str:
        """Return a sentence if frames of these sizes (height, width) and windows are not seen as in training."""
        for rows, columns in sorted(sizes):
            squeeze = (columns * self.height) / (rows * self.width)
            if not 1 / LEAST_SQUEEZE < squeeze < LEAST_SQUEEZE:
                fitting = max(64, round(self.width * rows / columns / 32) * 32)
                return (
                    f"Frames of {columns}x{rows} were squeezed to the {self.width}x{self.height} that the networks "
                    f"see, by {max(squeeze, 1 / squeeze):.2f}. If they learned from clips that were cut to that shape, "
                    "as `vection ingest` does, show them the same part (`window=cut`), or keep the shape of the frames "
                    f"with `height={fitting}`."
                )
        distorted = any(window is None or window.lens is None for window in windows)
        undone = [one for one in self.trained if one.window is not None and one.window.lens is not None]
        if self.choice == TRAINING and distorted and self.trained and len(undone) == len(self.trained):
            return (
                "The clips of the training were freed of the distortion of their lens, and these frames were not: give"
                " the `intrinsics` of their camera with its distortion."
            )
        return ""

    @property
    def _field_of_view(self) -> float | None:
        """What the clips of the training were rectified to, if all of those with distortion were alike."""
        lenses = [trained.window.lens for trained in self.trained if trained.window is not None]
        views = {lens.field_of_view for lens in lenses if lens is not None}
        return views.pop() if len(views) == 1 else None

    @property
    def _aspect(self) -> float:
        return self.width / self.height

    def _window_of_clip(self, size: tuple[int, ...]) -> Window:
        window = next(trained.window for trained in self.trained if self.choice in trained.clips)
        if window is None:
            raise UsageError(f"What the clip '{self.choice}' showed of its source is not known; ingest it again.")
        if not window.fits(size):
            raise UsageError(
                f"The source of the clip '{self.choice}' has images of {window.source_width}x{window.source_height}, "
                f"these are {size[1]}x{size[0]}, another shape; choose another window."
            )
        return window.resized(size)

    def _box(self, size: tuple[int, ...], camera: CameraIntrinsics | None) -> Box:
        height, width = size
        whole = (0, 0, width, height)
        box = self._trained_box(size) if self.choice == TRAINING else None
        if box is None and (self.choice == CUT or self._cuts):
            if camera is not None and not camera.is_pinhole:
                camera, _ = undistortion(camera, field_of_view=self._field_of_view)
            centre = ((width - 1) / 2, (height - 1) / 2) if camera is None else (camera.cx, camera.cy)
            box = cut_to_aspect(whole, aspect=self._aspect, centre=centre)
        return whole if box is None or box[2] * box[3] >= (1 - LEAST_CUT) * width * height else box

    def _trained_box(self, size: tuple[int, ...]) -> Box | None:
        """Return what clips whose sources had this shape showed of them; None if there are none, or they disagree."""
        boxes = [
            trained.window.resized(size).box
            for trained in self.trained
            if trained.window is not None and trained.window.fits(size) and self._keeps_shape(trained)
        ]
        sides = np.array([size[1], size[0], size[1], size[0]])
        return boxes[0] if boxes and np.all(np.ptp(np.array(boxes), axis=0) <= SAME_WINDOW * sides) else None

    def _keeps_shape(self, trained: TrainingWindow) -> bool:
        """Return whether the network still sees the window as in training, if it was of the network's shape then."""
        return trained.crop != "keep-aspect" or self._has_shape(trained.window)

    @property
    def _cuts(self) -> bool:
        """Whether images of other shapes would have been cut: some clips were, and none was squeezed by much."""
        others = [trained.window for trained in self.trained if trained.crop != "keep-aspect"]
        return len(others) < len(self.trained) and all(map(self._has_shape, others))

    def _has_shape(self, window: Window | None) -> bool:
        return window is not None and 1 / LEAST_SQUEEZE < window.width / window.height / self._aspect < LEAST_SQUEEZE

"""Images of the source at a good resolution, kept until the clip's geometry is measured in them."""

import shutil
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from vection.arrays import RgbImage
from vection.data.clips.folder import ClipInfo
from vection.data.clips.framing import Framing
from vection.data.clips.image_file import write_map
from vection.data.measure.clip import stored_frames
from vection.data.measure.sequence import measure_sequence
from vection.data.measure.views import WIDEST, ReadView, View, read_view
from vection.formats.measured_geometry import MeasuredClip
from vection.progress import Report

FOLDER = ".measuring"


class MeasuringImages:
    """Grey images of the frames that are stored, in a folder of the clip that `measure` removes."""

    def __init__(self, clip_folder: Path) -> None:
        self.folder = clip_folder / FOLDER
        self._views: list[ReadView] = []
        self.folder.mkdir(parents=True, exist_ok=True)

    def add(self, framing: Framing, image: RgbImage) -> None:
        """Keep what `framing` shows of a source image, at the source's resolution but no wider than 832 pixels."""
        view = wide_view(framing, image)
        file = self.folder / f"{len(self._views):06d}.png"
        write_map(file, view.image)
        self._views.append(partial(read_view, file, view.camera))

    @property
    def views(self) -> Sequence[ReadView]:
        """Return the readers of all images, in the order of the frames."""
        return self._views

    def measure(self, clip: ClipInfo, *, source: str, workers: int, progress: Report | None) -> MeasuredClip:
        """Measure the geometry of the clip whose frames these are, and remove the images."""
        measured = measure_sequence(
            clip.folder, self.views, stored_frames(clip), source=source, workers=workers, progress=progress
        )
        shutil.rmtree(self.folder, ignore_errors=True)
        return measured


def wide_view(framing: Framing, image: RgbImage) -> View:
    """Return in grey what `framing` shows of a source image, at the source's resolution but no wider than 832."""
    _, _, box_width, box_height = framing.box
    width = min(box_width, WIDEST)
    wide = replace(framing, camera=framing.camera.resized(width=width, height=round(box_height * width / box_width)))
    grey = np.asarray(cv2.cvtColor(wide.apply(image), cv2.COLOR_RGB2GRAY), np.uint8)
    return View(grey, wide.camera.numbers)

"""Writes the frames and the mask of one ingested clip, as `IngestSettings` say."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vection.arrays import GreyImage, PixelMask, RgbImage
from vection.data.calibration.metadata import stated_focal_length
from vection.data.clips.folder import FrameInfo, read_rgb, write_rgb
from vection.data.clips.framing import Framing, plan_framing
from vection.data.clips.given_intrinsics import resolve_intrinsics
from vection.data.clips.image_file import read_grey
from vection.data.clips.intrinsics import CameraIntrinsics
from vection.data.ingest.continuity import Continuity
from vection.data.ingest.files import IMAGE_SUFFIXES, image_files
from vection.data.ingest.measuring import MeasuringImages
from vection.data.ingest.parallax import STATIC_DISPLACEMENT, median_displacement, small_grey
from vection.data.ingest.static_mask import SMALLEST_USABLE, find_usable
from vection.errors import DataError, UsageError
from vection.formats.window import Crop

FEWEST_FRAMES = 3
MASK_SAMPLES = 40
"""Frames, spread over the clip, that an automatic mask is found in."""


@dataclass(frozen=True)
class IngestSettings:
    """How a source becomes a clip."""

    width: int = 416
    height: int = 128
    intrinsics: CameraIntrinsics | Path | str | None = None
    """A JSON file, a calibration of OpenCV, ROS, Kalibr, COLMAP or KITTI (FILE#CAMERA of several), "fx,fy,cx,cy" in
    pixels or normalised, or "fov:DEGREES"; None: intrinsics.json beside the frames, else the focal length that photos
    or video state, else 60 degrees are assumed."""
    stride: int | None = None
    """Take every n-th frame; None: chosen so that the picture moves by about 1 % of its width, more where it turns."""
    rectified_field_of_view: float | None = None
    """Horizontal degrees of the pinhole images that distorted ones become; what they leave unseen is masked. None: as
    much as is seen everywhere."""
    crop: Crop = "keep-aspect"
    crop_top: float = 0.0
    """Fraction of the rows to cut at the top before anything else."""
    crop_bottom: float = 0.0
    """Fraction of the rows to cut at the bottom before anything else, for instance the bonnet."""
    mask: Path | str | None = "auto"
    """An image of the source's size, white where usable; "auto": black corners, overlays and bonnet are found; None."""
    max_frames: int | None = None
    drop_static: bool = True
    """Leave out frames in which the camera has not moved since the last one kept."""
    frames_per_second: float | None = None
    """Of a folder of images, or a video that states none; None: "fps" in the JSON file of `intrinsics`, else in
    intrinsics.json, else 10; of videos 25."""
    doctor: bool = True
    """Examine the source first (`data.ingest.doctor`), refuse what cannot teach, split at cuts and gaps."""
    measure: bool = False
    """Measure motion and depth in the source (`data.measure`) and store them with the clip."""


class ClipWriter:
    """Writes the frames of one clip; plans the framing when it sees the first."""

    def __init__(self, folder: Path, *, path: Path, settings: IngestSettings) -> None:
        self.folder, self.path, self.settings = folder, path, settings
        self.frames: list[FrameInfo] = []
        self.static = 0
        self.breaks: list[int] = []
        """Frames that do not continue the one before: the scene was cut, or time jumped."""
        self.displacements: list[float] = []
        self.usable_fraction = 1.0
        self.source_size = (0, 0)
        self._last: GreyImage | None = None
        self._continuity = Continuity()
        self._framing: Framing | None = None
        (folder / "frames").mkdir(parents=True, exist_ok=True)
        self.measuring = MeasuringImages(folder) if settings.measure else None

    @property
    def framing(self) -> Framing:
        """The way of every frame; known after the first."""
        assert self._framing is not None
        return self._framing

    @property
    def full(self) -> bool:
        """Whether `max_frames` are written."""
        return self.settings.max_frames is not None and len(self.frames) >= self.settings.max_frames

    def add(self, seconds: float, image: RgbImage) -> None:
        """Write a source image, unless the camera has not moved since the last one written."""
        if self._framing is None:
            self._framing = self._plan(image)
        if (image.shape[1], image.shape[0]) != self.source_size:
            raise DataError(f"The frames of {self.path} change their size; cut it into one video for each size.")
        grey = small_grey(image)
        if self._begins_anew(seconds, grey):
            self.breaks.append(len(self.frames))
        elif self._last is not None:
            moved = median_displacement(self._last, grey)
            if self.settings.drop_static and moved < STATIC_DISPLACEMENT:
                self.static += 1
                return
            self.displacements.append(moved)
        self._last = grey
        file = f"frames/{len(self.frames):06d}.jpg"
        write_rgb(self.folder / file, self.framing.apply(image))
        if self.measuring is not None:
            self.measuring.add(self.framing, image)
        self.frames.append(FrameInfo(file=file, seconds=round(seconds, 6), intrinsics=self.framing.camera.numbers))

    def _begins_anew(self, seconds: float, grey: GreyImage) -> bool:
        if not self.settings.doctor:
            return False
        return self._continuity.begins_anew(seconds, grey, since=self._last)

    def check(self) -> None:
        """Raise DataError if too few frames were written."""
        if len(self.frames) < FEWEST_FRAMES:
            dropped = f", after {self.static} without camera motion were left out" if self.static else ""
            raise DataError(
                f"{self.path} has {len(self.frames)} usable frames{dropped}; training needs at least {FEWEST_FRAMES}."
            )

    def write_mask(self) -> str | None:
        """Write mask.png from the given or the found mask; return its name, or None if all is usable."""
        usable = self._given_mask() if self.settings.mask not in (None, "auto") else None
        if self.settings.mask == "auto":
            samples = np.unique(np.linspace(0, len(self.frames) - 1, MASK_SAMPLES).round().astype(int))
            usable = find_usable([read_rgb(self.folder / self.frames[index].file) for index in samples])
            if usable is not None and usable.mean() < SMALLEST_USABLE:
                usable = None
        if (seen := self.framing.seen) is not None:
            usable = seen if usable is None else usable & seen
        if usable is None:
            return None
        self.usable_fraction = float(usable.mean())
        write_rgb(self.folder / "mask.png", np.repeat(usable[..., None], 3, axis=2).astype(np.uint8) * 255)
        return "mask.png"

    def _plan(self, image: RgbImage) -> Framing:
        height, width = image.shape[:2]
        self.source_size = (width, height)
        given = self.settings.intrinsics or stated_intrinsics(self.path)
        camera = resolve_intrinsics(given, width=width, height=height)
        return plan_framing(
            camera,
            width=self.settings.width,
            height=self.settings.height,
            crop=self.settings.crop,
            crop_top=self.settings.crop_top,
            crop_bottom=self.settings.crop_bottom,
            rectified_field_of_view=self.settings.rectified_field_of_view,
        )

    def _given_mask(self) -> PixelMask:
        path = Path(str(self.settings.mask))
        if not path.is_file():
            raise UsageError(f"The mask {path} does not exist; give an image, 'auto' or nothing.")
        grey = read_grey(path)
        if (grey.shape[1], grey.shape[0]) != self.source_size:
            expected = "x".join(map(str, self.source_size))
            raise DataError(f"The mask {path} is no image of {expected}, the size of the frames of {self.path}.")
        white = np.where(grey >= 128, 255, 0).astype(np.uint8)
        usable = self.framing.apply(white) >= 254
        if not usable.any():
            raise DataError(f"The mask {path} is black wherever the clip looks; white is what is usable.")
        return usable


def stated_intrinsics(path: Path) -> Path | str | None:
    """Return the intrinsics.json in the folder of the images or its parent, or beside the video, else what they say.

    Photos and videos may say their focal length ("35mm:MILLIMETRES"); of a folder the first image is asked.
    """
    for folder in (path, path.parent) if path.is_dir() else (path.parent,):
        if (file := folder / "intrinsics.json").is_file():
            return file
    first = next(iter(image_files(path)), path) if path.is_dir() else path
    focal = stated_focal_length(first, image=first.suffix.lower() in IMAGE_SUFFIXES)
    return None if focal is None else f"35mm:{focal:g}"

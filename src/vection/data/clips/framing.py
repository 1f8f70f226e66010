"""From a source image to a stored one: undistort, crop, resize once; the camera follows exactly."""

from dataclasses import dataclass

import cv2
import numpy as np

from vection.arrays import AnyImage, PixelMask, Remap
from vection.data.clips.intrinsics import CameraIntrinsics
from vection.data.clips.resizing import resize_image, resize_nearest
from vection.data.clips.undistortion import undistortion
from vection.data.clips.window import cut_to_aspect, lens_of
from vection.errors import UsageError
from vection.formats.window import Box, Crop, Window

WHOLLY_SEEN = 254
"""Of 255: a stored pixel counts only if all that it is made of was seen."""

ROUNDING = 0.1
"""Pixels by which a border may miss the image."""


@dataclass(frozen=True)
class Framing:
    """The way every frame of a clip goes; `camera` is that of the stored images."""

    camera: CameraIntrinsics
    box: Box
    maps: Remap | None
    source: CameraIntrinsics
    """Of the source's images as they are."""
    rectified_field_of_view: float | None = None
    """Degrees, where the view without distortion was chosen."""

    @property
    def window(self) -> Window:
        """Return what the stored images show of the source's."""
        lens = lens_of(self.source, field_of_view=self.rectified_field_of_view)
        return Window.of((self.source.height, self.source.width), self.box, lens)

    def apply(self, image: AnyImage) -> AnyImage:
        """Return the stored image of a source image, height x width x channels or height x width."""
        if self.maps is not None:
            image = np.asarray(cv2.remap(image, *self.maps, cv2.INTER_LINEAR), dtype=np.uint8)
        left, top, width, height = self.box
        part = image[top : top + height, left : left + width]
        return resize_image(part, (self.camera.height, self.camera.width))

    @property
    def seen(self) -> PixelMask | None:
        """Return where stored images show what the source has; None: everywhere."""
        if self.maps is None:
            return None
        columns, rows = self.maps
        height, width = columns.shape
        off = np.maximum(
            abs(columns - (width - 1) / 2) - (width - 1) / 2, abs(rows - (height - 1) / 2) - (height - 1) / 2
        )
        left, top, width, height = self.box
        part = (off <= ROUNDING)[top : top + height, left : left + width].astype(np.uint8) * 255
        seen = resize_image(part, (self.camera.height, self.camera.width)) >= WHOLLY_SEEN
        return None if seen.all() else seen

    def apply_to_ids(self, ids: AnyImage) -> AnyImage:
        """Return the stored map of a map of ids, the nearest pixel's, of an image without distortion."""
        left, top, width, height = self.box
        part = ids[top : top + height, left : left + width]
        return resize_nearest(part, (self.camera.height, self.camera.width))


def plan_framing(
    camera: CameraIntrinsics,
    *,
    width: int,
    height: int,
    crop: Crop = "keep-aspect",
    crop_top: float = 0.0,
    crop_bottom: float = 0.0,
    rectified_field_of_view: float | None = None,
) -> Framing:
    """Plan how images of `camera` become `width` x `height`.

    First distortion goes, leaving a pinhole camera of valid pixels only or of `rectified_field_of_view` degrees, then
    the fractions `crop_top` and `crop_bottom` of the rows; then "keep-aspect" cuts rows or columns evenly about the
    principal point, as far as the image reaches, and "stretch" cuts nothing more.
    """
    if not (0 <= crop_top < 1 and 0 <= crop_bottom < 1 and crop_top + crop_bottom < 0.9):
        raise UsageError(f"Cropping {crop_top:g} at the top and {crop_bottom:g} at the bottom leaves too few rows.")
    maps, source = None, camera
    if not camera.is_pinhole:
        camera, maps = undistortion(camera, field_of_view=rectified_field_of_view)
    top, bottom = round(camera.height * crop_top), round(camera.height * (1 - crop_bottom))
    box = (0, top, camera.width, bottom - top)
    if crop == "keep-aspect":
        box = cut_to_aspect(box, aspect=width / height, centre=(camera.cx, camera.cy))
    part = camera.cropped(left=box[0], top=box[1], width=box[2], height=box[3])
    return Framing(
        camera=part.resized(width=width, height=height),
        box=box,
        maps=maps,
        source=source,
        rectified_field_of_view=rectified_field_of_view,
    )

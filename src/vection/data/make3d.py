"""Make3D's 134 test images for `vection prepare`: `Test134/img-NAME.jpg`, `Gridlaserdata/depth_sph_corr-NAME.mat`.

Images are 1704 x 2272 (width x height), depth is a grid of 305 x 55. As in Monodepth2's evaluation the middle of the
image is kept at a ratio of 2:1 (rows 710 to 1562), and the same part of the grid (rows 17 to 38 of 55).
"""

from functools import partial
from pathlib import Path

import numpy as np

from vection.data.clip_folder import FrameTruth
from vection.data.image_file import read_whole_rgb
from vection.data.intrinsics import assumed_intrinsics, resolve_intrinsics
from vection.data.matlab_file import read_matlab_array
from vection.data.sequences import DataSequence, Listing, PrepareSettings, SequenceFrame, SourceFrame
from vection.errors import DataError, UsageError

RATIO = 2.0
GRID = (55, 305)
GRID_ROWS = slice(17, 38)
DEPTH_CHANNEL = 3
"""Of Position3DGrid: height, side, forward, distance along the ray."""
IMAGES = ("Test134", "Test", ".")
DEPTHS = ("Gridlaserdata", "Test134Depth/Gridlaserdata", "Test134Depth", ".")


def list_sequences(source: Path, settings: PrepareSettings) -> Listing:
    """Find the test images; the sequence has the name `test`, and its images do not follow each other."""
    if settings.split not in (None, "test") or settings.variant is not None or settings.stereo or settings.cameras:
        raise UsageError("make3d has only its test images, without variants, cameras or a second view.")
    images = next((found for name in IMAGES if (found := sorted((source / name).glob("img-*.jpg")))), [])
    frames = tuple(
        SequenceFrame(
            image.stem.removeprefix("img-"),
            float(index),
            partial(read_frame, image, source, settings.intrinsics),
            follows=False,
        )
        for index, image in enumerate(images)
    )
    return Listing((DataSequence("test", frames),) if frames else ())


def read_frame(image: Path, source: Path, intrinsics: str | None) -> SourceFrame:
    """Read the middle of an image and of its depth."""
    pixels = read_whole_rgb(image)
    height, width = pixels.shape[:2]
    kept = min(height, round(width / RATIO))
    top = (height - kept) // 2
    camera = resolve_intrinsics(intrinsics, width=width, height=height) if intrinsics else None
    camera = camera or assumed_intrinsics(width=width, height=height)
    name = f"depth_sph_corr-{image.stem.removeprefix('img-')}.mat"
    places = [source / folder / name for folder in DEPTHS]
    file = next((place for place in places if place.is_file()), None)
    if file is None:
        raise DataError(f"The depth {places[0]} is missing; unpack Test134Depth.")
    return SourceFrame(
        image=np.ascontiguousarray(pixels[top : top + kept]),
        camera=camera.cropped(left=0, top=top, width=width, height=kept),
        truth=FrameTruth(read_depth(file), None, None, None, None),
    )


def read_depth(file: Path) -> np.ndarray:
    """Return the middle rows of the laser's grid, 21 x 305, metres."""
    grid = read_matlab_array(file, "Position3DGrid")
    if grid.ndim != 3 or grid.shape[:2] != GRID or grid.shape[2] <= DEPTH_CHANNEL:
        raise DataError(f"{file} holds a grid of {'x'.join(map(str, grid.shape))}; Make3D's are 55x305x4.")
    return np.ascontiguousarray(grid[GRID_ROWS, :, DEPTH_CHANNEL], dtype=np.float32)

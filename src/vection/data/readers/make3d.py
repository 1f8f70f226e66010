"""Make3D's 134 test images for `vection prepare`: `Test134/img-NAME.jpg`, `Gridlaserdata/depth_sph_corr-NAME.mat`.

Images are 1704 x 2272 (width x height), depth is a grid of 305 x 55. As in Monodepth2's evaluation the middle of the
image is kept at a ratio of 2:1 (rows 710 to 1562), and the same part of the grid (rows 17 to 38 of 55).
"""

from functools import partial
from pathlib import Path

import numpy as np

from vection.arrays import DepthMap
from vection.data.clips.folder import FrameTruth
from vection.data.clips.given_intrinsics import resolve_intrinsics
from vection.data.clips.image_file import read_rgb
from vection.data.clips.truth_sources import TruthSource
from vection.data.readers.sequences import DataSequence, Listing, PrepareSettings, SequenceFrame, SourceFrame
from vection.errors import DataError, UsageError
from vection.extras import extra

RATIO = 2.0
"""Width / height of the part of an image that is kept."""
GRID = (55, 305)
"""Rows and columns of the laser's grid."""
GRID_ROWS = slice(17, 38)
"""Those of the kept part."""
TRUTH_SOURCE: TruthSource = "make3d-laser"
DEPTH_CHANNEL = 3
"""Of Position3DGrid: height, side, forward, distance along the ray."""
IMAGES = ("Test134", "Test", ".")
DEPTHS = ("Gridlaserdata", "Test134Depth/Gridlaserdata", "Test134Depth", ".")


def list_sequences(source: Path, settings: PrepareSettings) -> Listing:
    """Find the test images; the sequence has the name `test`, and its images do not follow each other."""
    if settings.split not in (None, "test") or settings.variant is not None or settings.stereo or settings.cameras:
        raise UsageError("make3d has only its test images, without variants, cameras or a second view.")
    if settings.truth:
        with extra("make3d", purpose="Reading Make3D's depth"):
            import scipy.io  # noqa: F401 - said before anything is read
    folders = (sorted((source / name).glob("img-*.jpg")) for name in IMAGES)
    images = next(filter(None, folders), [])
    frames = tuple(
        SequenceFrame(
            image.stem.removeprefix("img-"),
            float(index),
            partial(read_frame, image, source, settings),
            follows=False,
        )
        for index, image in enumerate(images)
    )
    return Listing((DataSequence("test", frames),) if frames else ())


def read_frame(image: Path, source: Path, settings: PrepareSettings) -> SourceFrame:
    """Read the middle of an image and, if wanted, of its depth."""
    pixels = read_rgb(image)
    height, width = pixels.shape[:2]
    kept = min(height, round(width / RATIO))
    top = (height - kept) // 2
    camera = resolve_intrinsics(settings.intrinsics, width=width, height=height)
    depth = None
    if settings.truth:
        name = f"depth_sph_corr-{image.stem.removeprefix('img-')}.mat"
        places = [source / folder / name for folder in DEPTHS]
        file = next((place for place in places if place.is_file()), None)
        if file is None:
            raise DataError(f"The depth {places[0]} is missing; unpack Test134Depth.")
        depth = FrameTruth(read_depth(file))
    return SourceFrame(
        image=np.ascontiguousarray(pixels[top : top + kept]),
        camera=camera.cropped(left=0, top=top, width=width, height=kept),
        truth=depth,
        truth_source=TRUTH_SOURCE,
    )


def read_depth(file: Path) -> DepthMap:
    """Return the middle rows of the laser's grid, 21 x 305, metres. DataError if the MATLAB file is broken."""
    from scipy.io import loadmat

    try:
        grid = loadmat(file, variable_names=["Position3DGrid"]).get("Position3DGrid")
    except Exception as error:
        # loadmat lets through whatever arises in a damaged file: OSError, TypeError, IndexError, zlib.error ...
        raise DataError(f"{file} is no whole MATLAB file ({type(error).__name__}: {error}).") from error
    if not isinstance(grid, np.ndarray) or grid.dtype.kind not in "fiu":
        raise DataError(f"{file} holds no array of numbers called 'Position3DGrid'.")
    if grid.ndim != 3 or grid.shape[:2] != GRID or grid.shape[2] <= DEPTH_CHANNEL:
        raise DataError(f"{file} holds a grid of {'x'.join(map(str, grid.shape))}; Make3D's are 55x305x4.")
    return np.ascontiguousarray(grid[GRID_ROWS, :, DEPTH_CHANNEL], dtype=np.float32)

"""KITTI's depth-prediction benchmark for `vection prepare`: its 1000 selected validation and 500 test images.

`val_selection_cropped/{image,groundtruth_depth,intrinsics}` with names `DRIVE_image_FRAME_image_0N.png`,
`DRIVE_groundtruth_depth_FRAME_image_0N.png` and `DRIVE_image_FRAME_image_0N.txt`; and
`test_depth_prediction_anonymous/{image,intrinsics}/NNNNNNNNNN.png|txt`, whose depth only the server knows. The improved
maps of whole drives (`train|val/DRIVE/proj_depth/groundtruth`) are the variant "improved" of kitti-raw.
"""

from functools import partial
from pathlib import Path

import numpy as np

from vection.arrays import DepthMap, RgbImage
from vection.data.clips.folder import FrameTruth
from vection.data.clips.image_file import read_map, read_rgb
from vection.data.clips.intrinsics import CameraIntrinsics, camera_numbers
from vection.data.readers.kitti.lidar import SOURCES
from vection.data.readers.sequences import DataSequence, Listing, PrepareSettings, SequenceFrame, SourceFrame
from vection.errors import DataError, UsageError
from vection.files import read_text

VALIDATION = "val_selection_cropped"
"""Folder of the validation images."""
TEST = "test_depth_prediction_anonymous"
"""Folder of the test images."""


def list_sequences(source: Path, settings: PrepareSettings) -> Listing:
    """Find the two sets at or one folder below `source`; `split` is val or test, both if not given.

    The images of a set do not follow each other.
    """
    if settings.variant is not None or settings.stereo or settings.cameras:
        raise UsageError("kitti-depth has single images without variants, cameras or a second view.")
    if settings.split not in (None, "val", "test"):
        raise UsageError(f"kitti-depth has the splits val and test, not '{settings.split}'.")
    sequences = []
    for part, name in (("val", VALIDATION), ("test", TEST)):
        places = (source / name, source / "depth_selection" / name, source if source.name == name else source / name)
        folder = next((place for place in places if (place / "image").is_dir()), None)
        if folder is None or settings.split not in (None, part):
            continue
        images = sorted((folder / "image").glob("[!.]*.png"))
        frames = tuple(
            SequenceFrame(image.stem, float(index), partial(read_frame, image), follows=False)
            for index, image in enumerate(images)
        )
        if frames:
            sequences.append(DataSequence(name, frames))
    return Listing(tuple(sequences))


def read_frame(image: Path) -> SourceFrame:
    """Read an image, its camera and, of the validation images, its depth."""
    pixels = read_rgb(image)
    folder = image.parent.parent
    depth_folder = folder / "groundtruth_depth"
    truth = None
    if depth_folder.is_dir():
        depth = read_depth(depth_folder / truth_name(image.name))
        if depth.shape != pixels.shape[:2]:
            raise DataError(f"{image} and its depth differ in size; unpack the data set again.")
        truth = FrameTruth(depth)
    camera = read_camera(folder / "intrinsics" / f"{image.stem}.txt", pixels)
    return SourceFrame(pixels, camera, truth=truth, truth_source=SOURCES["improved"])


def truth_name(image: str) -> str:
    """Return the name of the depth map of a selected validation image."""
    return image.replace("_image_", "_groundtruth_depth_", 1)


def read_depth(file: Path) -> DepthMap:
    """Read a 16-bit PNG of depth * 256 as metres, 0 for none."""
    stored = read_map(file)
    if stored.dtype != np.uint16:
        raise DataError(f"{file} is not a 16-bit PNG, so not a depth map of KITTI's format.")
    return (stored / 256).astype(np.float32)


def read_camera(file: Path, image: RgbImage) -> CameraIntrinsics:
    """Read the 9 numbers of K of an image."""
    text = read_text(file, remedy="unpack the data set again.", missing=DataError)
    try:
        K = np.array(text.split(), dtype=np.float64).reshape(3, 3)
    except ValueError as error:
        raise DataError(f"The camera file {file} is not 9 numbers ({error}).") from error
    return CameraIntrinsics(image.shape[1], image.shape[0], *camera_numbers(K), "KITTI depth benchmark")

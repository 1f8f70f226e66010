"""SC-SfMLearner's prepared folders for `vection prepare`.

`SCENE/*.jpg`, `SCENE/cam.txt` (3x3, pixels of these images), where known `SCENE/NAME.npy` (z-depth in metres) and
`SCENE/poses.txt`; `train.txt` and `val.txt` name scenes.
"""

from functools import partial
from pathlib import Path

import numpy as np

from vection.array_files import read_array
from vection.arrays import CameraNumbers, DepthMap, Pose
from vection.data.clips.folder import FrameTruth, natural_key
from vection.data.clips.image_file import read_rgb
from vection.data.clips.intrinsics import CameraIntrinsics, camera_numbers
from vection.data.readers.sequences import (
    DataSequence,
    Listing,
    ListingDraft,
    PrepareSettings,
    SequenceFrame,
    SourceFrame,
)
from vection.errors import DataError, UsageError
from vection.files import read_text
from vection.formats.camera_path import read_path

LISTS = ("train", "val")
SUFFIXES = (".jpg", ".jpeg", ".png")
FRAME_SECONDS = 0.1


def list_sequences(source: Path, settings: PrepareSettings) -> Listing:
    """Find the scenes that train.txt and val.txt name (sequences `train/SCENE`, `val/SCENE`), else all folders.

    Neighbours are those of the folder: where frames without motion were removed, it jumps.
    """
    if settings.variant is not None or settings.stereo or settings.cameras:
        raise UsageError("Formatted folders have one camera a scene and no variants.")
    if not settings.neighbours:
        raise UsageError("Formatted folders are whole sequences; leave `neighbours=False` out.")
    if settings.split not in (None, *LISTS):
        raise UsageError(f"Formatted folders have the splits train and val, not '{settings.split}'.")
    lists = [source / f"{part}.txt" for part in LISTS if settings.split in (None, part)]
    lists = [file for file in lists if file.is_file()]
    named = [
        (f"{file.stem}/", scene)
        for file in lists
        for scene in read_text(file, remedy="it should name a scene a line.").split()
    ]
    if not named and settings.split is not None:
        raise UsageError(f"{source / settings.split}.txt does not exist, so there is no split '{settings.split}'.")
    if not named:
        scenes = sorted((file.parent for file in source.glob("*/cam.txt")), key=lambda path: natural_key(path.name))
        named = [("", scene.name) for scene in scenes]
    draft = ListingDraft()
    for prefix, scene in named:
        with draft.skipping(prefix + scene):
            draft.sequences.append(_sequence(source / scene, name=prefix + scene))
    return draft.finish()


def read_frame(image: Path, K: CameraNumbers, pose: Pose | None) -> SourceFrame:
    """Read an image with the scene's camera, and its depth where it has one."""
    pixels = read_rgb(image)
    height, width = pixels.shape[:2]
    file = image.with_suffix(".npy")
    truth: FrameTruth | None = None
    notes: tuple[str, ...] = ()
    if file.is_file():
        try:
            truth = FrameTruth(_depth(file))
        except DataError as error:
            notes = (f"no true depth: {error}",)
    camera = CameraIntrinsics(width, height, *K, "cam.txt")
    return SourceFrame(pixels, camera, truth=truth, T_camera_to_world=pose, notes=notes)


def _sequence(folder: Path, *, name: str) -> DataSequence:
    if not folder.is_dir():
        raise DataError(f"The scene {folder} that a list names does not exist.")
    K = read_camera_numbers(folder / "cam.txt")
    files = sorted(
        (file for file in folder.iterdir() if file.suffix.lower() in SUFFIXES), key=lambda f: natural_key(f.name)
    )
    if not files:
        raise DataError(f"The scene {folder} holds no images.")
    poses = read_path(folder / "poses.txt").poses if (folder / "poses.txt").is_file() else None
    if poses is not None and len(poses) != len(files):
        poses = None  # of other frames than these
    frames = (
        SequenceFrame(
            file.stem,
            index * FRAME_SECONDS,
            partial(read_frame, file, K, None if poses is None else poses[index]),
            follows=index > 0,
        )
        for index, file in enumerate(files)
    )
    return DataSequence(name, tuple(frames))


def read_camera_numbers(file: Path) -> CameraNumbers:
    """Return fx, fy, cx, cy of a file of nine numbers, with spaces or commas between. DataError if it is none."""
    text = read_text(file, remedy="give the 9 numbers of its camera.", missing=DataError)
    try:
        K = np.array(text.replace(",", " ").split(), dtype=np.float64).reshape(3, 3)
    except ValueError as error:
        raise DataError(f"The camera file {file} is not 9 numbers ({error}).") from error
    if not np.isfinite(K).all() or not np.allclose(K[[1, 2, 2, 2], [0, 0, 1, 2]], [0, 0, 0, 1]):
        raise DataError(f"{file} is no camera matrix [[fx, 0, cx], [0, fy, cy], [0, 0, 1]].")
    return camera_numbers(K)


def _depth(file: Path) -> DepthMap:
    depth = read_array(file, what="The depth")
    if depth.ndim != 2 or depth.dtype.kind != "f":
        raise DataError(f"{file} holds {depth.dtype} of shape {depth.shape}, not one map of depth.")
    return depth.astype(np.float32)

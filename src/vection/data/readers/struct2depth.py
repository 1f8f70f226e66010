"""struct2depth's triplets for `vection prepare`: three frames side by side in one image.

`FOLDER/NAME.png`, `FOLDER/NAME_cam.txt` (9 numbers), perhaps `FOLDER/NAME-fseg.png` (instance ids of what could move,
side by side as well); `train.txt` names them in lines `FOLDER NAME`.
"""

from functools import partial
from itertools import groupby
from pathlib import Path

import numpy as np

from vection.arrays import AnyArray
from vection.data.clips.folder import natural_key
from vection.data.clips.image_file import read_map, read_rgb
from vection.data.clips.intrinsics import CameraIntrinsics
from vection.data.readers.cityscapes.labels import UNKNOWN
from vection.data.readers.sc_sfmlearner_folders import read_camera_numbers
from vection.data.readers.sequences import DataSequence, Listing, PrepareSettings, SequenceFrame, SourceFrame
from vection.data.splits.list_file import list_words
from vection.errors import DataError, UsageError

FRAMES = 3
MASK = "-fseg"
MOVABLE = 13
"""Train id (car) that stands for anything that could move: the files do not say what it is."""
FRAME_SECONDS = 0.1


def list_sequences(source: Path, settings: PrepareSettings) -> Listing:
    """Find the triplets, those of one folder in one sequence with a break after each; their middles are the targets.

    `source` is the folder, or the list file in it. With the variant "masks" the instance masks become class maps.
    """
    if settings.variant not in (None, "masks") or settings.stereo or settings.cameras:
        raise UsageError("Triplets have one camera; their only variant is 'masks'.")
    root, lists = _root_and_lists(source, settings.split)
    triplets = [pair for file in lists for pair in _read_list(file)] if lists else _find(root)
    sequences = []
    for folder, names in groupby(sorted(set(triplets), key=lambda pair: natural_key("/".join(pair))), lambda p: p[0]):
        files = [root / folder / f"{name}.png" for _, name in names]
        frames = (
            SequenceFrame(
                f"{file.stem}_{place}",
                (index * FRAMES + place) * FRAME_SECONDS,
                partial(read_frame, file, place, settings.variant == "masks"),
                follows=place > 0 and settings.neighbours,
                target=place == 1,
            )
            for index, file in enumerate(files)
            for place in (range(FRAMES) if settings.neighbours else (1,))
        )
        sequences.append(DataSequence(folder, tuple(frames)))
    return Listing(tuple(sequences), lists=tuple(lists))


def read_frame(file: Path, place: int, masks: bool) -> SourceFrame:
    """Read the frame at `place` (0, 1, 2) of a triplet."""
    image = _third(read_rgb(file), place, file)
    numbers = read_camera_numbers(file.with_name(f"{file.stem}_cam.txt"))
    classes = None
    if masks:
        mask_file = file.with_name(f"{file.stem}{MASK}.png")
        instances = _third(_first_channel(mask_file), place, mask_file)
        if instances.shape != image.shape[:2]:
            raise DataError(f"{mask_file} and its image differ in size.")
        classes = np.where(instances > 0, MOVABLE, UNKNOWN).astype(np.uint8)
    camera = CameraIntrinsics(image.shape[1], image.shape[0], *numbers, "_cam.txt of the triplet")
    return SourceFrame(image, camera, classes=classes)


def _first_channel(file: Path) -> AnyArray:
    """Instance ids; struct2depth's own tool writes them three times, as RGB."""
    try:
        return read_map(file)
    except DataError:
        return read_rgb(file)[..., 0]


def _third(image: AnyArray, place: int, file: Path) -> AnyArray:
    width = image.shape[1] // FRAMES
    if width * FRAMES != image.shape[1]:
        raise DataError(f"{file} is {image.shape[1]} pixels wide, which three frames side by side cannot be.")
    return np.ascontiguousarray(image[:, place * width : (place + 1) * width])


def _root_and_lists(source: Path, split: str | None) -> tuple[Path, list[Path]]:
    if source.is_file():
        return source.parent, [source]
    if split is not None:
        file = next((place for place in (source / f"{split}.txt", Path(split)) if place.is_file()), None)
        if file is None:
            raise UsageError(f"There is no list '{split}': neither {source / split}.txt nor a file of this name.")
        return source, [file]
    return source, [source / "train.txt"] if (source / "train.txt").is_file() else []


def _read_list(file: Path) -> list[tuple[str, str]]:
    rows = [words for _, words in list_words(file)]
    if any(len(row) != 2 for row in rows):
        raise DataError(f"{file} is no list of lines 'FOLDER NAME'.")
    return [(folder, name) for folder, name in rows]


def _find(root: Path) -> list[tuple[str, str]]:
    # KITTI's own calib_cam_to_cam.txt ends alike
    cameras = (file for file in root.glob("*/[!.]*_cam.txt") if not file.name.startswith("calib_"))
    return [(file.parent.name, file.name.removesuffix("_cam.txt")) for file in cameras]

"""Cityscapes for `vection prepare`: `leftImg8bit_sequence` or `leftImg8bit`, `camera`, `disparity`, `gtFine`.

All are `KIND/SPLIT/CITY/CITY_SEQUENCE_FRAME_KIND.png`. A snippet has 30 frames; its camera, disparity and labels belong
to the twentieth. True depth is kept of the whole image: the protocols name the window of it that a network sees.
"""

from collections import defaultdict
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from vection.arrays import AnyImage, RgbImage
from vection.data.clips.folder import FrameTruth
from vection.data.clips.image_file import read_map, read_rgb
from vection.data.clips.intrinsics import CameraIntrinsics
from vection.data.clips.resizing import resize_camera
from vection.data.readers.cityscapes.camera import (
    HEIGHT,
    TRUTH_SOURCE,
    WIDTH,
    CityscapesCamera,
    depth_from_disparity,
    read_camera,
)
from vection.data.readers.cityscapes.labels import train_ids
from vection.data.readers.sequences import (
    DataSequence,
    Listing,
    PrepareSettings,
    SequenceFrame,
    SourceFrame,
    StereoFrame,
)
from vection.data.splits.list_file import list_words
from vection.data.splits.listed_frames import list_files
from vection.data.splits.published import PARTS
from vection.errors import DataError, UsageError, VectionError

FRAMES_BEFORE = 19
"""Frames of a snippet before the one that is labelled."""
FRAMES_BEHIND = 10
"""Frames of a snippet behind the one that is labelled."""
FRAME_SECONDS = 1 / 17
VIDEO = "leftImg8bit_sequence"
"""Folder of the snippets."""
IMAGES = "leftImg8bit"
"""Folder of their labelled frames."""


@dataclass(frozen=True)
class Window:
    """The part of the image that is kept, in fractions: rows top to bottom, columns left to right."""

    top: float
    bottom: float
    left: float
    right: float


STRUCT2DEPTH = Window(0.25, 0.75, 0.09375, 0.90625)
"""Rows 256 to 768, columns 192 to 1856 (Casser et al. 2019; Li et al. 2020)."""
WINDOWS: dict[str | None, Window] = {
    None: STRUCT2DEPTH,
    "struct2depth-legacy": STRUCT2DEPTH,
    "upper": Window(0.0, 0.75, 0.0, 1.0),
    "whole": Window(0.0, 1.0, 0.0, 1.0),
}
"""By variant. "upper": without the bonnet, as ManyDepth and SC-SfMLearner. "struct2depth-legacy": the principal point
is scaled with the whole image instead of moved with the crop, as struct2depth's own preparation does."""


@dataclass(frozen=True)
class _Frame:
    """Where one frame's files are."""

    root: Path
    kind: str
    name: str
    """`SPLIT/CITY/CITY_SEQUENCE_FRAME`."""
    camera: Path
    settings: PrepareSettings


def list_sequences(source: Path, settings: PrepareSettings) -> Listing:
    """Find the snippets (leftImg8bit_sequence) of train, val and test, or of the part that `split` names.

    `split` may be a list with lines `CITY CITY_SEQUENCE_FRAME`: only these are targets, with their neighbours.
    """
    return _list(source, VIDEO, settings)


def list_images(source: Path, settings: PrepareSettings) -> Listing:
    """Find the labelled images (leftImg8bit); those of a city make a sequence, though they do not follow each other.

    With `settings.stereo` those of one stereo camera do: `aachen`, `aachen-2`.
    """
    return _list(source, IMAGES, settings)


def _list(source: Path, kind: str, settings: PrepareSettings) -> Listing:
    if settings.variant not in WINDOWS:
        variants = ", ".join(filter(None, WINDOWS))
        raise UsageError(f"cityscapes has no variant '{settings.variant}'; there are {variants}.")
    if settings.cameras:
        raise UsageError("Cityscapes has one left camera; `stereo=True` adds the right one.")
    part = settings.split if settings.split in PARTS else "*"
    listed, files = None, dict[str, Path]()
    if settings.split is not None and part == "*":
        files = list_files(settings.split, near=source)
        listed = frozenset[str]().union(*(_read_list(file) for file in files.values()))
    names = sorted(
        file.relative_to(source / kind).as_posix().removesuffix("_leftImg8bit.png")
        for file in (source / kind).glob(f"{part}/*/[!.]*_leftImg8bit.png")
    )
    snippets: dict[str, list[str]] = defaultdict(list)
    cameras: dict[str, list[bytes]] = defaultdict(list)
    skipped: list[tuple[str, str]] = []
    labelled = _labelled_frames(source)
    for name in names:
        middle = _snippet(name, labelled) if kind == VIDEO else name.rpartition("/")[0]
        if middle is not None and kind == IMAGES and settings.stereo:
            middle += _suffix(source / "camera" / f"{name}_camera.json", cameras[middle])
        if middle is None:
            skipped.append((name, f"no camera file of its snippet in {source / 'camera'}."))
        else:
            snippets[middle].append(name)
    absent = sorted((listed or frozenset()) - {name.rpartition("/")[2] for name in names})
    skipped += [(name, f"the list names it, but it is not in {source / kind}.") for name in absent]
    sequences = (_sequence(source, kind, middle, frames, settings, listed) for middle, frames in snippets.items())
    kept = tuple(sequence for sequence in sequences if sequence.frames)
    return Listing(kept, tuple(skipped), tuple(files.values()))


def read_frame(place: _Frame) -> SourceFrame:
    """Read the window of an image with its camera, and disparity, labels and the right image where they are."""
    settings = place.settings
    image = read_rgb(place.root / place.kind / f"{place.name}_leftImg8bit.png")
    camera = read_camera(place.camera)
    window = WINDOWS[settings.variant]
    notes: list[str] = []
    right = None
    if settings.stereo:
        twin = place.root / place.kind.replace("left", "right") / f"{place.name}_rightImg8bit.png"
        T = np.eye(4)
        T[0, 3] = -camera.baseline
        right = StereoFrame(_cut(read_rgb(twin), window), _intrinsics(camera, image, settings), T)
    labels = place.root / "gtFine" / f"{place.name}_gtFine_labelIds.png"
    classes = None
    if place.kind == IMAGES and labels.is_file():
        classes = _cut(train_ids(read_map(labels)), window)
    return SourceFrame(
        image=_cut(image, window),
        camera=_intrinsics(camera, image, settings),
        truth=_truth(place, camera, notes),
        truth_source=TRUTH_SOURCE,
        classes=classes,
        stereo=right,
        notes=tuple(notes),
    )


def _read_list(file: Path) -> frozenset[str]:
    rows = [words for _, words in list_words(file)]
    if not rows or any(len(row) != 2 or not row[1].startswith(row[0]) for row in rows):
        raise DataError(f"{file} is no list of lines 'CITY CITY_SEQUENCE_FRAME'.")
    return frozenset(name for _, name in rows)


def _labelled_frames(source: Path) -> dict[str, list[int]]:
    """The frames with a camera file of each `SPLIT/CITY/CITY_SEQUENCE`."""
    frames: dict[str, list[int]] = defaultdict(list)
    for file in (source / "camera").glob("*/*/[!.]*_camera.json"):
        name, _, frame = file.relative_to(source / "camera").as_posix().removesuffix("_camera.json").rpartition("_")
        if frame.isdecimal():
            frames[name].append(int(frame))
    return frames


def _snippet(name: str, labelled: dict[str, list[int]]) -> str | None:
    """The labelled frame of the snippet that a frame belongs to."""
    sequence, _, number = name.rpartition("_")
    for middle in labelled.get(sequence, []):
        if middle - FRAMES_BEFORE <= int(number) <= middle + FRAMES_BEHIND:
            return f"{sequence}_{middle:06d}"
    return None


def _suffix(file: Path, cameras: list[bytes]) -> str:
    """Number the cameras of a city by what their files hold; the first and missing ones have no number."""
    content = file.read_bytes() if file.is_file() else None
    if content is not None and content not in cameras:
        cameras.append(content)
    return f"-{cameras.index(content) + 1}" if content in cameras[1:] else ""


def _sequence(
    source: Path, kind: str, middle: str, names: list[str], settings: PrepareSettings, listed: frozenset[str] | None
) -> DataSequence:
    video = kind == VIDEO
    numbers = {name: int(name.rpartition("_")[2]) for name in names}
    kept = names
    if listed is not None:
        targets = {numbers[name] for name in names if name.rpartition("/")[2] in listed}
        near = {number + step for number in targets for step in ((-1, 0, 1) if settings.neighbours else (0,))}
        named = (name for name in names if name.rpartition("/")[2] in listed or (video and numbers[name] in near))
        kept = list(named)
    frames = []
    for place, name in enumerate(kept):
        camera = source / "camera" / f"{middle if video else name}_camera.json"
        frames.append(
            SequenceFrame(
                name.rpartition("/")[2],
                (numbers[name] - numbers[kept[0]]) * FRAME_SECONDS if video else float(place),
                partial(read_frame, _Frame(source, kind, name, camera, settings)),
                follows=video and place > 0 and numbers[name] == numbers[kept[place - 1]] + 1,
                target=listed is None or name.rpartition("/")[2] in listed,
            )
        )
    return DataSequence(middle, tuple(frames), unit="metres" if settings.stereo else "up-to-scale")


def _truth(place: _Frame, camera: CityscapesCamera, notes: list[str]) -> FrameTruth | None:
    file = place.root / "disparity" / f"{place.name}_disparity.png"
    if not file.is_file():
        return None
    try:
        stored = read_map(file)
        if stored.dtype != np.uint16:
            raise DataError(f"{file} is not a 16-bit grey PNG, so not a disparity of Cityscapes.")
    except VectionError as error:
        notes.append(f"no true depth: {error}")
        return None
    depth = depth_from_disparity(np.asarray(stored, np.uint16), focal=camera.fx, baseline=camera.baseline)
    return FrameTruth(depth)


def _intrinsics(camera: CityscapesCamera, image: RgbImage, settings: PrepareSettings) -> CameraIntrinsics:
    """The camera of the window of an image, which may be stored smaller than 2048 x 1024."""
    numbers = camera.fx, camera.fy, camera.cx, camera.cy
    whole = CameraIntrinsics(WIDTH, HEIGHT, *numbers, "Cityscapes camera file")
    whole = whole.fitted(width=image.shape[1], height=image.shape[0])
    left, top, width, height = _box(image, WINDOWS[settings.variant])
    part = whole.cropped(left=left, top=top, width=width, height=height)
    if settings.variant != "struct2depth-legacy":
        return part
    # In the stored image the released code has cx' = cx W'/2048, cy' = cy H'/1024; undo what resizing will do.
    stored = settings.height, settings.width
    released = part.fx, part.fy, camera.cx * settings.width / WIDTH, camera.cy * settings.height / HEIGHT
    _, _, cx, cy = resize_camera(released, from_size=stored, to_size=(height, width))
    return replace(part, cx=cx, cy=cy, source="Cityscapes camera file; principal point as in struct2depth's release")


def _cut(image: AnyImage, window: Window) -> AnyImage:
    left, top, width, height = _box(image, window)
    return np.ascontiguousarray(image[top : top + height, left : left + width])


def _box(image: AnyImage, window: Window) -> tuple[int, int, int, int]:
    height, width = image.shape[:2]
    top, bottom = round(window.top * height), round(window.bottom * height)
    left, right = round(window.left * width), round(window.right * width)
    return left, top, right - left, bottom - top

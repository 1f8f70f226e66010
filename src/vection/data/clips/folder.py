"""The one format that training reads: a folder of resized frames described by its `clip.json`."""

import re
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from jaxtyping import Float32
from pydantic import AfterValidator, FiniteFloat, PositiveInt

from vection.array_files import open_arrays
from vection.arrays import AnyArray, CategoryMap, ClassIds, DepthMap, PixelMask, Pose, RgbImage, Unit
from vection.data.clips.image_file import read_grey, read_map
from vection.data.clips.image_file import read_rgb as read_rgb
from vection.data.clips.image_file import write_rgb as write_rgb
from vection.data.clips.truth_sources import source_identifier
from vection.errors import DataError, UsageError
from vection.files import inside, json_of_rows, read_json, real_path, write_text
from vection.formats.bounds import InnerPath, Positive
from vection.formats.record import KEY, check_format, checked
from vection.formats.window import SAME_SHAPE, Crop, Window

FORMAT = 1
CLIP_FILE = "clip.json"
OWN_NAMES = (
    *(CLIP_FILE, "mask.png", "measured", "path_truth_kitti.txt"),
    *("frames/*.jpg", "frames/*.png", "stereo/*.jpg", "stereo/*.png", "truth/*.npz", "classes/*.png"),
)
"""All that vection writes into a clip folder."""
REMEDY = "ingest the clip again."
TRUTH, TRUTH_REMEDY = "The ground truth file", "prepare the clip again"

CheckedCamera = tuple[Positive, Positive, FiniteFloat, FiniteFloat]
"""fx, fy, cx, cy in pixels of the stored image; pixel centres at integers."""
Row4 = tuple[FiniteFloat, FiniteFloat, FiniteFloat, FiniteFloat]


@dataclass(frozen=True)
class FrameInfo:
    """One stored frame: file relative to the clip folder, time, and fx, fy, cx, cy in pixels."""

    file: InnerPath
    seconds: FiniteFloat
    intrinsics: CheckedCamera

    @property
    def stem(self) -> str:
        """Name without folder and suffix; the names of truth files follow it."""
        return Path(self.file).stem


@dataclass(frozen=True)
class StereoInfo:
    """The other camera: its folder holds images of the same names as the frames."""

    folder: InnerPath
    T_target_to_stereo: tuple[Row4, Row4, Row4, Row4]
    intrinsics: CheckedCamera


@dataclass(frozen=True)
class FrameTruth:
    """Exact values of a rendered or measured frame; what is unknown is None."""

    depth: DepthMap
    """height x width, metres; 0 where there is none (sky)."""
    category: CategoryMap | None = None
    """0 static background, 1 static object that could move, 2 moving object, 255 sky or none."""
    semantics: ClassIds | None = None
    object_flow: Float32[np.ndarray, "3 height width"] | None = None
    """3 x height x width, metres to the next frame, in this camera's coordinates, without the ego-motion."""
    T_camera_to_world: Pose | None = None


@dataclass(frozen=True)
class ClipInfo:
    """A clip folder: what `clip.json` says and the files beside it."""

    folder: Path
    name: str
    width: PositiveInt
    height: PositiveInt
    unit: Unit
    intrinsics_source: str
    frames: tuple[FrameInfo, ...]
    mask: InnerPath | None = None
    stereo: StereoInfo | None = None
    truth: InnerPath | None = None
    truth_source: Annotated[str, AfterValidator(source_identifier)] | None = None
    """Where true depth comes from: an identifier of `data.clips.truth_sources`, or other words."""
    classes: InnerPath | None = None
    """Folder of class maps, PNGs named like the frames: Cityscapes train ids, 255 where unknown."""
    breaks: tuple[int, ...] = ()
    """Frames that do not continue the one before, because frames are missing between them."""
    targets: tuple[int, ...] | None = None
    """Frames whose depth is trained, where a published list says it; None: all."""
    camera: str | None = None
    """Name of an unknown camera: clips of one name share what is learned of it, whatever was guessed."""
    window: Window | None = None
    """What the frames show of the source's images; None: not known, or there is no source."""
    crop: Crop | None = None
    """How images of other shapes would become such frames: cut to their shape, or squeezed; None: not known."""
    ingest: dict[str, Any] | None = None
    """How the clip was made (stride, dropped frames, warnings); for people: of it training asks `waits` alone."""

    def __len__(self) -> int:
        """Return the number of frames."""
        return len(self.frames)

    @property
    def waits(self) -> bool:
        """Whether frames of a standing camera were left out, as `vection ingest` does; data sets keep theirs."""
        return bool((self.ingest or {}).get("dropped_static"))

    def image_file(self, index: int) -> Path:
        """Return the place of a frame; DataError if a link leads out of the clip."""
        return inside(self.folder, self.frames[index].file)

    def read_image(self, index: int) -> RgbImage:
        """Return a frame as RGB, height x width x 3. Raises DataError for a missing, broken or wrongly sized file."""
        return self._read_sized(self.image_file(index))

    def read_stereo_image(self, index: int) -> RgbImage:
        """Return the other camera's image of a frame; DataError if the clip has none."""
        if self.stereo is None:
            raise DataError(f"The clip {self.folder} has no second camera; train it without stereo.")
        return self._read_sized(inside(self.folder, f"{self.stereo.folder}/{Path(self.frames[index].file).name}"))

    def read_usable(self) -> PixelMask | None:
        """Return height x width, False where no frame shows the scene (bonnet, overlay); None if all is usable."""
        if self.mask is None:
            return None
        path = inside(self.folder, self.mask)
        grey = read_grey(path)
        if grey.shape != (self.height, self.width):
            raise DataError(f"The mask {path} is not {self.width}x{self.height}; ingest the clip again.")
        return np.asarray(grey >= 128)

    def read_classes(self, index: int) -> ClassIds:
        """Return a frame's Cityscapes train ids, height x width; DataError if the clip has none of this size."""
        if self.classes is None:
            raise DataError(f"The clip {self.folder} has no class maps; name their folder as 'classes' in {CLIP_FILE}.")
        path = inside(self.folder, f"{self.classes}/{self.frames[index].stem}.png")
        ids = read_map(path)
        if ids.dtype != np.uint8 or ids.shape != (self.height, self.width):
            raise DataError(f"The class map {path} is not an 8-bit {self.width}x{self.height} PNG.")
        return ids

    def has_truth(self, index: int) -> bool:
        """Return whether true values of a frame are stored."""
        return self.truth is not None and (self.folder / self.truth / f"{self.frames[index].stem}.npz").is_file()

    def read_truth(self, index: int) -> FrameTruth:
        """Return the exact values stored for a frame; DataError if the clip has none."""
        with open_arrays(self._truth_file(index), what=TRUTH, remedy=TRUTH_REMEDY) as arrays:
            depth = known_depth(arrays.need("depth", shape=(None, None)))
            flow = arrays.find("object_flow", shape=(3, *depth.shape))
            return FrameTruth(
                depth=depth,
                category=arrays.find("category", shape=depth.shape),
                semantics=arrays.find("semantics", shape=depth.shape),
                object_flow=None if flow is None else flow.astype(np.float32),
                T_camera_to_world=arrays.find("T_camera_to_world", shape=(4, 4), finite=True),
            )

    def read_true_pose(self, index: int) -> Pose | None:
        """Return T_camera_to_world of a frame, None where it is not stored; DataError if it is no pose."""
        if not self.has_truth(index):
            return None
        with open_arrays(self._truth_file(index), what=TRUTH, remedy=TRUTH_REMEDY) as arrays:
            return arrays.find("T_camera_to_world", shape=(4, 4), finite=True)

    def _truth_file(self, index: int) -> Path:
        if self.truth is None:
            raise DataError(f"The clip {self.folder} holds no ground truth.")
        return inside(self.folder, f"{self.truth}/{self.frames[index].stem}.npz")

    def _read_sized(self, path: Path) -> RgbImage:
        image = read_rgb(path)
        if image.shape[:2] != (self.height, self.width):
            size = f"{image.shape[1]}x{image.shape[0]}"
            raise DataError(f"{path} is {size} but {CLIP_FILE} says {self.width}x{self.height}; ingest it again.")
        return image


def known_depth(stored: AnyArray) -> DepthMap:
    """Return true depth with 0 where it is unknown, which other programs write as infinite, NaN or negative."""
    return np.where(np.isfinite(stored) & (stored > 0), stored, 0).astype(np.float32)


def read_clip(folder: Path) -> ClipInfo:
    """Read and check `folder/clip.json`. Raises UsageError if there is none, DataError if it is not valid.

    >>> from vection.data.synthetic import street, write_drive
    >>> _ = write_drive(Path("drive"), street(width=64, height=64, frames=3, antialias=False), seed=1)
    >>> clip = read_clip(Path("drive"))
    >>> len(clip), clip.unit, clip.read_image(0).shape, clip.read_truth(0).depth.shape
    (3, 'metres', (64, 64, 3), (64, 64))
    """
    path = folder / CLIP_FILE
    if not path.is_file():
        raise UsageError(f"No clip at {folder}: {path} does not exist; make one with `vection ingest`.")
    content = read_json(path, remedy=REMEDY, missing=DataError)
    check_format(content, newest=FORMAT, path=path)
    if "window" not in content:
        content = _seen_by_older_versions(content)
    info = checked(ClipInfo, {**content, "folder": folder}, path=path, remedy=REMEDY)
    if not info.frames:
        raise DataError(f"{path} lists no frames; {REMEDY}")
    return info


def _seen_by_older_versions(content: dict[str, Any]) -> dict[str, Any]:
    """Add what clips showed before they stated it, from the notes on how they were made."""
    fields = ("source_width", "source_height", "left", "top", "width", "height")
    about, width, height = content.get("ingest"), content.get("width"), content.get("height")
    if not isinstance(about, dict) or not {"source_size", "crop_box"} <= set(about) or not width or not height:
        return content
    across, down = about["crop_box"][2:]
    has_shape = abs(across * height / (down * width) - 1) <= SAME_SHAPE
    cut = has_shape and ("stride" in about or [across, down] != about["source_size"])
    numbers = zip(fields, [*about["source_size"], *about["crop_box"]], strict=True)
    # How a lens was undone was not noted, so nobody can do the same.
    window = None if about.get("undistorted") else dict(numbers)
    return content | {"window": window, "crop": "keep-aspect" if cut else "stretch"}


def write_clip(info: ClipInfo) -> Path:
    """Write `info.folder/clip.json` in one step, so that a reader never sees half of it; return its path."""
    content = {KEY: FORMAT, **asdict(replace(info, frames=()))}
    about = {key: value for key, value in content.items() if key not in ("folder", "frames")}
    path = info.folder / CLIP_FILE
    write_text(path, json_of_rows(about, "frames", map(asdict, info.frames)))
    return path


def find_clips(root: Path) -> list[Path]:
    """Return the clip folders at or below `root` in natural order: linked ones as well, hidden ones not.

    UsageError if it is missing, DataError if there are none.
    """
    if not root.is_dir():
        raise UsageError(f"The data folder {root} does not exist.")
    folders = sorted(_clip_folders(root), key=lambda path: natural_key(str(path)))
    if not folders:
        raise DataError(f"No {CLIP_FILE} at or below {root}; make clips with `vection ingest`.")
    return folders


def has_clips(root: Path) -> bool:
    """Return whether there is a clip folder at or below `root`."""
    return next(_clip_folders(root), None) is not None


def _clip_folders(folder: Path, above: frozenset[Path] = frozenset()) -> Iterator[Path]:
    """Walk down, through links too, but not into a folder `above`, to which a link may lead back."""
    if (folder / CLIP_FILE).is_file():
        yield folder
        return
    here = real_path(folder)
    if here in above or not folder.is_dir():
        return
    with suppress(PermissionError):
        for child in sorted(folder.iterdir()):
            if not child.name.startswith("."):
                yield from _clip_folders(child, above | {here})


def files_below(folder: Path, suffixes: Collection[str]) -> list[Path]:
    """Return the files of these suffixes, in lower or upper case, in natural order, without hidden ones ("._1.png")."""
    files = (path for path in folder.rglob("*") if path.suffix.lower() in suffixes and not path.name.startswith("."))
    return sorted(files, key=lambda path: [natural_key(part) for part in path.relative_to(folder).parts])


def natural_key(name: str) -> list[tuple[int, str]]:
    """Return a sort key under which `frame2` comes before `frame10`, and 0.05.jpg, a time in seconds, before 0.1.jpg.

    >>> sorted(["frame10", "frame2"], key=natural_key)
    ['frame2', 'frame10']
    >>> sorted(["0.1.jpg", "0.05.jpg", "0.0.jpg"], key=natural_key)
    ['0.0.jpg', '0.05.jpg', '0.1.jpg']
    """
    if seconds := re.fullmatch(r"(\d+)\.(\d+)(\.[a-z]+)", name, re.IGNORECASE):
        whole, fraction, suffix = seconds.groups()
        return [(-1, ""), (int(whole), ""), (-1, "."), (int(f"{fraction:0<20}"), ""), (-1, suffix)]
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", name)]

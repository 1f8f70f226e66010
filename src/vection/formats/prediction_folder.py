"""The prediction folder: maps of depth, motion and classes, a colour video and the camera's path, listed by name."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

from vection.errors import DataError
from vection.files import inside, json_of_rows, read_json, visible, write_text
from vection.formats.bounds import InnerPath
from vection.formats.record import KEY, check_format, checked
from vection.formats.window import Window, seen_words

FORMAT = 3
"""Number of the format that is written; newer ones are refused. In format 1 every map was of a whole image, and until 3
every frame had its depth."""
LIST_FILE = "predictions.json"
"""Tells a prediction folder from any other."""
VIDEO_FILE = "depth.mp4"
PHOTO_FILE = "depth.png"
"""Depth in colours where there is one frame only."""
PHOTO_CLASSES_FILE = "classes.png"
"""Classes in colours where there is one frame only."""
PICTURES_VIDEO = "pictures.mp4"
PICTURES_FOLDER = "pictures"
REMEDY = "predict again."

OWN_NAMES = (
    *(LIST_FILE, VIDEO_FILE, PHOTO_FILE, PHOTO_CLASSES_FILE, PICTURES_VIDEO, PICTURES_FOLDER),
    *("depth/*.npy", "png/*.png", "object_flow/*.npy", "scene_flow/*.npy", "motion_mask/*.png", "classes/*.png"),
    *("path*.txt", "path.csv", "path.png", "odometry.json", "evaluation.json"),
)
"""All that vection writes into a prediction folder."""

Part = Literal["depth", "png", "object_flow", "scene_flow", "motion_mask", "classes"]
"""What is predicted of a frame, and the name of the folder of its files. `png` is depth * 256 in 16 bits."""

MotionSource = Literal["measured", "standing", "network", "repeated", "cut", "none"]
"""Where the motion of the camera from a frame to the next comes from: measured in the two, measured to be none,
predicted by the method, that of the frames before because it could not be measured, none because another scene begins,
or unknown."""

SUFFIXES: dict[Part, str] = {
    "depth": ".npy",
    "png": ".png",
    "object_flow": ".npy",
    "scene_flow": ".npy",
    "motion_mask": ".png",
    "classes": ".png",
}


@dataclass(frozen=True, slots=True)
class PredictedFrame:
    """One frame of the list; files are relative to the folder, None where nothing is predicted."""

    name: InnerPath
    file: InnerPath | None = None
    """File of the depth: float32, height x width."""
    seconds: float = 0.0
    intrinsics: tuple[float, float, float, float] | None = None
    """fx, fy, cx, cy in pixels of the frame's image."""
    intrinsics_learned: bool | None = None
    """Whether the method learned them; None where it did not or does not say."""
    object_flow: InnerPath | None = None
    """File of the object flow: float32, height x width x 3, in the unit of the depth."""
    scene_flow: InnerPath | None = None
    """File of the scene flow: float32, height x width x 3, in the unit of the depth."""
    motion_mask: InnerPath | None = None
    """File of the motion mask: 8-bit PNG, 255 = surely moving."""
    classes: InnerPath | None = None
    """File of the classes: 8-bit PNG of Cityscapes' train ids."""
    motion_source: MotionSource | None = None
    """Of the camera's motion to the next frame."""
    window: Window | None = None
    """What the maps and intrinsics of this frame are of, where it is not the whole image."""


@dataclass(frozen=True)
class PredictionList:
    """What `predictions.json` says."""

    unit: str
    """'up-to-scale' or 'metres'."""
    frames: tuple[PredictedFrame, ...]
    scale_source: str = ""
    """How the scale was found, in words."""
    model: str = ""
    """What was predicted with."""
    model_state: str | None = None
    """Digest of its weights, and its scale; None where the one who wrote them does not say."""
    width: int | None = None
    """Of all maps; None where they have several sizes."""
    height: int | None = None
    motion: str = ""
    """Where the camera's motion comes from, in words."""
    pictures: dict[InnerPath, str] = field(default_factory=dict)
    """The pictures in `pictures/NAME`, and what the colours of each mean."""
    frames_from: str = ""
    """The video, image, folder of images or clip folder that was predicted; exports take the colours from it."""
    warning: str = ""
    """What their user should know of them, in words."""
    settings: str | None = None
    """What was asked for beyond the defaults, in words; None where the one who wrote them does not say."""

    @property
    def seen(self) -> str:
        """Which part of the frames was seen, in words; empty if it is all of them."""
        return seen_words(frame.window for frame in self.frames)


def file_of(part: Part, name: str) -> str:
    """Return the file of a part of the frame `name`, relative to the folder."""
    return f"{part}/{name}{SUFFIXES[part]}"


def depth_file(folder: Path, frame: PredictedFrame) -> Path:
    """Return the file of a frame's depth. Raises DataError where it was not written."""
    if frame.file is None:
        raise DataError(f"{folder} holds no depth of '{frame.name}', which was left out; predict again with depth.")
    return inside(folder, frame.file)


def picture_file(name: str, frame: str) -> str:
    """Return the file of the picture `name` of a frame, relative to the folder."""
    return f"{PICTURES_FOLDER}/{name}/{frame}.png"


def is_prediction_folder(folder: Path) -> bool:
    """Return whether `folder` itself holds listed predictions."""
    return (folder / LIST_FILE).is_file()


def find_prediction_folders(root: Path) -> list[Path]:
    """Return `root` if it is a prediction folder, else those below it, in no particular order."""
    return [root] if is_prediction_folder(root) else [path.parent for path in visible(root.rglob(LIST_FILE), root)]


def write_prediction_list(folder: Path, predictions: PredictionList) -> None:
    """Write the list in one step; UsageError if the place cannot be written."""
    content = {KEY: FORMAT} | asdict(replace(predictions, frames=()))
    del content["frames"]
    write_text(folder / LIST_FILE, json_of_rows(content, "frames", map(_stated, predictions.frames)))


def _stated(frame: PredictedFrame) -> dict[str, Any]:
    return {key: value for key, value in asdict(frame).items() if value is not None or key == "intrinsics"}


def read_prediction_list(folder: Path) -> PredictionList:
    """Read the list; UsageError if there is none, DataError for unusable content or that of a newer vection."""
    path = folder / LIST_FILE
    content = read_json(path, remedy=REMEDY)
    check_format(content, newest=FORMAT, path=path)
    return checked(PredictionList, content, path=path, remedy=REMEDY)


def stretches(frames: Sequence[PredictedFrame]) -> list[range]:
    """Return the numbers of the frames that lie in one world each: of the motion over a cut nothing is known.

    >>> stretches([PredictedFrame("a", motion_source="cut"), PredictedFrame("b"), PredictedFrame("c")])
    [range(0, 1), range(1, 3)]
    """
    starts = [number for number, frame in enumerate(frames[:-1], start=1) if frame.motion_source == "cut"]
    return [range(start, end) for start, end in pairwise([0, *starts, len(frames)])]

"""Measured geometry: the folder `measured/` of a clip, with the motion of its pairs and the depth of its frames."""

from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
from jaxtyping import Float32
from pydantic import FiniteFloat, NonNegativeInt, PositiveInt

from vection.array_files import open_arrays
from vection.arrays import PixelMask, Pose, Rotation, Vector3
from vection.errors import DataError, UsageError
from vection.files import json_text, read_json, whole_file, write_text
from vection.formats.bounds import InnerPath
from vection.formats.record import KEY, check_format, checked

FORMAT = 1
FOLDER = "measured"
LIST_FILE = "measured.json"
REMEDY = "remove the folder and measure the clip again."
HIGHEST_WEIGHT = 255
"""Stored for a weight of 1."""
LEAST_WEIGHT = 0.2
"""Depth of no more weight is too inexact to compare predictions with."""
LEAST_SHARE = 0.01
"""Frames with less comparable depth, as a share of their pixels, are not compared at all."""
OBSERVABLE = 0.03
"""Largest uncertainty of the focal length, relative, with which it counts as observable."""

NoGeometry = Literal["standing", "rotation", "few-inliers", "blur", "cut", "contradiction"]
"""Why a pair has no direction of translation: the camera stands, only turns, too few tracks agree on a motion, a frame
is blurred, the scene is another one, the steps between its frames say otherwise."""

Row3 = tuple[FiniteFloat, FiniteFloat, FiniteFloat]
Row4 = tuple[FiniteFloat, FiniteFloat, FiniteFloat, FiniteFloat]


@dataclass(frozen=True)
class MeasuredPair:
    """The motion between two frames, numbered as in the clip."""

    first: NonNegativeInt
    second: NonNegativeInt
    reason: NoGeometry | None = None
    """Why there is no translation; None: there is."""
    rotation: tuple[Row3, Row3, Row3] | None = None
    """R_first_to_second; known for a standing or turning camera, too."""
    direction: Row3 | None = None
    """Of the translation of T_first_to_second, length 1."""
    tracks: NonNegativeInt = 0
    """Corners that were followed."""
    inliers: NonNegativeInt = 0
    """Of them, those that agree with the motion."""
    parallax: FiniteFloat = 0.0
    """Median motion of the tracks without the rotation, in pixels of the measured images."""
    focal_uncertainty: FiniteFloat | None = None
    """Relative standard deviation of the focal length, were it estimated from this pair."""
    baseline: FiniteFloat | None = None
    """Length of the translation in the clip's unit; None where depth could not be compared."""

    @property
    def gap(self) -> int:
        """Return how many frames lie between the two, and one."""
        return self.second - self.first

    @property
    def inlier_share(self) -> float:
        """Return the share of the tracks that agree with the motion."""
        return self.inliers / max(1, self.tracks)

    @property
    def focal_observable(self) -> bool:
        """Return whether the focal length shows in this pair: it does in turns, not in straight driving."""
        return self.focal_uncertainty is not None and self.focal_uncertainty < OBSERVABLE

    @property
    def R_first_to_second(self) -> Rotation | None:  # noqa: N802
        """Return the rotation as an array."""
        return None if self.rotation is None else np.array(self.rotation)

    @property
    def t_first_to_second(self) -> Vector3 | None:
        """Return the direction of translation as an array, length 1."""
        return None if self.direction is None else np.array(self.direction)


@dataclass(frozen=True)
class MeasuredFrame:
    """What is known of a frame beside its map of depth."""

    name: InnerPath
    """That of the stored frame, without suffix."""
    share: FiniteFloat = 0.0
    """Of the pixels whose depth is known; 0: there is no map."""
    scale: FiniteFloat | None = None
    """What the stored depth is multiplied by to be in the clip's unit."""
    segment: NonNegativeInt = 0
    """Number of the part of the clip that has one scale and one path; cuts begin a new one."""
    T_camera_to_world: tuple[Row4, Row4, Row4, Row4] | None = None
    """The world is the camera of the segment's first frame; in the clip's unit."""
    ground: Row3 | None = None
    """m with 1 / depth = m . K^-1 (x, y, 1) on the ground, in 1 / the clip's unit; None where none was found."""


@dataclass(frozen=True)
class MeasuredList:
    """What `measured.json` says."""

    width: PositiveInt
    """Of the maps: the clip's stored frames."""
    height: PositiveInt
    measured_width: PositiveInt
    """Of the images that were measured."""
    measured_height: PositiveInt
    source: str
    """What was measured, in words."""
    settings: dict[str, Any]
    pairs: tuple[MeasuredPair, ...]
    frames: tuple[MeasuredFrame, ...]
    inputs: str | None = None
    """SHA-256 of the intrinsics, breaks and mask with which it was measured; None in older ones."""
    exact: bool = False
    """Whether this was not measured but is the truth of the synthetic world."""


@dataclass(frozen=True)
class DepthWithWeight:
    """Measured depth of a frame."""

    depth: Float32[np.ndarray, "height width"]
    """In the clip's unit, the median step between frames; 0 where it is unknown."""
    weight: Float32[np.ndarray, "height width"]
    """0 to 1, from parallax and agreement; 0 where depth is unknown."""
    moving: PixelMask | None = None
    """True where something was seen to move by itself, False where nothing was; None: not looked for."""

    @property
    def known(self) -> PixelMask:
        """Return where depth is known."""
        return np.asarray(self.depth > 0)

    @property
    def comparable(self) -> PixelMask:
        """Return where predictions are compared with it: the pixel and all around it weigh more than `LEAST_WEIGHT`.

        Nowhere if that is less than `LEAST_SHARE`. Depth beside unknown depth is the least exact: of edges, of the sky.
        """
        heavy = (self.known & (self.weight > LEAST_WEIGHT)).astype(np.uint8)
        where = cv2.erode(heavy, np.ones((3, 3), np.uint8)) > 0
        return np.asarray(where & (np.count_nonzero(where) >= LEAST_SHARE * where.size))


@dataclass(frozen=True)
class MeasuredClip:
    """The measured geometry of a clip; maps are read when they are asked for."""

    folder: Path
    """`measured/` itself."""
    listed: MeasuredList

    @property
    def pairs(self) -> tuple[MeasuredPair, ...]:
        """Return all pairs, in the order of their first frames."""
        return self.listed.pairs

    @property
    def frames(self) -> tuple[MeasuredFrame, ...]:
        """Return the frames in the order of the clip."""
        return self.listed.frames

    @cached_property
    def _by_frames(self) -> dict[tuple[int, int], MeasuredPair]:
        return {(pair.first, pair.second): pair for pair in self.pairs}

    def pair(self, first: int, second: int) -> MeasuredPair | None:
        """Return the pair of these frames; None if it was not measured."""
        return self._by_frames.get((first, second))

    def T_first_to_second(self, first: int, second: int) -> Pose | None:  # noqa: N802
        """Return the motion between two frames in the clip's unit, in either order of time; None if it is unknown.

        As measured between these two where they are a pair, else along the path.
        """
        if second < first:
            backwards = self.T_first_to_second(second, first)
            return None if backwards is None else np.linalg.inv(backwards)
        pair = self.pair(first, second)
        if pair is not None and pair.reason is None and pair.baseline is not None:
            motion = np.eye(4)
            motion[:3, :3] = np.array(pair.rotation)
            motion[:3, 3] = np.array(pair.direction) * pair.baseline
            return motion
        places = self.T_camera_to_world(first), self.T_camera_to_world(second)
        if places[0] is None or places[1] is None or self.frames[first].segment != self.frames[second].segment:
            return None
        return np.asarray(np.linalg.inv(places[1]) @ places[0])

    def T_camera_to_world(self, index: int) -> Pose | None:  # noqa: N802
        """Return the place of a frame's camera in its segment's world."""
        rows = self.frames[index].T_camera_to_world
        return None if rows is None else np.array(rows)

    def has_depth(self, index: int) -> bool:
        """Return whether some of a frame's depth is known."""
        return self.frames[index].scale is not None

    def read_depth(self, index: int) -> DepthWithWeight:
        """Return a frame's depth in the clip's unit, all 0 where none was measured; DataError if its file is broken."""
        size = (self.listed.height, self.listed.width)
        scale = self.frames[index].scale
        if scale is None:
            return DepthWithWeight(np.zeros(size, np.float32), np.zeros(size, np.float32))
        stored = read_map(self.folder, self.frames[index].name, size=size)
        return replace(stored, depth=stored.depth * np.float32(scale))


def rows_of(rotation: Rotation) -> tuple[Row3, Row3, Row3]:
    """Return a rotation as plain numbers."""
    first, second, third = ((float(x), float(y), float(z)) for x, y, z in rotation)
    return first, second, third


def rows4_of(pose: Pose) -> tuple[Row4, Row4, Row4, Row4]:
    """Return a rigid transform as plain numbers."""
    rows = [(float(a), float(b), float(c), float(d)) for a, b, c, d in pose]
    return rows[0], rows[1], rows[2], rows[3]


def map_file(folder: Path, name: str) -> Path:
    """Return the place of a frame's map in the folder `measured/`."""
    return folder / f"{name}.npz"


def write_map(
    folder: Path,
    name: str,
    *,
    depth: Float32[np.ndarray, "height width"],
    weight: Float32[np.ndarray, "height width"],
    moving: PixelMask | None = None,
) -> None:
    """Write a frame's depth in its own unit, its weight and what moves; UsageError if the place cannot be written."""
    arrays = {
        "depth": depth.astype(np.float16),
        "weight": np.ceil(np.clip(weight, 0, 1) * HIGHEST_WEIGHT).astype(np.uint8),
    } | ({} if moving is None else {"moving": moving})
    with whole_file(map_file(folder, name)) as temporary:
        np.savez_compressed(temporary, **arrays)


def read_map(folder: Path, name: str, *, size: tuple[int, int]) -> DepthWithWeight:
    """Return a frame's depth in its own unit; DataError unless its file is whole and of this height and width."""
    path = map_file(folder, name)
    with open_arrays(path, what="The measured depth", remedy=REMEDY.rstrip(".")) as arrays:
        depth = arrays.need("depth", shape=(None, None)).astype(np.float32)
        weight = arrays.need("weight", shape=depth.shape).astype(np.float32) / np.float32(HIGHEST_WEIGHT)
        moving = arrays["moving"].astype(bool) if "moving" in arrays else None
    if any(one.shape != size for one in (depth, weight, weight if moving is None else moving)):
        raise DataError(
            f"The measured depth {path} is {'x'.join(map(str, depth.shape[::-1]))} but {LIST_FILE} says "
            f"{size[1]}x{size[0]}; {REMEDY}"
        )
    if not np.isfinite(depth).all() or (depth < 0).any():
        raise DataError(f"The measured depth {path} holds numbers that are no depth; {REMEDY}")
    return DepthWithWeight(depth, weight, moving)


def write_measured_list(folder: Path, listed: MeasuredList) -> None:
    """Write `measured.json` in one step, which makes the folder whole; UsageError if it cannot be written."""
    write_text(folder / LIST_FILE, json_text({KEY: FORMAT} | asdict(listed), indent=1))


def is_measured(clip_folder: Path) -> bool:
    """Return whether the clip's geometry is measured."""
    return (clip_folder / FOLDER / LIST_FILE).is_file()


def read_measured(clip_folder: Path) -> MeasuredClip:
    """Read the measured geometry of a clip folder.

    Raises UsageError if there is none, DataError for unusable content or that of a newer vection.
    """
    folder = clip_folder / FOLDER
    path = folder / LIST_FILE
    if not path.is_file():
        raise UsageError(f"The clip {clip_folder} is not measured: {path} does not exist; measure it first.")
    content = read_json(path, remedy=REMEDY, missing=DataError)
    check_format(content, newest=FORMAT, path=path)
    listed = checked(MeasuredList, content, path=path, remedy=REMEDY)
    count = len(listed.frames)
    outside = [pair for pair in listed.pairs if not pair.first < pair.second < count]
    if outside:
        raise DataError(f"{path} has a pair of frames {outside[0].first} and {outside[0].second} of {count}; {REMEDY}")
    return MeasuredClip(folder, listed)

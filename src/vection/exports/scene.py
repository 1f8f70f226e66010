"""A prediction folder as a scene: frames with image, depth, camera and place, in one unit and within one range."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vection.array_files import read_array
from vection.arrays import CameraMatrix, CameraNumbers, DepthMap, PixelMask, Pose, RgbImage
from vection.data.clips.image_file import read_stored
from vection.data.clips.intrinsics import camera_matrix
from vection.data.clips.window import given_camera, see, seen_pixels
from vection.errors import DataError, UsageError
from vection.exports.settings import FAR_MEDIANS, FAR_METRES, ExportSettings
from vection.exports.stretches import chosen_numbers, read_poses
from vection.files import inside
from vection.formats.prediction_folder import PredictedFrame, PredictionList, depth_file, read_prediction_list
from vection.formats.window import Window
from vection.inference.sources import Frame, FrameSource, open_sources

SKY = 10
"""Cityscapes' train id of the sky."""
SAMPLED_FRAMES = 16
"""Frames from which the median depth is taken, evenly over the scene."""
SURE = 128
"""Values of a motion mask (255 = surely) from which on a pixel moves."""


@dataclass(frozen=True)
class SceneNeeds:
    """What a format cannot do without, and what it cannot do."""

    images: bool = True
    camera: bool = True
    path: bool = True
    limit: bool = True
    """Whether a far limit holds where none is given."""
    ignored: tuple[str, ...] = ("scale",)
    """Settings that have no say in the format, and are refused."""
    apart: bool = True
    """Whether the format can hold moving things apart."""


@dataclass(frozen=True)
class SceneFrame:
    """One frame; arrays have the size of its image."""

    number: int
    """Place among all predicted frames."""
    name: str
    seconds: float
    image: RgbImage
    """Black where the format needs no images."""
    depth: DepthMap
    """As predicted; 0 where it is none."""
    visible: PixelMask
    """True where there is depth within the range, no sky, nothing of the camera's own car, and not beside the view."""
    beyond: PixelMask
    """True where all there is lies beyond the range: sky, or depth that is too large."""
    camera: CameraNumbers
    """fx, fy, cx, cy in pixels, pixel centres at integers."""
    T_camera_to_world: Pose
    moving: PixelMask | None
    """True where something moves by itself; None if that is not known of this frame."""

    @property
    def camera_matrix(self) -> CameraMatrix:
        """K in pixels."""
        return camera_matrix(self.camera)


@dataclass(frozen=True)
class Scene:
    """The frames of a prediction folder that are exported; the world is the first predicted frame's camera."""

    folder: Path
    predictions: PredictionList
    settings: ExportSettings
    needs: SceneNeeds
    numbers: tuple[int, ...]
    """Which of the predicted frames."""
    poses: tuple[Pose, ...]
    """T_camera_to_world of all predicted frames; the identity where a format needs none."""
    median_depth: float
    """Of the frames that are exported; 1 where a format needs neither images nor a limit."""
    far: float
    """Farthest depth, infinite without limit."""
    source: FrameSource | None
    """The frames that were predicted; None where the format needs no images."""

    def __len__(self) -> int:
        """Return the number of frames."""
        return len(self.numbers)

    @property
    def unit(self) -> str:
        """'up-to-scale' or 'metres'."""
        return self.predictions.unit

    @property
    def suffix(self) -> str:
        """Empty in metres, else what names of up-to-scale things end with, where a format takes metres for granted."""
        return "" if self.unit == "metres" else f"_{self.unit.replace('-', '_')}"

    @property
    def knows_motion(self) -> bool:
        """Whether the predictions tell what moves by itself."""
        return any(frame.motion_mask is not None for frame in self.predictions.frames)

    @property
    def width(self) -> int:
        """Width of the frames in pixels."""
        return self._size[1]

    @property
    def height(self) -> int:
        """Height of the frames in pixels."""
        return self._size[0]

    @property
    def words(self) -> str:
        """Unit, scale and range, as every exported file states them."""
        unit = "in metres" if self.unit == "metres" else f"{self.unit} (one unknown factor to metres)"
        scale = self.predictions.scale_source
        near, far = self.settings.near, self.far
        limits = f"from {near:g} to {far:.4g}" if np.isfinite(far) else f"from {near:g} on"
        seen = f"; of {self.predictions.seen}" if self.predictions.seen else ""
        return f"depth and path {unit}; scale: {scale or 'not stated'}; depth {limits}{seen}"

    def positions(self) -> list[tuple[float, float, float]]:
        """Return where the camera was in each frame."""
        return [tuple(self.poses[number][:3, 3].tolist()) for number in self.numbers]

    def selected(self) -> list[PredictedFrame]:
        """Return the frames as the list names them."""
        return [self.predictions.frames[number] for number in self.numbers]

    def __iter__(self) -> Iterator[SceneFrame]:
        """Read the frames in order, one at a time."""
        if self.source is None:
            yield from (self._frame(number, None) for number in self.numbers)
            return
        wanted = {self.predictions.frames[number].name: number for number in self.numbers}
        for frame in self.source:
            if frame.name in wanted:
                yield self._frame(wanted.pop(frame.name), frame)
            if not wanted:
                return
        raise DataError(
            f"{self.source.description} has no frame '{next(iter(wanted))}'; name the predicted frames with"
            " `frames=PLACE`."
        )

    def _frame(self, number: int, frame: Frame | None) -> SceneFrame:
        listed = self.predictions.frames[number]
        depth = read_depth(depth_file(self.folder, listed))
        known = np.isfinite(depth) & (depth > 0)
        depth = np.where(known, depth, np.float32(0))
        beyond = known & (depth > self.far)
        if listed.classes is not None:
            beyond |= known & (self._map(listed.classes, depth.shape) == SKY)
        visible = known & ~beyond & (depth >= self.settings.near)
        image = np.zeros((*depth.shape, 3), np.uint8) if frame is None else see(listed.window, frame.image)
        if image.shape[:2] != depth.shape:
            size, other = (f"{shape[1]}x{shape[0]}" for shape in (image.shape, depth.shape))
            raise DataError(f"'{listed.name}' is {size}, its depth {other}; give `frames` that were predicted.")
        own_car = None if frame is None or frame.clip is None else frame.clip.read_usable()
        for usable in (own_car, seen_pixels(listed.window)):
            if usable is not None:
                visible, beyond = visible & usable, beyond & usable
        moving = None if listed.motion_mask is None else self._map(listed.motion_mask, depth.shape) >= SURE
        return SceneFrame(
            number=number,
            name=listed.name,
            seconds=listed.seconds,
            image=image,
            depth=depth,
            visible=visible,
            beyond=beyond,
            camera=self._camera(listed, size=depth.shape),
            T_camera_to_world=self.poses[number],
            moving=moving,
        )

    def _map(self, name: str, size: tuple[int, ...]) -> np.ndarray:
        values = read_stored(file := inside(self.folder, name))
        if values.shape != size:
            raise DataError(f"{file} is not of the size of the depth; predict again.")
        return values

    def _camera(self, listed: PredictedFrame, *, size: tuple[int, ...]) -> CameraNumbers:
        if listed.intrinsics is not None:
            return listed.intrinsics
        if self.settings.intrinsics is None:
            assert not self.needs.camera  # refused when the scene was opened
            return 1.0, 1.0, 0.0, 0.0
        return given_camera(self.settings.intrinsics, listed.window or Window.of(size))

    @property
    def _size(self) -> tuple[int, ...]:
        if self.predictions.height is not None and self.predictions.width is not None:
            return self.predictions.height, self.predictions.width
        return read_depth(depth_file(self.folder, self.selected()[0])).shape


def open_scene(folder: Path, settings: ExportSettings, needs: SceneNeeds, *, name: str = "") -> Scene:
    """Open a prediction folder for a format; `name` is its name among several, as below the folder of the frames.

    Raises UsageError if the format needs what the predictions do not have (camera, path, frames), DataError for a
    broken folder.
    """
    predictions = read_prediction_list(folder)
    if not predictions.frames:
        raise DataError(f"{folder} lists no frames; predict again.")
    if predictions.unit not in ("metres", "up-to-scale"):
        raise DataError(f"{folder} states depth in '{predictions.unit}', which no export knows; predict again.")
    _check_followed(settings, needs)
    numbers = chosen_numbers(predictions, settings.only)
    _check_camera(folder, predictions, numbers, settings, needs)
    median = _median_depth(folder, predictions, numbers) if needs.images or needs.limit else 1.0
    limit = FAR_METRES if predictions.unit == "metres" else FAR_MEDIANS * median
    return Scene(
        folder=folder,
        predictions=predictions,
        settings=settings,
        needs=needs,
        numbers=numbers,
        poses=read_poses(folder, predictions, numbers, in_one_world=needs.path),
        median_depth=median,
        far=settings.far or (limit if needs.limit else float("inf")),
        source=_source(folder, predictions, settings.frames, name=name) if needs.images else None,
    )


def read_depth(file: Path) -> DepthMap:
    """Read a depth map, height x width; DataError if it is missing or none."""
    depth = read_array(file, what="The depth", remedy="predict again")
    if depth.ndim != 2 or not np.issubdtype(depth.dtype, np.floating):
        raise DataError(f"{file} holds no depth map; predict again.")
    return np.asarray(depth, dtype=np.float32)


def _check_followed(settings: ExportSettings, needs: SceneNeeds) -> None:
    """Raise UsageError for settings that the format cannot follow."""
    usual = ExportSettings()
    for name in needs.ignored:
        if getattr(settings, name) != getattr(usual, name):
            raise UsageError(f"`{name}` has no say in this format; leave it out, or choose a format that takes it.")
    if settings.moving == "apart" and not needs.apart:
        raise UsageError(
            "This format cannot hold moving things apart; choose `moving=leave-out` or `moving=keep`, or one of ply,"
            " glb, nerfstudio and rrd."
        )


def _check_camera(
    folder: Path, predictions: PredictionList, numbers: Sequence[int], settings: ExportSettings, needs: SceneNeeds
) -> None:
    known = [predictions.frames[number].intrinsics is not None for number in numbers]
    if all(known) and settings.intrinsics is not None:
        raise UsageError(f"The predictions {folder} have intrinsics of their own; leave `intrinsics` out.")
    if needs.camera and not all(known) and settings.intrinsics is None:
        raise UsageError(
            f"The camera of {folder} is not known, and a guessed one would bend every point; give"
            " `intrinsics=fov:DEGREES`, fx,fy,cx,cy or a JSON file."
        )


def _median_depth(folder: Path, predictions: PredictionList, numbers: Sequence[int]) -> float:
    """Median of the depth of some pixels of some frames; 1 if there is none."""
    some = sorted({numbers[round(at)] for at in np.linspace(0, len(numbers) - 1, min(SAMPLED_FRAMES, len(numbers)))})
    samples = []
    for number in some:
        depth = read_depth(depth_file(folder, predictions.frames[number]))
        stride = max(1, int(np.sqrt(depth.size / 5000)))
        part = depth[stride // 2 :: stride, stride // 2 :: stride]
        samples.append(part[np.isfinite(part) & (part > 0)])
    depths = np.concatenate(samples)
    return float(np.median(depths)) if depths.size else 1.0


def _source(folder: Path, predictions: PredictionList, frames: Path | None, *, name: str) -> FrameSource:
    """Find the frames that were predicted; UsageError if they are not there."""
    if frames is None and not predictions.frames_from:
        raise UsageError(f"{folder} does not say where its frames lie; name them with `frames=PLACE`.")
    place = Path(predictions.frames_from) if frames is None else frames
    if not place.exists():
        raise UsageError(f"The frames of {folder} are not at {place}; say with `frames=PLACE` where they are.")
    sources = open_sources(place, needs_camera=False)
    named = [source for source in sources if len(sources) == 1 or source.name == name]
    if not named:
        raise UsageError(f"{place} holds {len(sources)} clips and none called '{name}'; name one with `frames=PLACE`.")
    return named[0]

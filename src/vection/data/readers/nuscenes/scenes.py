"""nuScenes for `vection prepare`: a clip a scene and camera, key frames (2 Hz) and the sweeps between them (12 Hz).

True depth is the laser sweep nearest in time, moved from the car of its own instant to the car of the image's.
"""

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from jaxtyping import Float32, UInt8

from vection.arrays import PointList, Pose
from vection.data.clips.folder import FrameTruth
from vection.data.clips.image_file import read_rgb
from vection.data.clips.intrinsics import CameraIntrinsics
from vection.data.clips.truth_sources import TruthSource
from vection.data.readers.nuscenes.tables import LIDAR, Annotation, Scene, Shot, read_scenes
from vection.data.readers.sequences import (
    DataSequence,
    Listing,
    ListingDraft,
    PrepareSettings,
    SourceFrame,
    sequence_frames,
)
from vection.data.readers.sparse_depth import (
    BACKGROUND,
    MOVING_OBJECT,
    NO_CATEGORY,
    STATIC_OBJECT,
    category_map,
    depth_map,
    inside_box,
    move,
    project,
)
from vection.data.splits.listed_frames import Part, frames_of_parts, read_parts
from vection.errors import DataError, UsageError

CAMERAS = ("CAM_FRONT", "CAM_FRONT_LEFT", "CAM_FRONT_RIGHT", "CAM_BACK", "CAM_BACK_LEFT", "CAM_BACK_RIGHT")
TABLES = ("v1.0-trainval", "v1.0-test", "v1.0-mini")
EVERY_FRAME = "every-frame"
"""The variant with true depth for the frames between key frames as well; published evaluations use key frames."""
NEAREST = 1.0
"""Metres from which laser points count, as in Dynamo-Depth's preparation."""
MARGIN = 1.0
"""Pixels inside the image's border where laser points count, as in Dynamo-Depth's preparation."""
LONGEST_GAP = 0.5
"""Seconds; frames further apart are no neighbours."""
MOVABLE = ("human.", "vehicle.", "animal")
"""How the categories of things that could move begin; barriers and cones are background."""
UNKNOWN_MOTION = "cycle.with_rider"
"""The attribute of ridden cycles, which does not say whether they move."""
VALIDATION = (
    (3, 3), (12, 18), (35, 36), (38, 39), (92, 110), (221, 221), (268, 278), (329, 332), (344, 346), (519, 524),
    (552, 565), (625, 627), (629, 630), (632, 638), (770, 771), (775, 775), (777, 778), (780, 784), (794, 800),
    (802, 802), (904, 917), (919, 931), (962, 963), (966, 969), (971, 972), (1059, 1073),
)  # fmt: skip
"""The published 150 validation scenes, first and last numbers."""
TRUTH_SOURCE: TruthSource = "nuscenes-lidar-z"
SCENE_NAME = re.compile(r"scene-(\d+)")


@dataclass(frozen=True)
class _Frame:
    """All that a worker needs to read a frame."""

    root: Path
    image: Shot
    lidar: Shot | None
    annotations: tuple[Annotation, ...] | None
    """None: nothing is labelled at this instant."""


def list_sequences(source: Path, settings: PrepareSettings) -> Listing:
    """Find the scenes of all table folders below `source`; each camera of each is `WEATHER/SCENE/CAMERA`.

    WEATHER is day-clear or night-or-rain, as the scene's description has it.
    """
    cameras = settings.cameras or CAMERAS[:1]
    if any(camera not in CAMERAS for camera in cameras):
        raise UsageError(f"The cameras of nuScenes are {', '.join(CAMERAS)}, not {', '.join(cameras)}.")
    if settings.variant not in (None, EVERY_FRAME):
        raise UsageError(f"nuscenes has no variant '{settings.variant}'; there is {EVERY_FRAME}.")
    folders = [source / name for name in TABLES if (source / name / "scene.json").is_file()]
    if not folders:
        raise UsageError(f"No nuScenes at {source}: there is no {TABLES[0]}/scene.json, nor of the test or mini set.")
    in_split, parts = _scenes_of_split(settings.split, source=source)
    draft = ListingDraft()
    scenes: dict[str, Scene] = {}
    for folder in folders:
        with draft.skipping(folder.name):
            for scene in read_scenes(folder, channels=(*cameras, LIDAR), wanted=in_split):
                scenes.setdefault(scene.name, scene)  # mini scenes are in trainval, too
    for scene in scenes.values():
        for camera in cameras:
            with draft.skipping(f"{scene.name}/{camera}"):
                draft.sequences += _sequences(source, scene, camera, settings=settings, parts=parts)
    return draft.finish(parts)


def _scenes_of_split(split: str | None, *, source: Path) -> tuple[Callable[[str], bool], list[Part] | None]:
    """Return which scenes are wanted and, of a list file, which of their frames."""
    if split in ("train", "val"):
        return (lambda name: _in_validation(name) == (split == "val")), None
    if split is None:
        return (lambda _: True), None
    parts = [part.renamed(_scene_name, side="l") for part in read_parts(split, near=source)]
    names = {scene for part in parts for scene, _ in part.frames}
    return (lambda name: name in names), parts


def _scene_name(folder: str) -> str:
    scene = SCENE_NAME.search(folder)
    return scene.group() if scene else folder


def _in_validation(scene: str) -> bool:
    name = SCENE_NAME.fullmatch(scene)
    return name is not None and any(first <= int(name.group(1)) <= last for first, last in VALIDATION)


def _sequences(
    root: Path, scene: Scene, camera: str, *, settings: PrepareSettings, parts: Sequence[Part] | None
) -> Iterator[DataSequence]:
    shots, lidar = scene.shots.get(camera, ()), scene.shots.get(LIDAR, ())
    first = next((index for index, shot in enumerate(shots) if shot.key_of is not None), len(shots))
    shots = shots[first:]
    if not shots:
        raise DataError(f"The tables list no key frame of {camera} in {scene.name}.")
    if not (root / shots[0].file).is_file():
        raise DataError(f"{root / shots[0].file} is missing, so {scene.name} is left out; unpack its archive.")
    weather = "day-clear" if scene.day_clear else "night-or-rain"

    def reading(number: int) -> Callable[[], SourceFrame]:
        shot = shots[number]
        with_truth = settings.truth and (shot.key_of is not None or settings.variant == EVERY_FRAME)
        return partial(read_frame, _frame(root, scene, shot, lidar if with_truth else ()))

    def follows(number: int) -> bool:
        return number == 0 or shots[number].seconds - shots[number - 1].seconds <= LONGEST_GAP

    frames_of_part = frames_of_parts(
        parts, folder=scene.name, camera="02", present=range(len(shots)), neighbours=settings.neighbours
    )
    for prefix, frames in frames_of_part:
        if frames:
            listed = sequence_frames(
                [replace(frame, follows=frame.follows and follows(frame.number)) for frame in frames],
                name="{:06d}".format,
                seconds=lambda number: shots[number].seconds - shots[0].seconds,
                read=reading,
            )
            yield DataSequence(f"{prefix}{weather}/{scene.name}/{camera}", listed)


def _frame(root: Path, scene: Scene, image: Shot, lidar: Sequence[Shot]) -> _Frame:
    if image.key_of is not None:
        nearest = next((shot for shot in lidar if shot.key_of == image.key_of), None)
        return _Frame(root, image, nearest, scene.annotations.get(image.key_of))
    after = bisect_left([shot.seconds for shot in lidar], image.seconds)
    around = lidar[max(after - 1, 0) : after + 1]
    return _Frame(root, image, min(around, key=lambda shot: abs(shot.seconds - image.seconds), default=None), None)


def read_frame(frame: _Frame) -> SourceFrame:
    """Read an image with its camera and pose and, where a laser sweep is named, true depth and what moves."""
    image = read_rgb(frame.root / frame.image.file)
    height, width = image.shape[:2]
    if frame.image.intrinsic is None or frame.image.size not in ((0, 0), (width, height)):
        raise DataError(f"{frame.image.file} has not the size or the camera that its row in sample_data.json states.")
    camera = CameraIntrinsics(width, height, *frame.image.intrinsic, "nuScenes' calibrated_sensor.json")
    T_camera_to_world = frame.image.T_ego_to_world @ frame.image.T_sensor_to_ego
    truth: FrameTruth | None = None
    notes: tuple[str, ...] = ()
    if frame.lidar is not None:
        try:
            scan = read_sweep(frame.root / frame.lidar.file)
            truth = frame_truth(frame, scan, camera=camera, T_camera_to_world=T_camera_to_world)
        except DataError as error:
            notes = (f"no true depth: {error}",)
    return SourceFrame(image, camera, truth, TRUTH_SOURCE, T_camera_to_world=T_camera_to_world, notes=notes)


def frame_truth(frame: _Frame, scan: PointList, *, camera: CameraIntrinsics, T_camera_to_world: Pose) -> FrameTruth:
    """Depth in camera z of laser points, and their categories at key frames; hidden points are kept, as published."""
    assert frame.lidar is not None
    T_lidar_to_world = frame.lidar.T_ego_to_world @ frame.lidar.T_sensor_to_ego
    world = move(scan, T_lidar_to_world)
    projected = project(move(world, np.linalg.inv(T_camera_to_world)), camera.numbers)
    u, v, z = projected.T
    inside = (u > MARGIN) & (u < camera.width - MARGIN) & (v > MARGIN) & (v < camera.height - MARGIN)
    kept = (z > NEAREST) & inside
    seen = projected[kept]
    category = None
    if frame.annotations is not None:
        labels = point_categories(world[kept], frame.annotations)
        category = category_map(seen, labels, height=camera.height, width=camera.width)
    depth = depth_map(seen, height=camera.height, width=camera.width)
    return FrameTruth(depth, category, T_camera_to_world=T_camera_to_world)


def point_categories(points: PointList, annotations: Sequence[Annotation]) -> UInt8[np.ndarray, " point"]:
    """Background, static or moving object of points of the world, by the box that each lies in and its attribute."""
    labels = np.full(len(points), BACKGROUND, np.uint8)
    for annotation in annotations:
        if annotation.category.startswith(MOVABLE):
            T = annotation.T_box_to_world
            inside = inside_box(points, centre=T[:3, 3], rotation=T[:3, :3], size=annotation.size)
            labels[inside] = _category(annotation.attributes)
    return labels


def read_sweep(file: Path) -> PointList:
    """Read x, y, z of a `.pcd.bin`: five floats a point (intensity and ring besides). DataError if it is not so."""
    try:
        numbers: Float32[np.ndarray, " number"] = np.fromfile(file, "<f4").astype(np.float32)
    except OSError as error:
        raise DataError(f"The laser sweep {file} cannot be read: {error.strerror}.") from error
    if not numbers.size or numbers.size % 5:
        raise DataError(f"{file} is not a laser sweep of nuScenes: {numbers.size} numbers, not a multiple of 5.")
    points = numbers.reshape(-1, 5)[:, :3].astype(np.float64)
    return np.asarray(points[np.isfinite(points).all(axis=1)])


def _category(attributes: Sequence[str]) -> int:
    if not attributes or UNKNOWN_MOTION in attributes:
        return NO_CATEGORY
    return MOVING_OBJECT if any("moving" in attribute for attribute in attributes) else STATIC_OBJECT

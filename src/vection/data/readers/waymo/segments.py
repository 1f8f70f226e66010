"""Waymo Open for `vection prepare`: TFRecord segments (v1) or parquet tables (v2), one clip a segment and camera.

Images, labels and laser points are undistorted to the camera's own matrix K and size, as Dynamo-Depth does.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from vection.arrays import GreyImage, Remap
from vection.data.clips.folder import FrameTruth
from vection.data.clips.image_file import decode_rgb
from vection.data.clips.intrinsics import CameraIntrinsics
from vection.data.readers.sequences import (
    DataSequence,
    Listing,
    ListingDraft,
    PrepareSettings,
    SourceFrame,
    sequence_frames,
)
from vection.data.readers.sparse_depth import depth_map
from vection.data.readers.waymo.frame import CAMERAS, MICROSECOND, WaymoCamera, WaymoFrame, frame_time, parse_frame
from vection.data.readers.waymo.labels import box_categories, panoptic_categories, read_panoptic
from vection.data.readers.waymo.lasers import (
    DEPTH_KINDS,
    DEPTH_SOURCES,
    DepthKind,
    camera_pose,
    image_points,
    undistortion,
)
from vection.data.readers.waymo.parquet import read_frame as read_parquet_frame
from vection.data.readers.waymo.parquet import segment_times
from vection.data.readers.waymo.tfrecord import read_record, record_offsets
from vection.data.splits.listed_frames import Part, frames_of_parts, read_parts
from vection.errors import DataError, UsageError

BOXES = "boxes"
"""The variant that takes categories from boxes, at laser points only, in every frame; depth is camera z."""
SEGMENT_NAME = re.compile(r"\d+(?:_\d+){4}")


@dataclass(frozen=True)
class _Place:
    """Where one frame is stored: a record's offset in a file (v1), or a time in a segment's tables (v2)."""

    path: Path
    """The TFRecord file, or the folder of the components."""
    position: int
    segment: str | None = None
    """Of the tables; None: a TFRecord file."""


def list_sequences(source: Path, settings: PrepareSettings) -> Listing:
    """Find segments at any depth below `source`: `*.tfrecord`, or `camera_image/*.parquet` and its sisters."""
    cameras = settings.cameras or ("FRONT",)
    if any(camera not in CAMERAS[1:] for camera in cameras):
        raise UsageError(f"Waymo's cameras are {', '.join(CAMERAS[1:])}, not {', '.join(cameras)}.")
    if settings.variant not in (None, BOXES, *DEPTH_KINDS):
        raise UsageError(f"waymo has no variant '{settings.variant}'; there are {', '.join((*DEPTH_KINDS, BOXES))}.")
    parts = None
    if settings.split is not None:  # published lists name folders around the segment's name, and no side
        parts = [part.renamed(_segment_name, side="l") for part in read_parts(settings.split, near=source)]
    draft = ListingDraft()
    for name, segment, path in _segments(source):
        for camera in cameras:
            with draft.skipping(f"{name}/{camera}"):
                places, problem = _places(path, segment, camera=camera)
                draft.sequences += _sequences(name, places, camera=camera, settings=settings, parts=parts)
                if problem is not None:
                    raise DataError(problem)
    return draft.finish(parts)


def _segments(source: Path) -> Iterator[tuple[str, str | None, Path]]:
    """Yield name, segment of tables if it is one, and path."""
    for file in sorted(source.rglob("[!.]*.tfrecord")):
        segment = SEGMENT_NAME.search(file.stem)
        name = f"segment-{segment.group()}" if segment else file.stem
        yield (file.relative_to(source).parent / name).as_posix(), None, file
    for file in sorted(source.rglob("camera_image/[!.]*.parquet")):
        root = file.parent.parent
        yield (root.relative_to(source) / f"segment-{file.stem}").as_posix(), file.stem, root


def _places(path: Path, segment: str | None, *, camera: str) -> tuple[list[tuple[float, _Place]], str | None]:
    """Seconds and place of each frame, and what is wrong after them."""
    if segment is not None:
        times = segment_times(path, segment, camera=camera)
        return [(time * MICROSECOND, _Place(path, time, segment)) for time in times], None
    offsets, problem = record_offsets(path)
    return [(frame_time(path, offset), _Place(path, offset)) for offset in offsets], problem


def _sequences(
    name: str,
    places: Sequence[tuple[float, _Place]],
    *,
    camera: str,
    settings: PrepareSettings,
    parts: Sequence[Part] | None,
) -> Iterator[DataSequence]:
    def reading(number: int) -> Callable[[], SourceFrame]:
        place = places[number][1]
        return partial(read_frame, place, camera=camera, variant=settings.variant, truth=settings.truth)

    segment = _segment_name(name)
    frames_of_part = frames_of_parts(
        parts, folder=segment, camera="02", present=range(len(places)), neighbours=settings.neighbours
    )
    for prefix, frames in frames_of_part:
        if frames:
            listed = sequence_frames(
                frames,
                name="{:06d}".format,
                seconds=lambda number: places[number][0] - places[0][0],
                read=reading,
            )
            yield DataSequence(f"{prefix}{name}/{camera}", listed)


def _segment_name(path: str) -> str:
    """The name of the segment in a path; the path itself if it has none."""
    name = SEGMENT_NAME.search(path)
    return name.group() if name else path


def read_frame(place: _Place, *, camera: str, variant: str | None, truth: bool) -> SourceFrame:
    """Read one camera's undistorted image, its camera and pose and, if asked for, true depth and what moves."""
    if place.segment is None:
        frame = parse_frame(read_record(place.path, place.position), camera=camera, with_scans=truth)
    else:
        frame = read_parquet_frame(place.path, place.segment, time=place.position, camera=camera, with_scans=truth)
    image = decode_rgb(frame.jpeg, name=f"of {camera} in {place.path}")
    intrinsics = _intrinsics(frame.camera)
    if image.shape[:2] != (frame.camera.height, frame.camera.width):
        raise DataError(f"The image of {camera} in {place.path} has not the size of its calibration.")
    maps = undistortion(frame.camera)
    notes = _notes(frame, variant=variant) if truth else ()
    return SourceFrame(
        image=np.asarray(cv2.remap(image, *maps, cv2.INTER_LINEAR), np.uint8),
        camera=intrinsics,
        truth=frame_truth(frame, variant=variant, camera=camera) if frame.scans else None,
        truth_source=DEPTH_SOURCES[_depth_kind(variant)],
        usable=_seen(maps, width=intrinsics.width, height=intrinsics.height),
        T_camera_to_world=camera_pose(frame),
        notes=notes,
    )


def _notes(frame: WaymoFrame, *, variant: str | None) -> tuple[str, ...]:
    """What is missing in the truth of a frame."""
    if not frame.scans:
        return ("no true depth: the frame has no laser scans",)
    if not frame.boxes and (variant == BOXES or frame.panoptic_png is not None):
        return ("what moves is not known: the frame has no boxes (lidar_box)",)
    return ()


def frame_truth(frame: WaymoFrame, *, variant: str | None, camera: str) -> FrameTruth:
    """True depth from the lasers, and what moves: from panoptic labels where the frame has them, or from boxes."""
    kind = _depth_kind(variant)
    height, width = frame.camera.height, frame.camera.width
    lasers = image_points(frame, kind=kind, camera_number=CAMERAS.index(camera))
    seen, points = lasers.seen, lasers.points
    category = semantics = None
    if variant == BOXES and frame.boxes:
        category = box_categories(seen=seen, points=points, boxes=frame.boxes, height=height, width=width)
    elif variant != BOXES and (label := read_panoptic(frame)) is not None:
        # the historical truth lies in the distorted image, and so do its labels
        straight = label if kind == "vehicle-distance" else label.remapped(undistortion(frame.camera))
        category = panoptic_categories(straight, seen=seen, points=points, boxes=frame.boxes)
        semantics = straight.train_ids
    depth = depth_map(seen, height=height, width=width)
    return FrameTruth(depth, category, semantics, T_camera_to_world=camera_pose(frame))


def _depth_kind(variant: str | None) -> DepthKind:
    return next((kind for kind in DEPTH_KINDS if kind == variant), "camera-z")


def _intrinsics(camera: WaymoCamera) -> CameraIntrinsics:
    return CameraIntrinsics(camera.width, camera.height, *camera.numbers, "Waymo's calibration; undistorted")


def _seen(maps: Remap, *, width: int, height: int) -> GreyImage:
    """255 where the undistorted image shows something; its outermost corners may be black."""
    column, row = maps
    inside = (column >= 0) & (column <= width - 1) & (row >= 0) & (row <= height - 1)
    return np.where(inside, 255, 0).astype(np.uint8)

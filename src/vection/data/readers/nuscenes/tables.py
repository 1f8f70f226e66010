"""The JSON tables of nuScenes, of which only the rows of wanted sensors are kept: the whole tables fill 10 GB."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from vection.arrays import CameraNumbers, Pose, Rotation, Vector3
from vection.errors import DataError
from vection.files import read_text
from vection.formats.bounds import leads_out

LIDAR = "LIDAR_TOP"
MICROSECOND = 1e-6

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Shot:
    """One file of one sensor."""

    file: str
    """Below the data set's folder."""
    seconds: float
    key_of: str | None
    """Token of the sample (2 a second) whose annotations hold at this instant; None for a sweep between."""
    T_sensor_to_ego: Pose
    T_ego_to_world: Pose
    """At this shot's own time."""
    intrinsic: CameraNumbers | None
    """fx, fy, cx, cy of a camera in pixels; its images are undistorted already."""
    size: tuple[int, int]
    """Width and height of an image."""


@dataclass(frozen=True)
class Annotation:
    """A labelled object in the world at a sample's time."""

    category: str
    attributes: tuple[str, ...]
    T_box_to_world: Pose
    size: Vector3
    """Length, width, height: along the box's x, y, z."""


@dataclass(frozen=True)
class Scene:
    """Some 20 s of driving: the shots of each sensor in order of time, the annotations of each sample."""

    name: str
    description: str
    shots: Mapping[str, tuple[Shot, ...]]
    annotations: Mapping[str, tuple[Annotation, ...]]

    @property
    def day_clear(self) -> bool:
        """Whether the description tells of neither night nor rain."""
        return not any(word in self.description.lower() for word in ("night", "rain"))


def read_scenes(tables: Path, *, channels: Iterable[str], wanted: Callable[[str], bool]) -> list[Scene]:
    """Read the scenes whose name is `wanted` from a folder of tables (`v1.0-trainval`), with these sensors.

    DataError for a missing, broken or inconsistent table.
    """
    try:
        return _read_scenes(tables, channels=set(channels), wanted=wanted)
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"The tables of nuScenes in {tables} do not fit together ({error!r}).") from error


def _read_scenes(tables: Path, *, channels: set[str], wanted: Callable[[str], bool]) -> list[Scene]:
    scenes = {row["token"]: row for row in _rows(tables, "scene", lambda row: wanted(row["name"]))}
    samples = {
        row["token"]: row["scene_token"] for row in _rows(tables, "sample", lambda row: row["scene_token"] in scenes)
    }
    sensors = {row["token"]: row["channel"] for row in _rows(tables, "sensor") if row["channel"] in channels}
    mounted = {
        row["token"]: row for row in _rows(tables, "calibrated_sensor", lambda row: row["sensor_token"] in sensors)
    }
    data = _rows(
        tables, "sample_data", lambda row: row["calibrated_sensor_token"] in mounted and row["sample_token"] in samples
    )
    poses = {row["ego_pose_token"] for row in data}
    ego = {row["token"]: _transform(row) for row in _rows(tables, "ego_pose", lambda row: row["token"] in poses)}
    annotations = _read_annotations(tables, samples)
    shots: dict[str, dict[str, list[Shot]]] = {token: {} for token in scenes}
    for row in sorted(data, key=lambda row: row["timestamp"]):
        calibration = mounted[row["calibrated_sensor_token"]]
        shot = _shot(row, calibration, ego[row["ego_pose_token"]])
        shots[samples[row["sample_token"]]].setdefault(sensors[calibration["sensor_token"]], []).append(shot)
    in_scene: dict[str, dict[str, tuple[Annotation, ...]]] = {token: {} for token in scenes}
    for sample, labelled in annotations.items():
        in_scene[samples[sample]][sample] = tuple(labelled)
    return [
        Scene(
            row["name"],
            row["description"],
            {channel: tuple(of_sensor) for channel, of_sensor in shots[token].items()},
            in_scene[token],
        )
        for token, row in sorted(scenes.items(), key=lambda item: item[1]["name"])
    ]


def _read_annotations(tables: Path, samples: Mapping[str, str]) -> dict[str, list[Annotation]]:
    """Annotations by sample; none where the tables have none (the test set)."""
    if not (tables / "sample_annotation.json").is_file():
        return {}
    categories = {row["token"]: row["name"] for row in _rows(tables, "category")}
    instances = {row["token"]: categories[row["category_token"]] for row in _rows(tables, "instance")}
    attributes = {row["token"]: row["name"] for row in _rows(tables, "attribute")}
    annotations: dict[str, list[Annotation]] = {sample: [] for sample in samples}
    for row in _rows(tables, "sample_annotation", lambda row: row["sample_token"] in samples):
        width, length, height = row["size"]
        annotation = Annotation(
            category=instances[row["instance_token"]],
            attributes=tuple(attributes[token] for token in row["attribute_tokens"]),
            T_box_to_world=_transform(row),
            size=np.array([length, width, height], np.float64),
        )
        annotations.setdefault(row["sample_token"], []).append(annotation)
    return annotations


def _shot(row: Row, calibration: Row, T_ego_to_world: Pose) -> Shot:
    K = calibration["camera_intrinsic"]
    if leads_out(row["filename"]):
        raise ValueError(f"the file {row['filename']!r} would lead out of the data set")
    return Shot(
        file=row["filename"],
        seconds=row["timestamp"] * MICROSECOND,
        key_of=row["sample_token"] if row["is_key_frame"] else None,
        T_sensor_to_ego=_transform(calibration),
        T_ego_to_world=T_ego_to_world,
        intrinsic=(float(K[0][0]), float(K[1][1]), float(K[0][2]), float(K[1][2])) if K else None,
        size=(int(row.get("width") or 0), int(row.get("height") or 0)),
    )


def _rows(tables: Path, name: str, keep: Callable[[Row], bool] = lambda _: True) -> list[dict[str, Any]]:
    """Return the rows of a table that are kept; the others are dropped while it is parsed."""
    file = tables / f"{name}.json"

    def kept(row: dict[str, Any]) -> dict[str, Any] | None:
        return row if keep(row) else None

    text = read_text(file, remedy="unpack the tables of nuScenes again.", missing=DataError)
    try:
        content = json.loads(text, object_hook=kept)
    except (ValueError, RecursionError) as error:
        raise DataError(f"The table {file} of nuScenes is broken ({error}); unpack it again.") from error
    if not isinstance(content, list):
        raise DataError(f"The table {file} of nuScenes is no list of rows.")
    return [row for row in content if row is not None]


def _transform(row: Row) -> Pose:
    """Return the pose of a row, of NaN if it is none: then only the frames that need it are left out."""
    T = np.eye(4)
    try:
        T[:3, :3] = rotation_of_quaternion(row["rotation"])
        T[:3, 3] = row["translation"]
    except (TypeError, ValueError):
        T[:] = np.nan
    return T


def rotation_of_quaternion(numbers: Sequence[float | int]) -> Rotation:
    """Return the rotation of w, x, y, z, which is normalised first."""
    quaternion = np.array(numbers, np.float64)
    w, x, y, z = quaternion / np.linalg.norm(quaternion)
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )

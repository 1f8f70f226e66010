"""A ROS 2 bag in MCAP: compressed images, depth (REP 118), camera, transforms and the fused points."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np

from vection.arrays import Pose
from vection.data.clips.image_file import JPEG_QUALITY
from vection.exports.axes import ROS
from vection.exports.points import Points, fuse
from vection.exports.scene import Scene, SceneFrame
from vection.extras import extra
from vection.formats.camera_path import quaternion
from vection.progress import Report

START_SECONDS = 1.0
"""Time of the first frame; 0 means "now" to ROS."""
CAMERA_FRAME = "camera_optical"
"""The camera in ROS' tree of transforms, with x right, y down, z forward (REP 103)."""


def write_bag(scene: Scene, out: Path, report: Report) -> str:
    """Write a bag folder of ROS 2, storage MCAP, that `ros2 bag play` and Foxglove take; no ROS is needed.

    Topics: /camera/image_rect/compressed (JPEG), /camera/depth/image_rect (32FC1; REP 117: NaN unknown, -inf nearer
    than the range, +inf sky or farther), /camera/camera_info, /tf (map, with x forward, y left, z up, to
    camera_optical) and, once, /points. REP 118 means metres, so what is up to scale says so in its names:
    depth_up_to_scale, points_up_to_scale, map_up_to_scale.
    """
    with extra("export", purpose="Writing a ROS bag"):
        from rosbags.rosbag2 import StoragePlugin, Writer
        from rosbags.typesys import Stores, get_typestore
    fused = fuse(scene, report=report)
    types = get_typestore(Stores.ROS2_HUMBLE)
    make = _Messages(scene, types.types)
    # the writer makes its folder itself
    out.rmdir()
    with Writer(out, version=9, storage_plugin=StoragePlugin.MCAP) as bag:
        topics = {
            "/camera/image_rect/compressed": "sensor_msgs/msg/CompressedImage",
            f"/camera/depth{scene.suffix}/image_rect": "sensor_msgs/msg/Image",
            "/camera/camera_info": "sensor_msgs/msg/CameraInfo",
            "/tf": "tf2_msgs/msg/TFMessage",
        }
        connections = [bag.add_connection(topic, kind, typestore=types) for topic, kind in topics.items()]
        cloud = bag.add_connection(f"/points{scene.suffix}", "sensor_msgs/msg/PointCloud2", typestore=types)
        for number, frame in enumerate(scene):
            time = START_SECONDS + frame.seconds
            messages = [
                make.image(frame, time),
                make.depth(frame, time),
                make.info(frame, time),
                make.place(frame, time),
            ]
            if number == 0:
                points = make.points(fused.static, time)
                bag.write(cloud, _nanoseconds(time), types.serialize_cdr(points, points.__msgtype__))
            for connection, message in zip(connections, messages, strict=True):
                bag.write(connection, _nanoseconds(time), types.serialize_cdr(message, message.__msgtype__))
    return f"{len(scene)} frames, {len(fused.static):,} points; {', '.join(topics)}; {fused.words}"


class _Messages:
    """Makes messages of a scene's frames; `types` are those of the bag."""

    def __init__(self, scene: Scene, types: Any) -> None:
        self.scene = scene
        self.types = types
        self.world = f"map{scene.suffix}"

    def image(self, frame: SceneFrame, time: float) -> Any:
        _, coded = cv2.imencode(".jpg", frame.image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
        return self._new("sensor_msgs/msg/CompressedImage", self._header(CAMERA_FRAME, time), "jpeg", coded.ravel())

    def depth(self, frame: SceneFrame, time: float) -> Any:
        height, width = frame.depth.shape
        near = (frame.depth > 0) & (frame.depth < self.scene.settings.near)
        depth = np.select([frame.visible, frame.beyond, near], [frame.depth, np.inf, -np.inf], np.nan)
        data = np.frombuffer(depth.astype("<f4").tobytes(), np.uint8)
        header = self._header(CAMERA_FRAME, time)
        return self._new("sensor_msgs/msg/Image", header, height, width, "32FC1", 0, 4 * width, data)

    def info(self, frame: SceneFrame, time: float) -> Any:
        region = self._new("sensor_msgs/msg/RegionOfInterest", 0, 0, 0, 0, do_rectify=False)
        projection = np.concatenate([frame.camera_matrix, np.zeros((3, 1))], axis=1)
        return self._new(
            "sensor_msgs/msg/CameraInfo",
            self._header(CAMERA_FRAME, time),
            *frame.depth.shape,
            "plumb_bob",
            np.zeros(5),
            frame.camera_matrix.astype(np.float64).ravel(),
            np.eye(3).ravel(),
            projection.ravel(),
            0,
            0,
            region,
        )

    def place(self, frame: SceneFrame, time: float) -> Any:
        T: Pose = np.eye(4)
        T[:3] = ROS @ frame.T_camera_to_world[:3]
        translation = self._new("geometry_msgs/msg/Vector3", *T[:3, 3].tolist())
        rotation = self._new("geometry_msgs/msg/Quaternion", *quaternion(T[:3, :3]))
        transform = self._new("geometry_msgs/msg/Transform", translation, rotation)
        header = self._header(self.world, time)
        stamped = self._new("geometry_msgs/msg/TransformStamped", header, CAMERA_FRAME, transform)
        return self._new("tf2_msgs/msg/TFMessage", [stamped])

    def points(self, points: Points, time: float) -> Any:
        """The cloud as x, y, z and rgb, packed as PCL has it."""
        rows = np.zeros(len(points), [("xyz", "<f4", 3), ("rgb", "<u4")])
        rows["xyz"] = points.xyz @ ROS.T.astype(np.float32)
        red, green, blue = points.rgb.astype(np.uint32).T
        rows["rgb"] = red << 16 | green << 8 | blue
        fields = [self._new("sensor_msgs/msg/PointField", name, 4 * at, 7, 1) for at, name in enumerate("xyz")]
        fields.append(self._new("sensor_msgs/msg/PointField", "rgb", 12, 7, 1))
        data = np.frombuffer(rows.tobytes(), np.uint8)
        header = self._header(self.world, time)
        step, count = rows.itemsize, len(rows)
        kind = "sensor_msgs/msg/PointCloud2"
        return self._new(
            kind,
            header,
            1,
            count,
            fields,
            point_step=step,
            row_step=step * count,
            data=data,
            is_bigendian=False,
            is_dense=True,
        )

    def _header(self, frame: str, time: float) -> Any:
        seconds, rest = divmod(_nanoseconds(time), 1_000_000_000)
        return self._new("std_msgs/msg/Header", self._new("builtin_interfaces/msg/Time", seconds, rest), frame)

    def _new(self, kind: str, *values: Any, **named: Any) -> Any:
        return self.types[kind](*values, **named)


def _nanoseconds(seconds: float) -> int:
    return round(seconds * 1e9)

"""Waymo's range images as points of the vehicle, and as true depth of an undistorted image."""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from jaxtyping import Float, Int64

from vection.arrays import PointList, Pose, Remap
from vection.data.clips.truth_sources import TruthSource
from vection.data.readers.sparse_depth import move
from vection.data.readers.waymo.camera import (
    CAMERA_TO_VEHICLE_AXES,
    project_lidar,
    undistort_points,
    undistortion_maps,
    vehicle_to_camera,
)
from vection.data.readers.waymo.frame import WaymoCamera, WaymoFrame, WaymoScan

DepthKind = Literal["camera-z", "compensated", "waymo-projection", "vehicle-distance"]
DEPTH_KINDS: tuple[DepthKind, ...] = get_args(DepthKind)
"""Where and how deep a laser point is said to be:

"camera-z": its z in the camera, at its place in the undistorted image, the vehicle standing still between laser and
camera (Dynamo-Depth's evaluation since January 2025).
"compensated": the same with the vehicle's motion until the image was taken.
"waymo-projection": z in the camera at the place that Waymo found with the rolling shutter, undistorted.
"vehicle-distance": the distance from the vehicle's origin at Waymo's place in the distorted image, though the image is
undistorted: the numbers of Dynamo-Depth's paper, 1.11 times the depth in the median. For comparison only.
"""

DEPTH_SOURCES: dict[DepthKind, TruthSource] = {
    "camera-z": "waymo-laser-z",
    "compensated": "waymo-compensated-z",
    "waymo-projection": "waymo-projection-z",
    "vehicle-distance": "waymo-vehicle-distance",
}
"""Waymo's kinds of depth, as `data.clips.truth_sources` calls them."""


def frame_points(frame: WaymoFrame) -> tuple[PointList, Int64[np.ndarray, "point 6"] | None]:
    """Points of all lasers in the vehicle's coordinates at the frame's time, and Waymo's projections of them."""
    if not frame.scans:
        return np.zeros((0, 3)), None
    T_world_to_vehicle = np.linalg.inv(frame.T_vehicle_to_world)
    points = [scan_points(scan, T_world_to_vehicle) for scan in frame.scans]
    if any(scan.projections is None for scan in frame.scans):
        return np.concatenate(points), None
    projections = [scan.projections[scan.ranges > 0] for scan in frame.scans if scan.projections is not None]
    return np.concatenate(points), np.concatenate(projections)


def scan_points(scan: WaymoScan, T_world_to_vehicle: Pose) -> PointList:
    """Points of one laser in the vehicle's coordinates at the frame's time, row by row.

    Columns run from azimuth pi down to -pi, at their middles, about the laser's own forward direction; where the scan
    has poses, a point goes from the vehicle of its own instant through the world.
    """
    columns = scan.ranges.shape[1]
    extrinsic = scan.T_laser_to_vehicle
    middles = (np.arange(columns, 0, -1) - 0.5) / columns
    azimuth = (2 * middles - 1) * np.pi - np.arctan2(extrinsic[1, 0], extrinsic[0, 0])
    row, column = np.nonzero(scan.ranges > 0)
    inclination = scan.inclinations[::-1][row]
    distance = scan.ranges[row, column].astype(np.float64)
    level = distance * np.cos(inclination)
    points = np.stack(
        [level * np.cos(azimuth[column]), level * np.sin(azimuth[column]), distance * np.sin(inclination)], axis=1
    )
    points = move(points, extrinsic)
    if scan.poses is None:
        return points
    poses = scan.poses[row, column].astype(np.float64)
    world = np.einsum("nij,nj->ni", rotations(poses[:, :3]), points) + poses[:, 3:]
    return move(world, T_world_to_vehicle)


def rotations(angles: PointList) -> Float[np.ndarray, "point 3 3"]:
    """R = Rz(yaw) Ry(pitch) Rx(roll) of roll, pitch, yaw in radians."""
    (cr, cp, cy), (sr, sp, sy) = np.cos(angles).T, np.sin(angles).T
    rows = [
        [cy * cp, cy * sp * sr - sy * cr, cy * sp * cr + sy * sr],
        [sy * cp, sy * sp * sr + cy * cr, sy * sp * cr - cy * sr],
        [-sp, cp * sr, cp * cr],
    ]
    return np.array(rows).transpose(2, 0, 1)


@dataclass(frozen=True)
class ImagePoints:
    """The laser points that a camera sees."""

    seen: Float[np.ndarray, "seen 3"]
    """u, v in pixels of the undistorted image, and depth in metres."""
    points: Float[np.ndarray, "seen 3"]
    """The same points in the vehicle's coordinates at the frame's time."""
    index: Int64[np.ndarray, " seen"]
    """Which of `frame_points` they are."""


def image_points(frame: WaymoFrame, *, kind: DepthKind, camera_number: int) -> ImagePoints:
    """Find what the camera sees; points hidden by nearer things are kept, as in the published evaluations."""
    points, projections = frame_points(frame)
    camera = frame.camera
    T = vehicle_to_camera(camera.T_camera_to_vehicle)
    if kind in ("camera-z", "compensated"):
        if kind == "compensated":
            T = T @ np.linalg.inv(frame.T_vehicle_to_world_of_image) @ frame.T_vehicle_to_world
        seen, kept = project_lidar(points, T, intrinsics=camera.numbers, height=camera.height, width=camera.width)
        return ImagePoints(seen, points[kept], np.flatnonzero(kept))
    if projections is None:
        return ImagePoints(np.zeros((0, 3)), np.zeros((0, 3)), np.zeros(0, np.int64))
    # a point may be seen by two cameras; its place in ours is in the first or the second triple
    number = np.concatenate([np.arange(len(points))] * 2)
    place = np.concatenate([projections[:, :3], projections[:, 3:]])
    ours = place[:, 0] == camera_number
    number, pixels = number[ours], place[ours, 1:].astype(np.float64)
    if kind == "vehicle-distance":
        depth = np.linalg.norm(points[number], axis=1)
    else:
        pixels = undistort_points(pixels, camera.numbers, camera.distortion)
        depth = move(points[number], T)[:, 2]
    inside = ((pixels >= 0) & (pixels < (camera.width, camera.height))).all(axis=1) & (depth > 0)
    return ImagePoints(np.column_stack([pixels, depth])[inside], points[number[inside]], number[inside])


def undistortion(camera: WaymoCamera) -> Remap:
    """Maps from the distorted image to ours."""
    return undistortion_maps(camera.numbers, camera.distortion, width=camera.width, height=camera.height)


def camera_pose(frame: WaymoFrame) -> Pose:
    """T_camera_to_world when the image was taken, the camera in our axes."""
    return np.asarray(
        frame.T_vehicle_to_world_of_image @ frame.camera.T_camera_to_vehicle @ CAMERA_TO_VEHICLE_AXES, np.float64
    )

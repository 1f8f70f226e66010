"""Measured geometry on real frames, which are not part of the project."""

from functools import partial
from pathlib import Path

import cv2
import numpy as np

from vection.data.measure.pairs.measure import measure_pair
from vection.data.measure.sequence import StoredFrames, measure_sequence
from vection.data.measure.views import View, narrowed, read_view, with_even_light
from vection.data.readers.kitti.cameras import read_odometry_cameras
from vection.data.readers.kitti.lidar import read_lidar_calibration
from vection.formats.camera_path import read_path


def small_view(file: Path, camera: tuple[float, float, float, float]) -> View:
    return narrowed(read_view(file, camera), width=640)


def test_motion_of_neighbours(shared_data):
    folder = shared_data / "kitti_odometry/sequences/06"
    camera = read_odometry_cameras(folder / "calib.txt")["00"].intrinsics(width=1226, height=370).numbers
    start = 10  # the true path of the first frames is 0.1 degrees off at every step, whatever the image size
    poses = read_path(folder / "poses_first_51.txt").poses[start:]
    files = sorted((folder / "image_0").glob("*.png"))[start : start + 9]
    views = [with_even_light(small_view(file, camera)) for file in files]
    turns, ways = [], []
    for first in range(len(views) - 1):
        pair = measure_pair(views[first], views[first + 1], numbers=(first, first + 1))
        T = np.linalg.inv(poses[first + 1]) @ poses[first]
        assert pair.reason is None
        turns.append(np.degrees(np.linalg.norm(cv2.Rodrigues(np.array(pair.rotation).T @ T[:3, :3])[0])))
        ways.append(np.degrees(np.arccos(np.array(pair.direction) @ T[:3, 3] / np.linalg.norm(T[:3, 3]))))
    assert np.median(turns) < 0.03
    assert np.median(ways) < 0.9


def test_depth_is_that_of_the_laser(shared_data, tmp_path):
    day = shared_data / "kitti_raw/2011_09_26"
    drive = day / "2011_09_26_drive_0023_sync"
    P = read_lidar_calibration(day).P_rect
    files = sorted((drive / "proj_depth/velodyne/image_02").glob("*.npz"))[:4]
    views = [
        partial(small_view, drive / f"image_02/data/{file.stem}.png", (P[0, 0], P[1, 1], P[0, 2], P[1, 2]))
        for file in files
    ]
    names = tuple(file.stem for file in files)
    measured = measure_sequence(tmp_path, views, StoredFrames(names, (128, 416)), source="KITTI")
    ratios = []
    for index, file in enumerate(files):
        truth = np.load(file)["velodyne_depth"]
        rows, columns = np.nonzero(truth)
        depth = measured.read_depth(index).depth[rows * 128 // truth.shape[0], columns * 416 // truth.shape[1]]
        ratios.append((depth / truth[rows, columns])[depth > 0])
        assert len(ratios[-1]) > 0.4 * len(rows)
    ratio = np.concatenate(ratios)
    error = np.abs(ratio / np.median(ratio) - 1)
    assert error.mean() < 0.1
    assert np.median(error) < 0.04

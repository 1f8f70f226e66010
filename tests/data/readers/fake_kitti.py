"""Writes tiny KITTI data sets in their real layouts."""

from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np

DATE = "2011_09_26"
DRIVE = f"{DATE}/2011_09_26_drive_0001_sync"
WIDTH, HEIGHT, FOCAL = 80, 40, 50.0
BASELINE = 0.5


def write_image(path: Path, *, value: int, width: int = WIDTH, height: int = HEIGHT) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = np.full((height, width, 3), value % 256, np.uint8)
    image[: height // 4] = 255 - image[: height // 4]
    assert cv2.imwrite(str(path), image)


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-30])


def write_calibration(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    identity = "1 0 0 0 1 0 0 0 1"
    lines = ["calib_time: 09-Jan-2012 13:57:47", f"R_rect_00: {identity}"]
    for camera, offset in (("00", 0.0), ("01", -BASELINE), ("02", 0.06), ("03", 0.06 - BASELINE)):
        lines += [
            f"S_rect_{camera}: {WIDTH} {HEIGHT}",
            f"P_rect_{camera}: {FOCAL} 0 39.5 {offset * FOCAL} 0 {FOCAL} 19.5 0 0 0 1 0",
        ]
    (folder / "calib_cam_to_cam.txt").write_text("\n".join(lines) + "\n")
    axes = "0 -1 0 0 0 -1 1 0 0"
    (folder / "calib_velo_to_cam.txt").write_text(f"R: {axes}\nT: 0 0 0\n")
    (folder / "calib_imu_to_velo.txt").write_text(f"R: {identity}\nT: 0 0 0\n")


def write_raw_drive(
    root: Path, *, frames: Iterable[int] = range(5), drive: str = DRIVE, suffix: str = ".png", scans: bool = True
) -> None:
    """Frames of both colour cameras; a wall 10 m ahead in each scan; the car drives one metre east a frame."""
    folder = root / drive
    write_calibration(folder.parent)
    for frame in frames:
        for camera, extra in (("02", 0), ("03", 7)):
            write_image(folder / f"image_{camera}/data/{frame:010d}{suffix}", value=10 * frame + extra)
        if scans:
            write_scan(folder / f"velodyne_points/data/{frame:010d}.bin")
            write_packet(folder / f"oxts/data/{frame:010d}.txt", frame)
    for camera in ("02", "03"):
        stamps = [f"{DATE.replace('_', '-')} 13:17:59.{200000000 + 110000000 * frame:09d}" for frame in range(7)]
        (folder / f"image_{camera}/timestamps.txt").write_text("\n".join(stamps))


def write_scan(path: Path, *, distance: float = 10.0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    left, up = np.meshgrid(np.linspace(-6, 6, 25), np.linspace(-3, 3, 13))
    points = np.stack([np.full(left.size, distance), left.ravel(), up.ravel(), np.zeros(left.size)], axis=1)
    points.astype("<f4").tofile(path)


def write_packet(path: Path, metres: float) -> None:
    """A GPS/IMU packet this far to the east of 49 degrees north, 8 degrees east, looking east."""
    path.parent.mkdir(parents=True, exist_ok=True)
    longitude = 8 + np.degrees(metres / (6378137.0 * np.cos(np.radians(49.0))))
    path.write_text(" ".join(f"{number:.12f}" for number in (49.0, longitude, 110.0, 0.0, 0.0, 0.0, *[0.0] * 24)))

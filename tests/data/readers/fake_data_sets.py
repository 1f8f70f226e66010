"""All data sets of docs/datasets.md in their real layouts, as small as they go, below one folder."""

import shutil
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from tests.data.readers.fake_kitti import DRIVE, write_image, write_raw_drive
from tests.data.readers.fake_nuscenes import write_nuscenes
from tests.data.readers.fake_waymo import SEGMENT, write_tfrecord
from tests.data.readers.test_cityscapes import write_snippet

from vection.data.synthetic.drive import render_drive
from vection.data.synthetic.settings import street

OTHER_DAY = "2011_09_28/2011_09_28_drive_0002_sync"
OTHER_SEGMENT = "2222_333_444_555_666"
K = "50.0 0.0 39.5 0.0 50.0 19.5 0.0 0.0 1.0"
METRES_A_FRAME = 30


def write_list(file: Path, *lines: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(f"{line}\n" for line in lines))


def write_depth(path: Path, *, metres: float, size: tuple[int, int]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.full(size, round(256 * metres), np.uint16))


def kitti(root: Path) -> None:
    """Two days whose images differ in size, with the lists of the splits that the page names."""
    write_raw_drive(root)
    write_raw_drive(root, drive=OTHER_DAY)
    for image in (root / OTHER_DAY).glob("image_*/data/*"):
        write_image(image, value=int(image.stem), width=84)
    calibration = root / OTHER_DAY.partition("/")[0] / "calib_cam_to_cam.txt"
    calibration.write_text(calibration.read_text().replace(": 80 40", ": 84 40"))
    for drive, width in ((DRIVE, 80), (OTHER_DAY, 84)):
        write_depth(root / drive / "proj_depth/groundtruth/image_02/0000000002.png", metres=10, size=(40, width))
    train = [f"{drive} {frame} {side}" for drive in (DRIVE, OTHER_DAY) for frame in (1, 3) for side in "lr"]
    for name in ("eigen_zhou", "eigen_full", "benchmark"):
        write_list(root / f"splits/{name}/train_files.txt", *train)
        write_list(root / f"splits/{name}/val_files.txt", f"{DRIVE} 2 r")
    for name in ("eigen", "eigen_benchmark"):
        write_list(root / f"splits/{name}/test_files.txt", f"{DRIVE} 2 l", f"{OTHER_DAY} 0000000002 l")
    for part in ("train", "val"):
        pairs = [[f"{DRIVE}/image_0{c}/data/{frame:010d}.jpg" for c in (2, 3)] for frame in (1, 2, 3)]
        write_list(root / f"splits/kitti/{part}_files.txt", *(" ".join(pair) for pair in pairs))


def kitti_2015(root: Path) -> None:
    """Two images of different sizes, with what follows them, and semantic labels."""
    training = root / "training"
    write_list(root / "raw_drive_and_frame.txt", *(f"{n:06d} 2011_09_26 drive_a 0000000001" for n in (0, 1)))
    for number, width in ((0, 80), (1, 76)):
        for time in (10, 11):
            write_image(training / f"image_2/{number:06d}_{time}.png", value=40 * number + time, width=width)
        write_depth(training / f"disp_occ_0/{number:06d}_10.png", metres=5, size=(40, width))
        for folder, value in (("obj_map", 1), ("semantic", 26)):
            (training / folder).mkdir(exist_ok=True)
            file = training / folder / f"{number:06d}_10.png"
            cv2.imwrite(str(file), np.full((40, width), value, np.uint8))
        write_list(
            training / f"calib_cam_to_cam/{number:06d}.txt",
            "P_rect_02: 50 0 39.5 3 0 50 19.5 0 0 0 1 0",
            "P_rect_03: 50 0 39.5 -24 0 50 19.5 0 0 0 1 0",
        )


def odometry(root: Path) -> None:
    for sequence, frames in (("00", 12), ("09", 24), ("10", 45)):
        folder = root / "sequences" / sequence
        for frame in range(frames):
            write_image(folder / f"image_2/{frame:06d}.png", value=5 * frame)
        write_list(folder / "calib.txt", *(f"P{n}: 50 0 39.5 0 0 50 19.5 0 0 0 1 0" for n in range(4)))
        write_list(folder / "times.txt", *(f"{0.1 * frame:.6e}" for frame in range(frames)))
        poses = (f"1 0 0 0 0 1 0 0 0 0 1 {METRES_A_FRAME * frame}" for frame in range(frames))
        write_list(root / f"poses/{sequence}.txt", *poses)
    other = root.parent / "other_program"
    other.mkdir()
    for sequence in ("09", "10"):
        shutil.copy(root / f"poses/{sequence}.txt", other)


def kitti_depth(root: Path) -> None:
    chosen = root / "depth_selection/val_selection_cropped"
    server = root / "depth_selection/test_depth_prediction_anonymous"
    for frame in (5, 8):
        name = f"2011_09_26_drive_0002_sync_image_{frame:010d}_image_02"
        depth = name.replace("_image_", "_groundtruth_depth_", 1)
        write_image(chosen / f"image/{name}.png", value=40 + frame)
        write_depth(chosen / f"groundtruth_depth/{depth}.png", metres=frame, size=(40, 80))
        write_list(chosen / f"intrinsics/{name}.txt", K)
    write_image(server / "image/0000000000.png", value=9)
    write_list(server / "intrinsics/0000000000.txt", K)


def cityscapes(root: Path) -> None:
    """A snippet and a labelled image to train on, others to validate and to test."""
    write_snippet(root, "aachen_000000_000019")
    write_snippet(root, "aachen_000000_000019", kind="leftImg8bit", frames=(19,))
    for part, city in (("val", "munster"), ("test", "berlin")):
        more = root.with_name(f"{part}_of_{root.name}")
        write_snippet(more, f"{city}_000000_000019", kind="leftImg8bit", frames=(19,))
        for kind in more.iterdir():
            shutil.move(kind / "train", root / kind.name / part)
        shutil.rmtree(more)
    write_list(root / "splits/cityscapes/test_files.txt", "berlin berlin_000000_000019")


def make3d(root: Path) -> None:
    from scipy.io import savemat

    for folder in ("Test134", "Gridlaserdata"):
        (root / folder).mkdir(parents=True)
    cv2.imwrite(str(root / "Test134/img-op1-p-139t0.jpg"), np.full((2272, 1704, 3), 90, np.uint8))
    grid = np.full((55, 305, 4), 20.0)
    savemat(root / "Gridlaserdata/depth_sph_corr-op1-p-139t0.mat", {"Position3DGrid": grid})


def waymo(root: Path) -> None:
    write_tfrecord(root / "training")
    file = write_tfrecord(root / "validation")
    file.rename(file.with_name(file.name.replace(SEGMENT, OTHER_SEGMENT)))
    write_list(root / "splits/waymo/train_files.txt", *(f"train/segment-{SEGMENT} {frame}" for frame in (1, 2)))
    for name in ("test_files", "test_mask_files"):
        write_list(root / f"splits/waymo/{name}.txt", f"val/segment-{OTHER_SEGMENT} 2")


def nuscenes(root: Path) -> None:
    write_nuscenes(root)
    odd = (f"scenes/scene-0001 {frame}" for frame in range(1, 10, 2))
    write_list(root / "splits/nuscenes/train_files.txt", *odd)


def videos(root: Path) -> None:
    """Two folders of images, of unknown cameras."""
    for number in (1, 2):
        frames = render_drive(street(width=128, height=64, frames=8, antialias=False), seed=number)
        for index, frame in enumerate(frames):
            path = root / f"drive_{number}" / f"{index:06d}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(path), frame.image[..., ::-1])


WRITERS: dict[str, Callable[[Path], None]] = {
    "KITTI": kitti,
    "KITTI_2015": kitti_2015,
    "ODOMETRY": odometry,
    "DEPTH": kitti_depth,
    "CITYSCAPES": cityscapes,
    "MAKE3D": make3d,
    "WAYMO": waymo,
    "NUSCENES": nuscenes,
    "VIDEOS": videos,
}
"""By the words that stand for their folders in the page's commands."""

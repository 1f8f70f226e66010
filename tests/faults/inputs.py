"""Small whole inputs, made once a session and copied for each fault."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from tests.cli.conftest import SMALL, write_video
from tests.data.readers.fake_kitti import DRIVE, write_raw_drive
from tests.data.readers.fake_nuscenes import write_nuscenes
from tests.evaluation.paths.test_trajectory import winding_path
from tests.foreign_weights.test_lite_mono import write_checkpoint
from tests.reports.fake_run import write_fake_run

from vection.data.synthetic.drive import render_drive, write_drive
from vection.formats.camera_path import kitti_text
from vection.formats.checkpoint import save_checkpoint
from vection.formats.run_folder import RunFolder
from vection.recipes.methods import build_method
from vection.recipes.recipe_file import recipe_to_json
from vection.recipes.registry import get_recipe
from vection.training.position import Position

CAMERA = {"width": 96, "height": 64, "fx": 80.0, "fy": 80.0, "cx": 47.5, "cy": 31.5}
MAPS = {f"{index:06d}": np.full((64, 96), 3.0 + index, np.float32) for index in range(8)}
OTHER_DAY = "2011_09_28/2011_09_28_drive_0002_sync"


def images(root: Path) -> None:
    """`images/*.jpg`, a camera, a mask."""
    (root / "images").mkdir()
    for index, frame in enumerate(render_drive(SMALL, seed=3)):
        cv2.imwrite(str(root / f"images/{index}.jpg"), frame.image[..., ::-1])
    (root / "camera.json").write_text(json.dumps(CAMERA))
    cv2.imwrite(str(root / "mask.png"), np.full((64, 96), 255, np.uint8))


def video(root: Path) -> None:
    """`drive.mp4`."""
    write_video(root / "drive.mp4", [frame.image for frame in render_drive(SMALL, seed=3)])


def clip(root: Path) -> None:
    """`clip` with truth, and depth of its frames in files of other programs."""
    write_drive(root / "clip", SMALL, seed=1)
    np.savez(root / "disps.npz", **MAPS)
    np.savez(root / "truth.npz", **MAPS)
    np.save(root / "disps_x.npy", np.stack(list(MAPS.values())))
    (root / "maps").mkdir()
    for name, values in MAPS.items():
        np.save(root / f"maps/{name}.npy", values)
    (root / "path.txt").write_text(kitti_text(list(winding_path(8))))


def run(root: Path) -> None:
    """`run`, of untrained weights, and `image.jpg`."""
    recipe = get_recipe("monodepth2-debug")
    config = {"recipe": recipe_to_json(recipe), "position": vars(Position())}
    folder = RunFolder(root / "run")
    save_checkpoint(folder.last, weights=build_method(recipe.method).state_dict(), config=config)
    folder.write_recipe(recipe_to_json(recipe))
    cv2.imwrite(str(root / "image.jpg"), next(iter(render_drive(SMALL, seed=3))).image)


def report(root: Path) -> None:
    """`run`, of which a report can be written."""
    write_fake_run(root / "run")


def weights(root: Path) -> None:
    """`weights`, as Lite-Mono was published."""
    (root / "weights").mkdir()
    write_checkpoint(root / "weights", size=(96, 64), pose=False)


def kitti(root: Path) -> None:
    """`kitti`, two drives of KITTI raw with scans and GPS/IMU, and lists of their frames."""
    for drive in (DRIVE, OTHER_DAY):
        write_raw_drive(root / "kitti", drive=drive)
    (root / "list.txt").write_text(f"{DRIVE} 1 l\n{DRIVE} 2 l\n")


def nuscenes(root: Path) -> None:
    """`nuscenes`, two scenes."""
    write_nuscenes(root / "nuscenes")


KINDS: dict[str, Callable[[Path], None]] = {
    maker.__name__: maker for maker in (images, video, clip, run, report, weights, kitti, nuscenes)
}


def copied(kind: str, made: Path, place: Path) -> None:
    """Put the inputs of a kind into `place`; they are made in `made` when they are first wanted."""
    whole = made / kind
    if not whole.is_dir():
        whole.mkdir()
        KINDS[kind](whole)
    shutil.copytree(whole, place, dirs_exist_ok=True)

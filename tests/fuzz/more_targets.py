"""More that is read: weights of others, tables, laser scans, lists, paths, and the arguments of every command."""

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import torch
from tests.data.calibration import test_read
from tests.data.readers.fake_data_sets import WRITERS
from tests.data.readers.fake_waymo import write_parquet
from tests.foreign_weights import test_monodepth2, test_sc_sfmlearner
from tests.fuzz.arguments import other_arguments
from tests.fuzz.target import Target, target
from tests.fuzz.targets import (
    INGEST,
    ONE_STEP,
    TINY,
    TRAIN,
    arrays,
    clips,
    evaluated,
    images,
    paths,
    predictions,
    prepare_inputs,
    run_folder,
)

from vection.data.clips.folder import read_clip
from vection.data.synthetic.exact_geometry import write_exact_geometry
from vection.formats.checkpoint import weights_digest
from vection.formats.scale_file import RunScale, ScaleReading, write_scale

EVERY_FRAME = "--training.validation_fraction 0 --training.steps_per_epoch 8"
PREPARED = "data out --width 96 --height 64 --workers 0"


def _dispnet(folder: Path) -> None:
    test_sc_sfmlearner.write_public(folder / "weights", test_sc_sfmlearner.make_method(depth_network="dispnet"))


def _monodepth2(folder: Path) -> None:
    test_monodepth2.write_public(folder / "weights", test_monodepth2.make_method())


def _old_pickle(folder: Path) -> None:
    """The format of torch before 1.6, a pickle that is no archive."""
    _dispnet(folder)
    for path in (folder / "weights").iterdir():
        torch.save(torch.load(path), path, _use_new_zipfile_serialization=False)


def _parquet(folder: Path) -> None:
    (folder / "data").mkdir()
    write_parquet(folder / "data" / "validation", frames=2)


def _lists(folder: Path) -> None:
    (folder / "lists").mkdir()
    for part, first in (("train", 0), ("val", 20), ("test", 40)):
        lines = [f"2011_09_26/2011_09_26_drive_0001_sync {frame} l" for frame in range(first, first + 10)]
        (folder / f"lists/{part}_files.txt").write_text("\n".join(lines) + "\n")


def _listed(folder: Path) -> None:
    (folder / "data").mkdir()
    WRITERS["KITTI"](folder / "data")
    shutil.copyfile(folder / "data/splits/eigen_zhou/train_files.txt", folder / "list.txt")


def _named(folder: Path) -> None:
    arrays(folder)
    np.save(folder / "predictions.npy", np.full((2, 64, 96), 0.1, np.float32))
    (folder / "names.txt").write_text("000000\n000001\n")


def _masked(folder: Path) -> None:
    images(folder, ".png")
    mask = np.full((64, 96), 255, np.uint8)
    mask[50:] = 0
    cv2.imwrite(str(folder / "mask.png"), mask)


def _calibrated(folder: Path, name: str, text: str) -> None:
    """Images of the shape that the calibration is of, and it."""
    images(folder, ".png")
    for path in (folder / "images").iterdir():
        cv2.imwrite(str(path), cv2.resize(cv2.imread(str(path)), (96, 72)))
    (folder / name).write_text(text)


def _opencv_calibration() -> str:
    storage = cv2.FileStorage(".xml", cv2.FILE_STORAGE_WRITE | cv2.FILE_STORAGE_MEMORY)
    storage.write("image_width", 640)
    storage.write("image_height", 480)
    storage.write("camera_matrix", test_read.MATRIX)
    storage.write("distortion_coefficients", np.array([test_read.BENT]))
    return storage.releaseAndGetString()


CALIBRATIONS = {
    "camera.xml": _opencv_calibration(),
    "info.yaml": test_read.ROS.format(model="plumb_bob", count=5, values=list(test_read.BENT)),
    "camchain.yaml#cam1": test_read.KALIBR,
    "cameras.txt#2": test_read.COLMAP,
    "calib_cam_to_cam.txt#P_rect_03": test_read.KITTI,
}
"""Calibration files, with the camera that is meant."""


def _calibration(given: str) -> Target:
    name = given.partition("#")[0]
    write = partial(_calibrated, name=name, text=CALIBRATIONS[given])
    return target(f"calibration {name}", write, f"{INGEST} images --intrinsics {given}", name)


def _measured(folder: Path) -> None:
    clips(folder)
    write_exact_geometry(read_clip(folder / "clips/drive"))


def _travelled(folder: Path) -> None:
    run_folder(folder)
    rows = [f"{0.1 * index:.1f},{5 + 0.1 * index:.1f}" for index in range(10)]
    (folder / "speed.csv").write_text("seconds,speed\n" + "\n".join(rows) + "\n")
    (folder / "distances.csv").write_text("frame,x,y,metres\n000001,40,50,7.5\n000002,40,50,7.4\n")


def _scaled(folder: Path) -> None:
    run_folder(folder)
    reading = ScaleReading("camera height", 2.0, 0.1, 0.05, 100, (), ())
    digest = weights_digest(folder / "run/checkpoints/best")
    write_scale(folder / "run/scale.json", RunScale(2.0, 0.1, (reading,), "best", digest, 96, 64, "clips", 10.0))


def _nothing(folder: Path) -> None:
    (folder / "data").mkdir()
    (folder / "data/file.txt").write_text("")


def _arguments(write: Callable[[Path], None], words: str, undamaged: int = 0) -> Target:
    name = f"arguments {words.split()[0]}"
    return target(name, write, words, outputs=("",), undamaged=undamaged, change=other_arguments)


MORE_TARGETS = (
    target("import dispnet", _dispnet, "import weights --out out/run --width 96 --height 64", "weights/*"),
    target("import monodepth2", _monodepth2, "import weights --out out/run", "weights/*"),
    target("import old pickle", _old_pickle, "import weights --out out/run --width 96 --height 64", "weights/*"),
    target("prepare parquet", _parquet, f"prepare waymo {PREPARED}", "data/**/*.parquet"),
    target("laser kitti", partial(prepare_inputs, name="KITTI"), f"prepare kitti-raw {PREPARED}", "data/**/*.bin"),
    target("laser nuscenes", partial(prepare_inputs, name="NUSCENES"), f"prepare nuscenes {PREPARED}", "data/**/*.bin"),
    target("list splits", _lists, "splits lists", "lists/*"),
    target("list prepare", _listed, f"prepare kitti-raw {PREPARED} --split list.txt", "list.txt"),
    target(
        "list names",
        _named,
        "evaluate predictions.npy --names names.txt --truth truth.npz --protocol synthetic --kind depth",
        "names.txt",
        "predictions.npy",
    ),
    target("path kitti", paths, "odometry kitti.txt --truth tum.txt --out out --first-frame 0", "kitti.txt"),
    target("mask", _masked, f"{INGEST} images --intrinsics camera.json --mask mask.png", "mask.png"),
    *(_calibration(given) for given in CALIBRATIONS),
    target(
        "train measured",
        _measured,
        f"{TRAIN.replace('monodepth2', 'measured-depth').replace(TINY, '').replace(ONE_STEP, EVERY_FRAME)} out/run",
        "clips/drive/measured/*",
        "clips/drive/measured/*/*",
    ),
    target(
        "scale speed",
        _travelled,
        "scale run clips --speed speed.csv --out out/run --device cpu",
        "speed.csv",
        undamaged=3,
    ),
    target(
        "scale distances",
        _travelled,
        "scale run clips --distances-file distances.csv --out out/run --device cpu",
        "distances.csv",
    ),
    target("scale file", _scaled, "predict run clips --out out/p --device cpu", "run/scale.json"),
    target("report examples", evaluated, "report run", "run/examples/*", outputs=("run/report",)),
    _arguments(partial(images, suffix=".png"), "doctor images --intrinsics camera.json --json"),
    _arguments(partial(images, suffix=".png"), f"{INGEST} images --intrinsics camera.json --stride 1 --crop stretch"),
    _arguments(partial(prepare_inputs, name="KITTI"), f"prepare kitti-raw {PREPARED} --stereo"),
    _arguments(_dispnet, "import weights --out out/run --width 96 --height 64"),
    _arguments(clips, f"{TRAIN} out/run --data.batch_size 2 --training.seed 3"),
    _arguments(run_folder, "predict run clips --out out/p --device cpu --no-video"),
    _arguments(_travelled, "scale run clips --speed speed.csv --out out/run --device cpu", undamaged=3),
    _arguments(predictions, "evaluate predictions --truth clips/drive --protocol synthetic --out out.json"),
    _arguments(paths, "odometry tum.txt --truth kitti.txt --out out --align scale --snippets 5"),
    _arguments(predictions, "submission predictions --out out --factor 2", undamaged=2),
    _arguments(predictions, "view predictions --out out.html --far 40"),
    _arguments(predictions, "export predictions --to ply --out out.ply --far 40"),
    _arguments(evaluated, "report run --out out.html"),
    _arguments(run_folder, "publish run out --licence apache-2.0 --trained-on nothing"),
    _arguments(_lists, "splits lists --json"),
    _arguments(_nothing, "recipes monodepth2-debug"),
    target(
        "arguments demo",
        _nothing,
        "demo --out data --seed 3",
        outputs=("",),
        undamaged=2,
        change=lambda words, random: (*other_arguments(words, random), "--out", "data"),  # elsewhere it takes minutes
    ),
)

"""What is fuzzed: commands with small valid inputs, one target for each kind of file that is read."""

import json
import shutil
from dataclasses import replace
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import torch
from tests.cli.conftest import write_video
from tests.data.readers.fake_data_sets import WRITERS
from tests.evaluation.paths.test_trajectory import winding_path
from tests.fuzz.target import Target, target

from vection.cli.main import main
from vection.data.synthetic import render_drive, write_drive
from vection.data.synthetic.settings import street
from vection.formats.camera_path import CameraPath, csv_text, kitti_text, tum_text

SMALL = street(width=96, height=64, frames=4, antialias=False)
CAMERA = {"width": 96, "height": 64, "fx": 80.0, "fy": 80.0, "cx": 47.5, "cy": 31.5}


TINY = "--method.depth_network lite-mono-tiny --method.ego_motion posenet"
"""A few megabytes of weights, for monodepth2-debug."""


def done(*words: str | Path) -> None:
    code = main([str(word) for word in words])
    assert code == 0, words


def images(folder: Path, suffix: str) -> None:
    (folder / "images").mkdir()
    for index, frame in enumerate(render_drive(SMALL, seed=3)):
        cv2.imwrite(str(folder / f"images/{index:06d}{suffix}"), frame.image[..., ::-1])
    (folder / "camera.json").write_text(json.dumps(CAMERA))


def video(folder: Path, name: str = "drive.mp4") -> None:
    write_video(folder / name, [frame.image for frame in render_drive(SMALL, seed=3)])


def clips(folder: Path) -> None:
    write_drive(folder / "clips/drive", replace(SMALL, frames=8), seed=1)


def run_folder(folder: Path, recipe: str = "monodepth2-debug") -> None:
    clips(folder)
    words = ("--data", folder / "clips", "--out", folder / "run", "--device", "cpu", "--stages.0.epochs", "1")
    done("train", recipe, *words, *TINY.split(), "--training.steps_per_epoch", "1")
    shutil.rmtree(folder / "run/tensorboard", ignore_errors=True)


def predictions(folder: Path) -> None:
    run_folder(folder)
    done("predict", folder / "run", folder / "clips/drive", "--out", folder / "predictions", "--device", "cpu")
    shutil.rmtree(folder / "run")


def evaluated(folder: Path) -> None:
    run_folder(folder)
    done("predict", folder / "run", folder / "clips", "--out", folder / "run/predictions", "--device", "cpu")
    done("evaluate", folder / "run", "--truth", folder / "clips", "--protocol", "synthetic")


def arrays(folder: Path) -> None:
    depths = {f"{index:06d}": np.full((64, 96), 3.0 + index, np.float32) for index in range(2)}
    np.savez(folder / "truth.npz", **depths)
    np.savez_compressed(folder / "predictions.npz", **depths)


def truth_folder(folder: Path) -> None:
    (folder / "truth").mkdir()
    (folder / "predictions").mkdir()
    for index in range(2):
        cv2.imwrite(str(folder / f"truth/{index:06d}.png"), np.full((64, 96), 256 * (3 + index), np.uint16))
        np.save(folder / f"predictions/{index:06d}.npy", np.full((64, 96), 2.0 + index, np.float32))


def paths(folder: Path) -> None:
    poses, seconds = list(winding_path(20)), [0.1 * index for index in range(20)]
    (folder / "kitti.txt").write_text(kitti_text(poses))
    (folder / "tum.txt").write_text(tum_text(poses, seconds))
    (folder / "path.csv").write_text(csv_text(CameraPath("path", np.stack(poses), seconds=np.array(seconds))))


def weights(folder: Path) -> None:
    state = {"encoder.conv1.weight": torch.zeros(8, 3, 3, 3), "epoch": 3, "decoder.0.bias": torch.ones(4)}
    (folder / "weights").mkdir()
    torch.save(state, folder / "weights/encoder.pth")
    torch.save({"model": state}, folder / "weights/depth.pth")


def prepare_inputs(folder: Path, name: str) -> None:
    (folder / "data").mkdir()
    WRITERS[name](folder / "data")


def _prepared(data: str, name: str, more: str = "") -> Target:
    words = f"prepare {name} data out --width 96 --height 64 --workers 0 {more}"
    return target(f"prepare {name}", partial(prepare_inputs, name=data), words, "data/**/*.*")


INGEST = "ingest --width 96 --height 64 --out out/clip"
ONE_STEP = "--training.steps_per_epoch 1"
TRAIN = f"train monodepth2-debug {TINY} --data clips {ONE_STEP} --stages.0.epochs 1 --device cpu --out"
WRITTEN = ("out", "predictions/evaluation")

TARGETS = (
    target("ingest png", partial(images, suffix=".png"), f"{INGEST} images --intrinsics camera.json", "images/*"),
    target("ingest jpeg", partial(images, suffix=".jpg"), f"{INGEST} images --intrinsics camera.json", "images/*"),
    target("ingest mp4", video, f"{INGEST} drive.mp4 --intrinsics fov:70", "drive.mp4"),
    target("ingest mkv", partial(video, name="drive.mkv"), f"{INGEST} drive.mkv --intrinsics fov:70", "drive.mkv"),
    target("camera json", partial(images, suffix=".png"), f"{INGEST} images --intrinsics camera.json", "camera.json"),
    target(
        "predict clip",
        run_folder,
        "predict run clips --out out/p --device cpu",
        "clips/*/clip.json",
        "clips/*/frames/*",
    ),
    target("predict run", run_folder, "predict run clips --out out/p --device cpu", "run/checkpoints/best/*"),
    target("resume run", run_folder, f"{TRAIN} run", "run/*.json*", "run/checkpoints/last/*.*", outputs=("run",)),
    target("train clip", clips, f"{TRAIN} out/run", "clips/*/clip.json", "clips/*/frames/*"),
    target(
        "evaluate predictions",
        predictions,
        "evaluate predictions --truth clips/drive --protocol synthetic",
        "predictions/predictions.json",
        "predictions/depth/*",
        "clips/drive/clip.json",
        "clips/drive/truth/*",
        outputs=WRITTEN,
    ),
    target("evaluate npz", arrays, "evaluate predictions.npz --truth truth.npz --protocol synthetic", "*.npz"),
    target(
        "evaluate files",
        truth_folder,
        "evaluate predictions --truth truth --protocol synthetic",
        "truth/*",
        "predictions/*",
        outputs=WRITTEN,
    ),
    target("odometry tum", paths, "odometry tum.txt --truth kitti.txt --out out", "tum.txt", "kitti.txt"),
    target("odometry csv", paths, "odometry path.csv --truth tum.txt --out out", "path.csv", "tum.txt"),
    target("report", evaluated, "report run", "run/*.json*", outputs=("run/report",)),
    target(
        "export ply",
        predictions,
        "export predictions --to ply --out out.ply",
        "predictions/*.*",
        "predictions/depth/*",
    ),
    target(
        "view",
        predictions,
        "view predictions --frames clips/drive --out out.html",
        "predictions/*.json",
        "clips/drive/frames/*",
    ),
    target("import", weights, "import weights --out out", "weights/*", undamaged=2),
    _prepared("KITTI", "kitti-raw"),
    _prepared("ODOMETRY", "kitti-odometry"),
    _prepared("CITYSCAPES", "cityscapes"),
    _prepared("MAKE3D", "make3d"),
    _prepared("WAYMO", "waymo"),
    _prepared("NUSCENES", "nuscenes"),
    _prepared("VIDEOS", "videos", "--intrinsics fov:70"),
)

"""What is fuzzed: commands with small valid inputs, one target for each kind of file that is read."""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from tests.cli.conftest import write_video
from tests.data.readers.fake_data_sets import WRITERS
from tests.evaluation.paths.test_trajectory import winding_path

from vection.cli.main import main
from vection.data.synthetic import render_drive, write_drive
from vection.data.synthetic.settings import street
from vection.formats.camera_path import csv_text, kitti_text, tum_text

SMALL = street(width=96, height=64, frames=4, antialias=False)
CAMERA = {"width": 96, "height": 64, "fx": 80.0, "fy": 80.0, "cx": 47.5, "cy": 31.5}


@dataclass(frozen=True)
class Target:
    """A command, what it reads, and which of that is damaged."""

    name: str
    write: Callable[[Path], None]
    """Writes the valid inputs into an empty folder; done once."""
    words: tuple[str, ...]
    """The command, run in the folder."""
    damaged: tuple[str, ...]
    """Patterns of the files that are damaged, one of them in each case."""
    outputs: tuple[str, ...] = ("out",)
    """How the paths begin that the command may write."""
    undamaged: int = 0
    """Exit code without any damage."""


def _done(*words: str | Path) -> None:
    code = main([str(word) for word in words])
    assert code == 0, words


def _images(folder: Path, suffix: str) -> None:
    (folder / "images").mkdir()
    for index, frame in enumerate(render_drive(SMALL, seed=3)):
        cv2.imwrite(str(folder / f"images/{index:06d}{suffix}"), frame.image[..., ::-1])
    (folder / "camera.json").write_text(json.dumps(CAMERA))


def _video(folder: Path, name: str = "drive.mp4") -> None:
    write_video(folder / name, [frame.image for frame in render_drive(SMALL, seed=3)])


def _clips(folder: Path) -> None:
    write_drive(folder / "clips/drive", replace(SMALL, frames=8), seed=1)


def _run(folder: Path, recipe: str = "monodepth2-debug") -> None:
    _clips(folder)
    words = ("--data", folder / "clips", "--out", folder / "run", "--device", "cpu", "--stages.0.epochs", "1")
    _done("train", recipe, *words, "--training.steps_per_epoch", "1")
    shutil.rmtree(folder / "run/tensorboard", ignore_errors=True)


def _predictions(folder: Path) -> None:
    _run(folder)
    _done("predict", folder / "run", folder / "clips/drive", "--out", folder / "predictions", "--device", "cpu")
    shutil.rmtree(folder / "run")


def _evaluated(folder: Path) -> None:
    _run(folder)
    _done("evaluate", folder / "run", "--truth", folder / "clips", "--protocol", "synthetic")


def _arrays(folder: Path) -> None:
    depths = {f"{index:06d}": np.full((64, 96), 3.0 + index, np.float32) for index in range(2)}
    np.savez(folder / "truth.npz", **depths)
    np.savez_compressed(folder / "predictions.npz", **depths)


def _truth_folder(folder: Path) -> None:
    (folder / "truth").mkdir()
    (folder / "predictions").mkdir()
    for index in range(2):
        cv2.imwrite(str(folder / f"truth/{index:06d}.png"), np.full((64, 96), 256 * (3 + index), np.uint16))
        np.save(folder / f"predictions/{index:06d}.npy", np.full((64, 96), 2.0 + index, np.float32))


def _paths(folder: Path) -> None:
    poses, seconds = list(winding_path(20)), [0.1 * index for index in range(20)]
    (folder / "kitti.txt").write_text(kitti_text(poses))
    (folder / "tum.txt").write_text(tum_text(poses, seconds))
    (folder / "path.csv").write_text(csv_text(poses, seconds))


def _weights(folder: Path) -> None:
    state = {"encoder.conv1.weight": torch.zeros(8, 3, 3, 3), "epoch": 3, "decoder.0.bias": torch.ones(4)}
    (folder / "weights").mkdir()
    torch.save(state, folder / "weights/encoder.pth")
    torch.save({"model": state}, folder / "weights/depth.pth")


def _prepare(folder: Path, name: str) -> None:
    (folder / "data").mkdir()
    WRITERS[name](folder / "data")


def _target(name: str, write: Callable[[Path], None], words: str, *damaged: str, **more: Any) -> Target:
    return Target(name, write, tuple(words.split()), damaged, **more)


def _prepared(data: str, name: str, more: str = "") -> Target:
    words = f"prepare {name} data out --width 96 --height 64 --workers 0 {more}"
    return _target(f"prepare {name}", partial(_prepare, name=data), words, "data/**/*.*")


INGEST = "ingest --width 96 --height 64 --out out/clip"
TRAIN = "train monodepth2-debug --data clips --training.steps_per_epoch 1 --stages.0.epochs 1 --device cpu --out"
WRITTEN = ("out", "predictions/evaluation")

TARGETS = (
    _target("ingest png", partial(_images, suffix=".png"), f"{INGEST} images --intrinsics camera.json", "images/*"),
    _target("ingest jpeg", partial(_images, suffix=".jpg"), f"{INGEST} images --intrinsics camera.json", "images/*"),
    _target("ingest mp4", _video, f"{INGEST} drive.mp4 --intrinsics fov:70", "drive.mp4"),
    _target("ingest mkv", partial(_video, name="drive.mkv"), f"{INGEST} drive.mkv --intrinsics fov:70", "drive.mkv"),
    _target("camera json", partial(_images, suffix=".png"), f"{INGEST} images --intrinsics camera.json", "camera.json"),
    _target(
        "predict clip", _run, "predict run clips --out out/p --device cpu", "clips/*/clip.json", "clips/*/frames/*"
    ),
    _target("predict run", _run, "predict run clips --out out/p --device cpu", "run/checkpoints/best/*"),
    _target("resume run", _run, f"{TRAIN} run", "run/*.json*", "run/checkpoints/last/*.*", outputs=("run",)),
    _target("train clip", _clips, f"{TRAIN} out/run", "clips/*/clip.json", "clips/*/frames/*"),
    _target(
        "evaluate predictions",
        _predictions,
        "evaluate predictions --truth clips/drive --protocol synthetic",
        "predictions/predictions.json",
        "predictions/depth/*",
        "clips/drive/clip.json",
        "clips/drive/truth/*",
        outputs=WRITTEN,
    ),
    _target("evaluate npz", _arrays, "evaluate predictions.npz --truth truth.npz --protocol synthetic", "*.npz"),
    _target(
        "evaluate files",
        _truth_folder,
        "evaluate predictions --truth truth --protocol synthetic",
        "truth/*",
        "predictions/*",
        outputs=WRITTEN,
    ),
    _target("odometry tum", _paths, "odometry tum.txt --truth kitti.txt --out out", "tum.txt", "kitti.txt"),
    _target("odometry csv", _paths, "odometry path.csv --truth tum.txt --out out", "path.csv", "tum.txt"),
    _target("report", _evaluated, "report run", "run/*.json*", outputs=("run/report",)),
    _target(
        "export ply",
        _predictions,
        "export predictions --to ply --out out.ply",
        "predictions/*.*",
        "predictions/depth/*",
    ),
    _target("view", _predictions, "view predictions --out out.html", "predictions/*.json", "clips/drive/frames/*"),
    _target("import", _weights, "import weights --out out", "weights/*", undamaged=2),
    _prepared("KITTI", "kitti-raw"),
    _prepared("ODOMETRY", "kitti-odometry"),
    _prepared("CITYSCAPES", "cityscapes"),
    _prepared("MAKE3D", "make3d"),
    _prepared("WAYMO", "waymo"),
    _prepared("NUSCENES", "nuscenes"),
    _prepared("VIDEOS", "videos", "--intrinsics fov:70"),
)

"""What is interrupted: every command that writes, with tiny inputs and the result of a call in peace."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.data.readers.fake_kitti import write_raw_drive
from tests.foreign_weights import test_sc_sfmlearner
from tests.fuzz.targets import TINY, clips, evaluated, images, paths, predictions, run_folder, video

from vection.cli.main import main


@dataclass(frozen=True)
class Scenario:
    """A command, and what it reads."""

    name: str
    write: Callable[[Path], None]
    """Writes the inputs into an empty folder; done once."""
    words: tuple[str, ...]
    """The command, run in the folder; repeated after an interruption."""
    goes_on: tuple[str, ...] = ()
    """How the paths begin that an interrupted call may leave, because the next one goes on with them."""


def _overwritten(folder: Path) -> None:
    images(folder, ".png")
    code = main(["ingest", str(folder / "images"), "--out", str(folder / "clip"), "--width", "64", "--height", "64"])
    assert code == 0


def _predicted_again(folder: Path) -> None:
    run_folder(folder)
    shutil.copytree(folder / "run/checkpoints/best", folder / "model")
    shutil.rmtree(folder / "run")
    words = ("predict", folder / "model", folder / "clips/drive", "--out", folder / "p", "--no-path", "--no-video")
    assert main([*map(str, words), "--device", "cpu"]) == 0


def _two_videos(folder: Path) -> None:
    (folder / "videos").mkdir()
    video(folder / "videos", "a.mp4")
    shutil.copyfile(folder / "videos/a.mp4", folder / "videos/b.mp4")


def _raw(folder: Path) -> None:
    write_raw_drive(folder / "raw")


def _public(folder: Path) -> None:
    test_sc_sfmlearner.write_public(folder / "weights", test_sc_sfmlearner.make_method(depth_network="dispnet"))


def _scenario(name: str, write: Callable[[Path], None], words: str, *goes_on: str) -> Scenario:
    return Scenario(name, write, tuple(words.split()), goes_on)


def _training(recipe: str, more: str = "", *goes_on: str) -> Scenario:
    often = "--training.checkpoint_every 1 --training.steps_per_epoch 1"
    words = f"train {recipe}-debug --data clips --out run --device cpu {often} {more}"
    return _scenario(f"train {recipe}", clips, words, "run", *goes_on)


_WIDE = "--width 96 --height 64"

SCENARIOS = (
    _scenario("ingest", partial(images, suffix=".png"), f"ingest images --out new/clip {_WIDE}"),
    _scenario("ingest video", video, f"ingest drive.mp4 --out clip --intrinsics fov:70 {_WIDE}"),
    _scenario("ingest videos", _two_videos, f"ingest videos --out clips --intrinsics fov:70 {_WIDE}"),
    _scenario("ingest again", _overwritten, f"ingest images --out clip --overwrite {_WIDE}"),
    _scenario("measure", video, f"ingest drive.mp4 --out clip --intrinsics fov:70 --measure --workers 0 {_WIDE}"),
    _scenario("prepare", _raw, f"prepare kitti-raw raw out {_WIDE} --workers 0", "out"),
    _scenario("prepare measured", _raw, f"prepare kitti-raw raw out {_WIDE} --workers 0 --measure", "out"),
    _scenario("prepare in workers", _raw, f"prepare kitti-raw raw out {_WIDE} --workers 2", "out"),
    _scenario(
        "train with workers",
        clips,
        f"train monodepth2-debug --data clips --out run --device cpu --data.workers 1 {TINY}",
        "run",
    ),
    _training("monodepth2", f"{TINY} --training.snapshot_every 1"),
    _training("sc-sfmlearner", "--method.depth_network dispnet"),
    _training("sgdepth", "--method.depth_network efficientnet-lite0"),
    _training("motion-field", "--method.depth_network efficientnet-lite0"),
    _training("dynamo-depth"),
    _training("measured-depth", "--workers 0", "clips/drive/measured"),
    _scenario("predict", run_folder, "predict run clips/drive --out p --device cpu"),
    _scenario(
        "predict again", _predicted_again, "predict model clips/drive --out p --overwrite --no-path --device cpu"
    ),
    _scenario("evaluate", predictions, "evaluate predictions --truth clips/drive --protocol synthetic --out e.json"),
    _scenario("odometry", paths, "odometry tum.txt --truth kitti.txt --out path", "path"),
    _scenario("report", evaluated, "report run"),
    _scenario("import", _public, f"import weights --out run {_WIDE}"),
    _scenario("export file", predictions, "export predictions --to ply --out points.ply"),
    _scenario("export folder", predictions, "export predictions --to colmap --out colmap"),
    _scenario("view", predictions, "view predictions --out page.html"),
)

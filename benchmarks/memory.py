"""Memory of `ingest`, `predict` and `odometry` by the number of frames, and how soon training on many frames starts.

    python benchmarks/memory.py --frames 3000 30000 --training-frames 100000

Frames are 64x64 and links to a few, so that the number alone grows; each command runs in a process of its own, and
its peak memory (resident) is the system's. Training starts when the first step begins, imports and all.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from time import perf_counter

import cv2

from vection.data.clips.folder import read_clip, write_clip
from vection.data.synthetic import render_drive, write_drive
from vection.data.synthetic.settings import street

SETTINGS = street(width=64, height=64, frames=16, antialias=False)
TINY = ("--method.depth_network", "lite-mono-tiny", "--method.ego_motion", "posenet", "--device", "cpu")
MEASURE = "import resource, sys; from vection.cli.main import main; code = main(sys.argv[1:]); "
MEASURE += "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr); sys.exit(code)"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, nargs="+", default=[3000, 30000])
    parser.add_argument("--training-frames", type=int, default=100_000)
    parser.add_argument("--clips", type=int, nargs="+", default=[1, 100, 2000], help="clips that these are spread over")
    parser.add_argument("--commands", nargs="+", default=["ingest", "predict", "odometry", "train"])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        os.environ["OMP_NUM_THREADS"] = "1"
        if {"predict", "odometry"} & {*options.commands}:
            make_run(place)
        print(f"| command | {' | '.join(f'{count} frames' for count in options.frames)} | growth |")
        print(f"|---|{'---|' * len(options.frames)}---|")
        for command in options.commands:
            if command != "train":
                peaks = [peak_memory(command, count, place) for count in options.frames]
                megabytes = " | ".join(f"{peak:.0f} MB" for peak in peaks)
                print(f"| {command} | {megabytes} | {peaks[-1] / peaks[0] - 1:+.1%} |", flush=True)
        if "train" in options.commands:
            print("\n| clips | frames | start of training | processor time | peak memory |\n|---|---|---|---|---|")
            for count in options.clips:
                print(training_start(count, options.training_frames, place), flush=True)


def make_run(place: Path) -> None:
    write_drive(place / "small", SETTINGS, seed=1)
    words = ("--training.steps_per_epoch", 1, "--stages.0.epochs", 1, "--data.width", 64, "--data.height", 64)
    run("train", "monodepth2-debug", "--data", place / "small", "--out", place / "run", *TINY, *words)


def peak_memory(command: str, count: int, place: Path) -> float:
    """Return the peak of a command on `count` frames in megabytes."""
    images = link_images(place / f"images-{count}", count)
    out = place / f"{command}-{count}"
    words = {
        "ingest": ("ingest", images, "--out", out, "--width", 64, "--height", 64, "--stride", 1, "--keep-static"),
        "predict": ("predict", place / "run", images, "--out", out, "--device", "cpu", "--intrinsics", "fov:70"),
        "odometry": ("odometry", place / "run", images, "--out", out, "--device", "cpu", "--intrinsics", "fov:70"),
    }
    return run(*words[command])


def link_images(folder: Path, count: int) -> Path:
    """Fill a folder with a drive to and fro, as links to its frames."""
    if folder.is_dir():
        return folder
    folder.mkdir()
    frames = [frame.image for frame in render_drive(SETTINGS, seed=3)]
    for number, image in enumerate(frames):
        cv2.imwrite(str(folder / f"{number:06d}.jpg"), image[..., ::-1])
    to_and_fro = [*range(len(frames)), *range(len(frames) - 2, 0, -1)]
    for number in range(len(frames), count):
        source = to_and_fro[number % len(to_and_fro)]
        os.link(folder / f"{source:06d}.jpg", folder / f"{number:06d}.jpg")
    return folder


def training_start(clips: int, frames: int, place: Path) -> str:
    """Return a row: the time until a training of one step ends, without that of the same on one small clip."""
    root = place / f"clips-{clips}"
    for number in range(clips):
        link_clip(root / f"clip_{number:05d}", frames // clips, place)
    words = ("--training.steps_per_epoch", 1, "--stages.0.epochs", 1, "--training.validation_batches", 1)
    size = ("--data.width", 64, "--data.height", 64)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = perf_counter()
    peak = run("train", "monodepth2-debug", "--data", root, "--out", place / f"run-{clips}", *TINY, *words, *size)
    seconds = perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return f"| {clips} | {frames} | {seconds:.1f} s | {processor:.1f} s | {peak:.0f} MB |"


def link_clip(folder: Path, frames: int, place: Path) -> None:
    """Make a clip of many frames of a small one."""
    if not (place / "small").is_dir():
        write_drive(place / "small", SETTINGS, seed=1)
    small = read_clip(place / "small")
    (folder / "frames").mkdir(parents=True)
    listed = []
    for number in range(frames):
        frame = small.frames[number % len(small)]
        name = f"frames/{number:06d}.jpg"
        os.link(small.folder / frame.file, folder / name)
        listed.append(replace(frame, file=name, seconds=0.1 * number))
    write_clip(replace(small, folder=folder, name=folder.name, frames=tuple(listed), truth=None, truth_source=None))


def run(*words: object) -> float:
    """Run a command and return its peak memory in megabytes."""
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, *map(str, words)], check=False, capture_output=True, text=True
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(map(str, words))}: {done.stderr[-1000:]}")
    return int(done.stderr.split()[-1]) / 1024


if __name__ == "__main__":
    main()

"""What `vection adapt` does to AbsRel where light, lens and camera are others than those that were learned from.

    python benchmarks/adaptation.py --out adaptation

The weights that ship learn exact depth of synthetic drives, 192x64. Then the domain changes: tint, blur, a camera of
longer focal length that stands higher and looks down. Videos of other such drives, without depth or labels, are adapted
to; drives that neither training has seen are scored against their truth, in the new domain and in the old one.
"""

import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import get_args

import cv2
import numpy as np
import tyro

from vection.arrays import RgbImage
from vection.data.clips.folder import read_clip, read_rgb, write_rgb
from vection.data.synthetic.drive import render_drive, write_drive
from vection.data.synthetic.exact_geometry import write_exact_geometry
from vection.data.synthetic.settings import DriveSettings, street
from vection.evaluation.depth.baselines import computed_predictions
from vection.evaluation.depth.evaluate import evaluate_depth
from vection.evaluation.depth.protocol import ALL
from vection.evaluation.depth.protocols import SYNTHETIC
from vection.evaluation.truth.truth_set import clip_truth
from vection.formats.run_folder import RunFolder
from vection.recipes.registry import get_recipe
from vection.runs.adaptation.adapt import Adapted, adapt, adaptation_recipe
from vection.runs.load import load_predictor
from vection.runs.train import train
from vection.starts import STREET

LEARNED, ADAPTED, SCORED = 100, 200, 300
"""First seeds of the drives."""
TINT = np.array([1.1, 0.9, 0.6])
BLUR = 2.0
"""Standard deviation, pixels of the video."""


@dataclass(frozen=True)
class Arguments:
    """Train, adapt, score; what is there already is not made again."""

    out: Path
    drives: int = 4
    """Of each kind."""
    frames: int = 16
    steps: int = 50
    """Of the training that is adapted."""
    adapting_steps: int = 100
    device: str = "cpu"


def drive(arguments: Arguments, *, new: bool, height: int) -> DriveSettings:
    """Return a drive of the old or of the new domain; frames are three times as wide as high."""
    width = 3 * height
    changed = {"intrinsics": _camera(width, height), "camera_height": (2.3, 2.4), "pitch": -3.0} if new else {}
    return street(width=width, height=height, frames=arguments.frames, antialias=False, **changed)


def _camera(width: int, height: int) -> tuple[float, float, float, float]:
    return 0.95 * width, 0.95 * width, (width - 1) / 2, (height - 1) / 2


def shifted(image: RgbImage) -> RgbImage:
    """Tint and blur."""
    blurred = cv2.GaussianBlur(image, (0, 0), BLUR).astype(np.float64)
    return np.clip(blurred * TINT, 0, 255).astype(np.uint8)


def old_run(arguments: Arguments) -> Path:
    """Train on exact depth of the old domain, from the weights that ship."""
    clips = arguments.out / "learned"
    for number in range(arguments.drives):
        place = clips / f"{number:02d}"
        if not place.is_dir():
            write_exact_geometry(write_drive(place, drive(arguments, new=False, height=64), seed=LEARNED + number))
    recipe = get_recipe("measured-depth-demo")
    recipe = replace(
        recipe,
        start_from=STREET,
        data=replace(recipe.data, width=192, height=64),
        stages=(replace(recipe.stages[0], epochs=arguments.steps // 50),),
    )
    return train(recipe, data=clips, out=arguments.out / "old", device=arguments.device)


def new_videos(arguments: Arguments) -> list[Path]:
    """Write drives of the new domain as folders of images."""
    folders = [arguments.out / "videos" / f"{number:02d}" for number in range(arguments.drives)]
    for number, folder in enumerate(folders):
        if not folder.is_dir():
            folder.mkdir(parents=True)
            for index, frame in enumerate(render_drive(drive(arguments, new=True, height=128), seed=ADAPTED + number)):
                write_rgb(folder / f"{index:04d}.png", shifted(frame.image))
    return folders


def adapted(arguments: Arguments, old: Path, videos: list[Path], *, what: Adapted) -> tuple[Path, str]:
    """Adapt, and return the run and its scores on held-out frames of the videos."""
    out = RunFolder(arguments.out / what)
    ready = RunFolder(arguments.out / "all").clips
    if ready.is_dir() and not out.path.exists():  # the videos need be measured only once
        shutil.copytree(ready, out.clips)
    recipe = adaptation_recipe(old, what=what)
    recipe = replace(recipe, stages=(replace(recipe.stages[0], epochs=arguments.adapting_steps // 50),))
    camera = ",".join(f"{number:g}" for number in drive(arguments, new=True, height=128).camera)
    done = adapt(recipe, videos, out=out.path, intrinsics=camera, device=arguments.device)
    return out.path, f"{done.before:.3f} before, {done.after:.3f} after {done.step} steps"


def abs_rel(run: Path, arguments: Arguments, *, new: bool) -> float:
    """Score against the truth of drives that no training has seen."""
    clips = arguments.out / ("scored-new" if new else "scored-old")
    for number in range(arguments.drives):
        place = clips / f"{number:02d}"
        if not place.is_dir():
            info = write_drive(place, drive(arguments, new=new, height=128), seed=SCORED + number)
            if new:
                _change(info.folder, shifted)
    truths = clip_truth(clips)
    predictor = load_predictor(run, device=arguments.device)
    predictions = computed_predictions(lambda image: predictor.predict(image).depth, truths, description=run.name)
    return evaluate_depth(predictions, truths, SYNTHETIC).categories[ALL].mean.abs_rel


def _change(clip: Path, change: Callable[[RgbImage], RgbImage]) -> None:
    for frame in read_clip(clip).frames:
        write_rgb(clip / frame.file, change(read_rgb(clip / frame.file)))


def main(arguments: Arguments) -> None:
    """Print a line for each run."""
    old, videos = old_run(arguments), new_videos(arguments)
    before = abs_rel(old, arguments, new=True)
    print("what learned | AbsRel of the new domain | change | AbsRel of the old domain | score without labels")
    print(f"nothing | {before:.3f} | | {abs_rel(old, arguments, new=False):.3f} |", flush=True)
    for what in get_args(Adapted):
        run, scores = adapted(arguments, old, videos, what=what)
        after, forgotten = (abs_rel(run, arguments, new=new) for new in (True, False))
        print(f"{what} | {after:.3f} | {100 * (after / before - 1):+.0f} % | {forgotten:.3f} | {scores}", flush=True)


if __name__ == "__main__":
    main(tyro.cli(Arguments))

"""Learned intrinsics on a synthetic camera that turns, from a guess 40 % off, and on one that does not.

    python benchmarks/learned_intrinsics.py --out runs/intrinsics

Trains Monodepth2 with `intrinsics="per-camera"` on turning and on straight drives whose clips state wrong focal lengths
and a centred principal point, and prints what was learned beside the truth. What is done already is kept.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import tyro

from vection.data.clips.folder import read_clip, write_clip
from vection.data.synthetic.drive import write_drive
from vection.data.synthetic.settings import DriveSettings, still_street, turning
from vection.formats.metrics_log import read_events
from vection.formats.run_folder import RunFolder
from vection.methods.monodepth2_settings import Monodepth2Settings, Short
from vection.recipes.recipe import DataSettings, Recipe
from vection.runs.train import train
from vection.training.settings import Stage, TrainingSettings

WIDTH, HEIGHT = 192, 64
TRUTH = (0.62 * WIDTH, 0.70 * WIDTH, 0.46 * WIDTH, 0.55 * HEIGHT)
GUESS = (1.4 * TRUTH[0], 1.4 * TRUTH[1], (WIDTH - 1) / 2, (HEIGHT - 1) / 2)
WORLDS: dict[str, Callable[..., DriveSettings]] = {"turns": turning, "straight": still_street}


@dataclass(frozen=True)
class Arguments:
    """Train on both worlds and print the table."""

    out: Path
    seeds: int = 2
    steps: int = 1200
    drives: int = 16
    only: str = ""
    """Only the worlds whose name contains this."""


def main(arguments: Arguments) -> None:
    """Print the learned intrinsics of every run."""
    print("| world | seed | fx | fy | cx | cy | warned |\n|---|---|---|---|---|---|---|")
    print(row("truth", "", TRUTH, warned=""))
    print(row("start", "", GUESS, warned=""))
    for world in (name for name in WORLDS if arguments.only in name):
        for seed in range(arguments.seeds):
            folder = arguments.out / f"{world}-{arguments.steps}-{seed}"
            train(recipe(arguments.steps, seed=seed), data=drives(world, arguments), out=folder)
            remarks = [remark for event in read_events(RunFolder(folder).metrics) for remark in event.remarks]
            warned = any("hardly turns" in remark for remark in remarks)
            print(row(world, seed, learned(folder), warned="yes" if warned else "no"))


def row(name: str, seed: object, camera: tuple[float, ...], *, warned: str) -> str:
    """A line of the table: focal lengths relative to the truth, centres in parts of the size."""
    sizes = (TRUTH[0], TRUTH[1], WIDTH, HEIGHT)
    values = " | ".join(f"{value / size:.3f}" for value, size in zip(camera, sizes, strict=True))
    return f"| {name} | {seed} | {values} | {warned} |"


def recipe(steps: int, *, seed: int) -> Recipe:
    """Monodepth2 at a size that two cores train in minutes, its camera learned."""
    epochs = 10
    return Recipe(
        name="monodepth2-learned-intrinsics",
        summary="benchmark",
        method=Monodepth2Settings(
            depth_network="efficientnet-lite0",
            intrinsics="per-camera",
            min_depth=0.03,
            max_depth=30.0,
            short=Short(mask_from_step=100),
        ),
        data=DataSettings(width=WIDTH, height=HEIGHT, batch_size=8),
        stages=(Stage(epochs=epochs, learning_rate=3e-4, drops=(8,), warm_up=50),),
        training=TrainingSettings(seed=seed, steps_per_epoch=steps // epochs),
    )


def drives(world: str, arguments: Arguments) -> Path:
    """Folder of drives whose clips state the guess instead of the truth."""
    place = arguments.out / "worlds" / world
    changes: dict[str, Any] = {"width": WIDTH, "height": HEIGHT, "frames": 40, "intrinsics": TRUTH}
    if world == "straight":
        changes |= {"route": "straight", "shake": 0.0}
    for index in range(arguments.drives):
        folder = place / f"drive_{index:02d}"
        if not folder.exists():
            folder.parent.mkdir(parents=True, exist_ok=True)
            write_drive(folder, WORLDS[world](**changes), seed=index)
        info = read_clip(folder)
        write_clip(replace(info, frames=tuple(replace(frame, intrinsics=GUESS) for frame in info.frames)))
    return place


def learned(run: Path) -> tuple[float, ...]:
    """fx, fy, cx, cy of the run's one camera."""
    events = read_events(RunFolder(run).metrics)
    (camera,) = [event.cameras for event in events if event.cameras][-1].values()
    return camera


if __name__ == "__main__":
    main(tyro.cli(Arguments))

"""`vection adapt`."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tyro.conf import Positional

from vection.cli.arguments import flags, override, parse_known
from vection.cli.console import say
from vection.cli.notes import note, remark
from vection.cli.progress import progress_bar
from vection.cli.workers import count_workers
from vection.errors import UsageError
from vection.files import json_text

EXAMPLES = (
    "vection adapt runs/first winter.mp4 --intrinsics fov:70",
    "vection adapt street drive.mp4 --what decoder --out runs/mine",
    "vection adapt hf://owner/name front.mp4 rear.mp4 --intrinsics fov:90 --minutes 20",
    "vection adapt runs/first winter.mp4 --stages.0.epochs 12 --stages.0.learning_rate 1e-4",
)


@dataclass(frozen=True, kw_only=True)
class Adapt:
    """Adapt a trained run to new videos without labels, and keep what comes of it only if it is better.

    The videos are examined, cut and measured as vection train does it; a piece of each is held out. There the weights
    of the run and the adapted ones are scored without labels, by depth measured in the video, and the new run keeps the
    better ones; the old run stays as it is. The report shows both. Exit code 3 says that the videos cannot teach, and
    why. Settings of the recipe can be overridden by their dotted names, as of vection train.
    """

    run: Positional[Path]
    """Run folder or checkpoint folder; weights that ship with vection (street); or hf://OWNER/NAME@REVISION."""
    videos: Positional[tuple[Path, ...]]
    """Videos or folders of images, before any setting."""
    out: Path | None = None
    """The new run folder; runs/NAME-adapted, after the first video, if not given."""
    what: Literal["all", "decoder"] = "all"
    """What learns: all weights; or, of encoders, only their normalisation, and all of what follows them."""
    intrinsics: str | None = None
    """The camera of the videos, as vection ingest takes it."""
    checkpoint: str | None = None
    """Which of its checkpoints is the start: best, last, or the steps of a snapshot; its own choice if not given."""
    minutes: float | None = None
    """Time for everything: as many epochs are trained as fit."""
    no_resume: bool = False
    """Start anew instead of going on from where a call was stopped."""
    device: str | None = None
    """cpu or cuda; chosen if not given."""
    workers: int | None = None
    """Processes that measure, before training; as many as there are cores, at most 8, if not given."""
    json: bool = False
    """Print one line of JSON instead."""


def run(arguments: Sequence[str]) -> None:
    """Adapt, and print how good the start was and what came of it."""
    options, overrides = parse_known(Adapt, arguments, command="adapt", examples=EXAMPLES)
    if not options.videos:
        raise UsageError("Name a video or a folder of images to adapt the run to, after the run.")
    from vection.runs.adaptation.adapt import adapt, adaptation_recipe
    from vection.runs.device import choose_device

    recipe = adaptation_recipe(options.run, what=options.what, checkpoint=options.checkpoint)
    see = f"vection recipes {recipe.name}"
    recipe = override(recipe, overrides, command="adapt", see=see, other_flags=flags(Adapt))
    done = adapt(
        recipe,
        options.videos,
        out=options.out or Path("runs") / f"{options.videos[0].stem}-adapted",
        intrinsics=options.intrinsics,
        minutes=options.minutes,
        resume=not options.no_resume,
        device=None if options.device is None else choose_device(options.device),
        workers=count_workers(options.workers),
        progress=progress_bar,
    )
    training = done.training
    if options.json:
        content = {"run": str(training.run), "report": str(training.report), "abs_rel": training.abs_rel}
        scores = {"before": done.before, "after": done.after, "step": done.step}
        print(json_text(content | scores | {"warnings": training.warnings, "actions": training.actions}))
        return
    for action in training.actions:
        remark(action)
    for warning in training.warnings:
        note("warning", warning)
    before, after = (f"{100 * math.expm1(score):.1f} %" for score in (done.before, done.after))
    say(f"Half of the held-out pixels are within {before} of measured depth before, within {after} after")
    if training.abs_rel:
        errors = ", ".join(f"{name} {error:.3f}" for name, error in training.abs_rel.items())
        say(f"AbsRel against depth measured in what was held out: {errors}")
    kept = f"kept: the weights after {done.step} steps"
    say(kept if done.is_better else "kept: the weights of the start, for nothing was better; more video may help")
    say(f"run: {training.run}\nreport: {training.report}")

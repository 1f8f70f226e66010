"""`vection train`."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tyro.conf import Positional, UseAppendAction

from vection.cli.arguments import flags, override, parse_known
from vection.cli.console import say
from vection.cli.notes import note, remark
from vection.cli.progress import progress_bar
from vection.cli.workers import count_workers
from vection.errors import UsageError
from vection.files import json_text
from vection.hub import hub_model
from vection.training.settings import TrackerName

if TYPE_CHECKING:
    from vection.recipes.recipe import Recipe

EXAMPLES = (
    "vection train drive.mp4",
    "vection train front.mp4 rear.mp4 --intrinsics fov:90 --minutes 30 --out runs/cameras",
    "vection train monodepth2-video drive.mp4 --out runs/drive",
    "vection train --data clips --out runs/first --minutes 30",
    "vection train monodepth2-video --data clips --out runs/other --training.seed 3 --data.batch_size 8",
    "vection train monodepth2-video --data clips --out runs/second --set training.seed=4",
    "vection train runs/imported --data clips --out runs/adapted --data.source clips",
    "vection train hf://owner/name drive.mp4 --out runs/adapted --log-with mlflow",
)


@dataclass(frozen=True, kw_only=True)
class Train:
    """Train on videos, or on clips that are ready; called again on the same run, it goes on where it stopped.

    Videos and folders of images are cut into clips in the run folder, their geometry is measured, and a piece of each
    is held out; after the training it is predicted, scored without labels, and shown in the report. Clips (--data) are
    only trained on. Any setting of the recipe can be overridden by its dotted name (vection recipes NAME lists them).
    """

    what: Positional[tuple[str, ...]] = ()
    """Videos or folders of images, before any setting; before them, or alone with --data, the name of a recipe (vection
    recipes lists them), or a run folder or hf://OWNER/NAME@REVISION: its recipe, starting from its weights. If none is
    named, it is `video`."""
    data: Path | None = None
    """A clip folder, or a folder with clip folders below it; for KITTI recipes the KITTI raw folder."""
    out: Path | None = None
    """Run folder, made if needed; of videos runs/NAME, after the first, if not given."""
    intrinsics: str | None = None
    """The camera of the videos, as vection ingest takes it."""
    checkpoint: str | None = None
    """Which checkpoint training starts from, of a run in place of a recipe or in --start-from: best, last, or the steps
    of a snapshot; the one that the recipe asks for, or that the run stands for, if not given."""
    set: UseAppendAction[tuple[str, ...]] = ()
    """Override a setting, NAME=VALUE; may be given many times. The same as --NAME VALUE."""
    minutes: float | None = None
    """Time for everything: as many epochs are trained as fit, in the recipe's proportions."""
    no_resume: bool = False
    """Start anew instead of going on from the last checkpoint."""
    device: str | None = None
    """cpu or cuda; chosen if not given."""
    workers: int | None = None
    """Processes that measure clips and render, before training; as many as there are cores, at most 8, if not given."""
    log_with: UseAppendAction[tuple[TrackerName, ...]] = ()
    """Show the run in a tracker as well, besides TensorBoard: mlflow, trackio or wandb; may be given many times."""
    json: bool = False
    """Print the run folder and the last losses as one line of JSON at the end."""


def run(arguments: Sequence[str]) -> None:
    """Train and print the run folder."""
    options, overrides = parse_known(Train, arguments, command="train", examples=EXAMPLES)
    name, videos = _recipe_and_videos(options)
    out = options.out or Path("runs") / (videos[0].stem if videos else "")
    recipe = _recipe(name, options, overrides, out=out)
    from vection.runs.device import choose_device
    from vection.runs.train import train

    common: dict[str, Any] = {
        "out": out,
        "checkpoint": options.checkpoint,
        "resume": not options.no_resume,
        "device": None if options.device is None else choose_device(options.device),
        "minutes": options.minutes,
        "workers": count_workers(options.workers),
        "log_with": options.log_with,
        "progress": progress_bar,
    }
    if videos:
        _train_on_videos(videos, recipe, options, common)
        return
    assert options.data is not None
    folder = train(recipe, data=options.data, **common)
    print(json_text({"run": str(folder)} | _last_losses(folder)) if options.json else folder)


def _recipe_and_videos(options: Train) -> tuple[str, list[Path]]:
    """Tell the recipe from the videos; UsageError unless there are either videos or clips."""
    from vection.formats.run_folder import RunFolder
    from vection.recipes.registry import recipe_names
    from vection.runs.videos import is_video_source

    words = list(options.what)
    first = words[0] if words else "video"
    path = Path(first)
    is_recipe = first in recipe_names() or RunFolder(path).recipe.is_file() or not path.exists()
    name = first if is_recipe else "video"
    videos = [Path(word) for word in words[1 if is_recipe else 0 :]]
    named = first in recipe_names() or hub_model(first) is not None
    if is_recipe and words and not named and len(path.suffix) > 1 and not path.exists():
        raise UsageError(f"There is no video {first}, and no recipe of this name.")
    if videos and options.data is not None:
        raise UsageError(f"Give either videos ({videos[0]}) or --data with clips, not both.")
    if not videos and options.data is None:
        raise UsageError("Name a video or a folder of images to train on, or clips that are ready with --data.")
    if not videos and options.out is None:
        raise UsageError("Name the run folder to make with --out.")
    if not videos and options.intrinsics is not None:
        raise UsageError("--intrinsics are those of videos; clips have their own.")
    for video in videos:
        if video.exists() and not is_video_source(video):
            raise UsageError(f"{video} holds clips; train on them with --data {video}.")
    return name, videos


def _recipe(name: str, options: Train, overrides: list[str], *, out: Path) -> "Recipe":
    from vection.runs.start import starting_recipe

    recipe = starting_recipe(name, out=out)
    see = f"vection recipes {name}"
    for setting in options.set:
        key, equals, value = setting.partition("=")
        if not equals:
            raise UsageError(f"--set wants NAME=VALUE, not '{setting}'; {see} lists the names.")
        overrides += [f"--{key}", *value.split()]
    return override(recipe, overrides, command="train", see=see, other_flags=flags(Train))


def _train_on_videos(videos: list[Path], recipe: "Recipe", options: Train, common: dict[str, Any]) -> None:

    from vection.runs.videos import train_on_videos

    done = train_on_videos(videos, recipe=recipe, intrinsics=options.intrinsics, **common)
    if options.json:
        content = {"run": str(done.run), "report": str(done.report), "abs_rel": done.abs_rel}
        print(json_text(content | {"warnings": done.warnings, "actions": done.actions} | _last_losses(done.run)))
        return
    for action in done.actions:
        remark(action)
    for warning in done.warnings:
        note("warning", warning)
    errors = ", ".join(f"{name} {error:.3f}" for name, error in done.abs_rel.items())
    if errors:
        say(f"AbsRel against depth measured in what was held out: {errors}")
    say(f"run: {done.run}\nreport: {done.report}")


def _last_losses(folder: Path) -> dict[str, object]:
    from vection.formats.metrics_log import read_events
    from vection.formats.run_folder import RunFolder

    events = read_events(RunFolder(folder).metrics)
    return {"step": max((event.step for event in events), default=0)} | {
        f"{event.split}_loss": event.loss for event in events
    }

"""`vection train`."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tyro.conf import Positional, UseAppendAction

from vection.cli.arguments import flags, override, parse_known
from vection.cli.progress import progress_bar
from vection.cli.workers import count_workers
from vection.errors import UsageError

EXAMPLES = (
    "vection train --data clips --out runs/first --minutes 30",
    "vection train monodepth2-video --data clips --out runs/other --training.seed 3 --data.batch_size 8",
    "vection train monodepth2-video --data clips --out runs/second --set training.seed=4",
    "vection train runs/imported --data clips --out runs/adapted --data.source clips",
)


@dataclass(frozen=True, kw_only=True)
class Train:
    """Train a recipe in a run folder; called again on the same folder, it goes on where it was stopped.

    Any setting of the recipe can be overridden by its dotted name (vection recipes NAME lists them).
    """

    recipe: Positional[str] = "video"
    """Name of a recipe (vection recipes lists them), or a run folder: its recipe, starting from its weights."""
    data: Path
    """A clip folder, or a folder with clip folders below it; for KITTI recipes the KITTI raw folder."""
    out: Path
    """Run folder, made if needed."""
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
    json: bool = False
    """Print the run folder and the last losses as one line of JSON at the end."""


def run(arguments: Sequence[str]) -> None:
    """Train and print the run folder."""
    options, overrides = parse_known(Train, arguments, command="train", examples=EXAMPLES)
    from vection.runs.start import starting_recipe

    recipe = starting_recipe(options.recipe, out=options.out)
    see = f"vection recipes {options.recipe}"
    for setting in options.set:
        name, equals, value = setting.partition("=")
        if not equals:
            raise UsageError(f"--set wants NAME=VALUE, not '{setting}'; {see} lists the names.")
        overrides += [f"--{name}", *value.split()]
    recipe = override(recipe, overrides, command="train", see=see, other_flags=flags(Train))
    from vection.runs.device import choose_device
    from vection.runs.train import train

    device = None if options.device is None else choose_device(options.device)
    folder = train(
        recipe,
        data=options.data,
        out=options.out,
        checkpoint=options.checkpoint,
        resume=not options.no_resume,
        device=device,
        minutes=options.minutes,
        workers=count_workers(options.workers),
        progress=progress_bar,
    )
    print(json.dumps({"run": str(folder)} | _last_losses(folder)) if options.json else folder)


def _last_losses(folder: Path) -> dict[str, object]:
    from vection.formats.metrics_log import read_events
    from vection.formats.run_folder import RunFolder

    events = read_events(RunFolder(folder).metrics)
    return {"step": max((event.step for event in events), default=0)} | {
        f"{event.split}_loss": event.loss for event in events
    }

"""`vection prepare`."""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from rich.console import Console
from tyro.conf import Positional

from vection.cli.arguments import parse
from vection.cli.progress import progress_bar
from vection.errors import UsageError

if TYPE_CHECKING:
    from vection.data.prepare.preparation import Prepared

EXAMPLES = (
    "vection prepare kitti-raw /data/kitti clips/kitti --width 640 --height 192 --stereo",
    "vection prepare cityscapes /data/cityscapes clips/cityscapes --split train",
    "vection prepare list",
)

MOST_WORKERS = 8
SHOWN = 5


@dataclass(frozen=True)
class Prepare:
    """Turn a data set, as its owners publish it, into small clip folders with true cameras that training reads fast.

    Runs in parallel, goes on where it was stopped, and lists every file it could not use in DST/skipped.csv. True depth
    is kept beside the frames at its own resolution: `vection evaluate --truth DST` reads it.
    """

    data_set: Positional[str]
    """Name of the data set; "list" shows all."""
    source: Positional[Path | None] = None
    """SRC: the data set's folder."""
    out: Positional[Path | None] = None
    """DST: folder for the clips."""
    width: int | None = None
    """Width of the clips in pixels, a multiple of 32; the data set's usual one if not given."""
    height: int | None = None
    """Height of the clips in pixels, a multiple of 32."""
    crop: Literal["stretch", "keep-aspect"] | None = None
    """Change the aspect of whole images, as the published systems do, or cut them to the shape of the clips."""
    split: str | None = None
    """Part of the data set, or a published list (name or file): only its frames become targets of training."""
    no_neighbours: bool = False
    """Of a list, only the listed frames themselves: enough to predict depth, not to train."""
    cameras: str | None = None
    """Cameras by the data set's names, with commas between; the usual ones if not given."""
    variant: str | None = None
    """A named variant of the reader; docs/datasets.md lists them."""
    stereo: bool = False
    """Keep the second camera's images, for stereo training."""
    no_truth: bool = False
    """Leave out true depth."""
    intrinsics: str | None = None
    """Camera of images that come without one: JSON file, "fx,fy,cx,cy" or "fov:DEGREES"."""
    workers: int | None = None
    """Processes; as many as there are cores, at most 8, if not given. 0 works in this one."""
    json: bool = False
    """Print one line of JSON at the end."""


def run(arguments: Sequence[str]) -> None:
    """Prepare and say what was made and what was left out."""
    chosen = parse(Prepare, arguments, command="prepare", examples=EXAMPLES)
    from vection.data.prepare.data_sets import DATA_SETS, get_data_set
    from vection.data.prepare.preparation import prepare
    from vection.data.readers.sequences import PrepareSettings

    if chosen.data_set == "list":
        for known in DATA_SETS:
            print(f"{known.name:<20}{known.about}")
        return
    data_set = get_data_set(chosen.data_set)
    if chosen.source is None or chosen.out is None:
        raise UsageError(f"vection prepare {data_set.name} needs SRC and DST; SRC holds {data_set.about}.")
    if chosen.workers is not None and chosen.workers < 0:
        raise UsageError(f"--workers {chosen.workers} cannot be; give the number of processes, or 0 for none.")
    settings = PrepareSettings(
        width=chosen.width or data_set.size[0],
        height=chosen.height or data_set.size[1],
        crop=chosen.crop or data_set.crop,
        split=chosen.split,
        neighbours=not chosen.no_neighbours,
        cameras=tuple(filter(None, (chosen.cameras or "").split(","))),
        variant=chosen.variant,
        stereo=chosen.stereo,
        truth=not chosen.no_truth,
        intrinsics=chosen.intrinsics,
    )
    workers = min(MOST_WORKERS, os.cpu_count() or 1) if chosen.workers is None else chosen.workers
    with progress_bar(f"preparing {data_set.name}") as progress:
        made = prepare(data_set, chosen.source, chosen.out, settings=settings, workers=workers, progress=progress)
    _say(made, out=chosen.out, as_json=chosen.json)


def _say(made: "Prepared", *, out: Path, as_json: bool) -> None:
    left_out = [entry for entry in made.skipped if not entry.kept]
    if as_json:
        clips = [{"folder": str(clip.folder), "frames": len(clip)} for clip in made.clips]
        counts = {"frames": made.frames, "written": made.written, "skipped": len(left_out)}
        print(json.dumps({"clips": clips, **counts, "noted": len(made.skipped) - len(left_out)}))
        return
    console = Console(stderr=True)
    for entry in made.skipped[:SHOWN]:
        word = "note" if entry.kept else "left out"
        place = f"{entry.sequence}/{entry.frame}".rstrip("/")
        console.print(f"[yellow]{word}:[/] {place}: {entry.reason}", soft_wrap=True, highlight=False)
    size = f"{made.clips[0].width}x{made.clips[0].height}"
    noted = f", {len(made.skipped) - len(left_out)} kept with a note" if len(made.skipped) > len(left_out) else ""
    print(
        f"{out}: {len(made.clips)} clips, {made.frames} frames of {size} ({made.written} written now), "
        f"{len(left_out)} left out{noted}" + (f"; {out / 'skipped.csv'} says why." if made.skipped else ".")
    )

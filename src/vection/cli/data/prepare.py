"""`vection prepare`."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from tyro.conf import Positional

from vection.cli.arguments import parse
from vection.cli.console import say
from vection.cli.notes import note
from vection.cli.progress import progress_bar
from vection.cli.workers import count_workers, ray_cluster
from vection.errors import UsageError
from vection.files import json_text

if TYPE_CHECKING:
    from vection.data.prepare.preparation import Prepared

EXAMPLES = (
    "vection prepare kitti-raw /data/kitti clips/kitti --width 640 --height 192 --stereo",
    "vection prepare cityscapes /data/cityscapes clips/cityscapes --split train",
    "vection prepare list",
)

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
    """Take only the listed frames themselves: enough to predict depth, not to train."""
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
    measure: bool = False
    """Measure camera motion and depth in the data set's images, without learning, and store them with the clips."""
    workers: int | None = None
    """Processes; as many as there are cores, at most 8, if not given. 0 works in this one."""
    ray: tuple[str, ...] | None = None
    """Work with Ray: on this machine, or on the cluster of this address (HOST:PORT, or auto)."""
    json: bool = False
    """Print one line of JSON at the end."""


def run(arguments: Sequence[str]) -> None:
    """Prepare and say what was made and what was left out."""
    options = parse(Prepare, arguments, command="prepare", examples=EXAMPLES)
    from vection.data.prepare.data_sets import DATA_SETS, get_data_set
    from vection.data.prepare.preparation import prepare
    from vection.data.readers.sequences import PrepareSettings

    if options.data_set == "list":
        for listed in DATA_SETS:
            say(f"{listed.name:<20}{listed.about}")
        return
    data_set = get_data_set(options.data_set)
    if options.source is None or options.out is None:
        raise UsageError(f"vection prepare {data_set.name} needs SRC and DST; SRC holds {data_set.about}.")
    workers = ray_cluster(options.ray, workers=options.workers) or count_workers(options.workers)
    settings = PrepareSettings(
        width=data_set.size[0] if options.width is None else options.width,
        height=data_set.size[1] if options.height is None else options.height,
        crop=options.crop or data_set.crop,
        split=options.split,
        neighbours=not options.no_neighbours,
        cameras=tuple(filter(None, (options.cameras or "").split(","))),
        variant=options.variant,
        stereo=options.stereo,
        truth=not options.no_truth,
        intrinsics=options.intrinsics,
    )
    with progress_bar(f"preparing {data_set.name}") as progress:
        prepared = prepare(
            data_set,
            options.source,
            options.out,
            settings=settings,
            measure=options.measure,
            workers=workers,
            progress=progress,
        )
    _say(prepared, out=options.out, as_json=options.json)


def _say(prepared: "Prepared", *, out: Path, as_json: bool) -> None:
    left_out = [entry for entry in prepared.skipped if not entry.kept]
    if as_json:
        clips = [{"folder": str(clip.folder), "frames": len(clip)} for clip in prepared.clips]
        counts = {"frames": prepared.frames, "written": prepared.written, "skipped": len(left_out)}
        print(json_text({"clips": clips, **counts, "noted": len(prepared.skipped) - len(left_out)}))
        return
    for entry in prepared.skipped[:SHOWN]:
        word = "note" if entry.kept else "left out"
        place = f"{entry.sequence}/{entry.frame}".rstrip("/")
        note(word, f"{place}: {entry.reason}")
    size = f"{prepared.clips[0].width}x{prepared.clips[0].height}"
    kept = len(prepared.skipped) - len(left_out)
    noted = f", {kept} kept with a note" if kept else ""
    say(
        f"{out}: {len(prepared.clips)} clips, {prepared.frames} frames of {size} ({prepared.written} written now), "
        f"{len(left_out)} left out{noted}" + (f"; {out / 'skipped.csv'} says why." if prepared.skipped else ".")
    )

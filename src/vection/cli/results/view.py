"""`vection view`."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tyro.conf import Positional

from vection.cli.arguments import parse
from vection.cli.console import say
from vection.cli.progress import progress_bar

EXAMPLES = (
    "vection view predictions/drive",
    "vection view predictions/drive --out drive.html",
    "vection view predictions/photo --intrinsics fov:70 --page",
)


@dataclass(frozen=True)
class View:
    """Look at predictions: points and path to turn, image and depth of every frame, what moves.

    Opens rerun's window. Where there is no display, or no rerun, or --page or --out is given, one HTML page is written
    that any browser shows without a network.
    """

    predictions: Positional[Path]
    """Prediction folder, or a folder that holds some."""
    out: Path | None = None
    """The page to write; beside the predictions if not given. Of several predictions the folder for all."""
    page: bool = False
    """Write a page even where rerun could open a window."""
    frames: Path | None = None
    """The video, images or clip that was predicted, where it has moved since."""
    intrinsics: str | None = None
    """Camera of predictions that do not know theirs: a JSON file, "fx,fy,cx,cy" or "fov:DEGREES"."""
    only: tuple[str, ...] = ()
    """Names of frames, or FIRST..LAST; all if not given. Frames on both sides of a cut are no one scene."""
    near: float = 0.0
    """Nearest depth of a point, in the unit of the depth."""
    far: float | None = None
    """Farthest depth; 80 metres, or 5 median depths where the scale is open, if not given."""


def run(arguments: Sequence[str]) -> None:
    """Open the window or write the page."""
    options = parse(View, arguments, command="view", examples=EXAMPLES)
    from vection.exports.settings import ExportSettings
    from vection.runs.export import missing_for_window, show, view

    settings = ExportSettings(
        frames=options.frames,
        intrinsics=options.intrinsics,
        only=options.only,
        near=options.near,
        far=options.far,
    )
    reason = "" if options.page or options.out is not None else missing_for_window()
    if options.page or options.out is not None or reason:
        for one in view(options.predictions, options.out, settings=settings, progress=progress_bar):
            say(f"{one.path}: {one.unit}; {one.about}{f' (a page, because {reason})' if reason else ''}")
        return
    say(show(options.predictions, settings=settings, progress=progress_bar))

"""`vection calibrate`."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tyro.conf import Positional

from vection.arrays import RgbImage
from vection.cli.arguments import parse
from vection.cli.console import say
from vection.cli.notes import note
from vection.cli.progress import progress_bar
from vection.errors import UsageError
from vection.files import json_text

EXAMPLES = (
    "vection calibrate board.mp4 --corners 9x6 --out camera.json",
    "vection calibrate photos/ --corners 9x6 --fisheye --out camera.json",
)
MOST_IMAGES = 150
"""Of a video so many are looked at, evenly."""


@dataclass(frozen=True)
class Calibrate:
    """Find a camera's intrinsics and its lens from a video or photos of a chessboard; any paper board will do.

    Show the whole board, tilted and straight, near and far, all over the image and into its corners, and keep zoom and
    focus as they will be. The file is what --intrinsics takes.
    """

    source: Positional[Path]
    """A video, or a folder of images."""
    corners: str
    """Inner corners across and down, where four squares meet: 9x6 of a board of 10 by 7 squares."""
    out: Path = Path("camera.json")
    """File to write."""
    fisheye: bool = False
    """The lens is a fisheye (Kannala and Brandt's model), wider than some 120 degrees."""
    overwrite: bool = False
    """Replace an older file."""


def run(arguments: Sequence[str]) -> None:
    """Calibrate, write the file and say how well it fits."""
    options = parse(Calibrate, arguments, command="calibrate", examples=EXAMPLES)
    from vection.data.calibration.chessboard import calibrate
    from vection.data.ingest.video import open_source
    from vection.files import write_text

    corners = _corners(options.corners)
    if options.out.exists() and not options.overwrite:
        raise UsageError(f"{options.out} exists already; choose another place or give --overwrite.")
    if not options.source.exists():
        raise UsageError(f"There is nothing at {options.source}; give a video or a folder of images.")
    source = open_source(options.source)
    count = source.estimated_frames or 0
    step = max(1, count // MOST_IMAGES)
    with progress_bar("looking for the board") as progress:

        def images() -> Iterator[RgbImage]:
            for number, frame in enumerate(source):
                progress(number + 1, count or None)
                if number % step == 0:
                    yield frame.image

        camera = calibrate(images(), corners=corners, fisheye=options.fisheye)
    width, height = camera.size
    fx, fy, cx, cy = (round(number, 4) for number in camera.numbers)
    content: dict[str, object] = {"width": width, "height": height, "fx": fx, "fy": fy, "cx": cx, "cy": cy}
    content |= {"rms_px": round(camera.error, 4), "n_images": camera.views}
    if camera.fisheye is not None:
        content |= {"distortion_model": "fisheye", "D": camera.fisheye}
    else:
        content |= {"dist_k1k2p1p2k3": camera.distortion}
    write_text(options.out, json_text(content, indent=1))
    for warning in camera.warnings:
        note("warning", warning)
    say(
        f"{options.out}: fx {fx:.1f}, fy {fy:.1f} of {width}x{height}, {camera.views} views, corners within "
        f"{camera.error:.2f} pixels"
    )


def _corners(text: str) -> tuple[int, int]:
    sides = re.fullmatch(r"(\d{1,3})x(\d{1,3})", text)
    across, down = (int(side) for side in sides.groups()) if sides else (0, 0)
    if min(across, down) < 3:
        raise UsageError(f"--corners {text} is no board; give inner corners across and down, such as 9x6.")
    return across, down

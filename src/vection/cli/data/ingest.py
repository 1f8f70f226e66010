"""`vection ingest`."""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from rich.console import Console
from tyro.conf import Positional

from vection.cli.arguments import parse
from vection.cli.progress import progress_bar
from vection.errors import UsageError

EXAMPLES = (
    "vection ingest drive.mp4 --out clips/drive --intrinsics fov:70",
    "vection ingest frames/ --out clips/frames --frames-per-second 30 --intrinsics intrinsics.json",
    "vection ingest dashcam/ --out clips --width 640 --height 192 --crop-bottom 0.15",
)

MOST_WORKERS = 8


@dataclass(frozen=True)
class Ingest:
    """Read a video or a folder of images once, and write small, sharp frames with their camera for training.

    Of a folder of videos or of folders of images, each becomes one clip below the output folder.
    """

    source: Positional[Path]
    """A video file, a folder of images, or a folder of such."""
    out: Path
    """Clip folder to write."""
    width: int = 416
    """Width of the clip in pixels; a multiple of 32 for training."""
    height: int = 128
    """Height of the clip in pixels; a multiple of 32 for training."""
    intrinsics: str | None = None
    """A JSON file, "fx,fy,cx,cy" in pixels of the source or as fractions of its size, or "fov:DEGREES" (horizontal);
    intrinsics.json beside the frames if not given, else 60 degrees are assumed."""
    stride: int | None = None
    """Take every n-th frame; chosen from the picture's motion if not given."""
    crop: Literal["keep-aspect", "stretch"] = "keep-aspect"
    """Cut the source to the shape of the clip, or change its aspect."""
    crop_top: float = 0.0
    """Fraction of the rows to cut at the top first."""
    crop_bottom: float = 0.0
    """Fraction of the rows to cut at the bottom first, for instance the bonnet."""
    mask: str = "auto"
    """A picture of the source's size, white where usable; "auto" finds bonnet and overlays; "none"."""
    max_frames: int | None = None
    """Stop after so many frames."""
    keep_static: bool = False
    """Keep frames in which the camera stands still; nothing is learned from them."""
    frames_per_second: float | None = None
    """Of a folder of images; "fps" of intrinsics.json if not given, else 10."""
    overwrite: bool = False
    """Replace a clip that is there already."""
    measure: bool = False
    """Measure camera motion and depth in the source, without learning, and store them with the clip."""
    workers: int | None = None
    """Processes that measure; as many as there are cores, at most 8, if not given. 0 works in this one."""
    json: bool = False
    """Print one line of JSON at the end."""


def run(arguments: Sequence[str]) -> None:
    """Ingest and say what was made."""
    chosen = parse(Ingest, arguments, command="ingest", examples=EXAMPLES)
    from vection.data.ingest.clip_writer import IngestSettings
    from vection.data.ingest.ingestion import ingest

    settings = IngestSettings(
        width=chosen.width,
        height=chosen.height,
        intrinsics=chosen.intrinsics,
        stride=chosen.stride,
        crop=chosen.crop,
        crop_top=chosen.crop_top,
        crop_bottom=chosen.crop_bottom,
        mask=None if chosen.mask == "none" else chosen.mask,
        max_frames=chosen.max_frames,
        drop_static=not chosen.keep_static,
        frames_per_second=chosen.frames_per_second,
        measure=chosen.measure,
    )
    if chosen.workers is not None and chosen.workers < 0:
        raise UsageError(f"--workers {chosen.workers} cannot be; give the number of processes, or 0 for none.")
    workers = min(MOST_WORKERS, os.cpu_count() or 1) if chosen.workers is None else chosen.workers
    with progress_bar("ingesting") as progress:
        made = ingest(
            chosen.source,
            chosen.out,
            settings=settings,
            overwrite=chosen.overwrite,
            workers=workers,
            progress=progress,
        )
    if chosen.json:
        clips = [{"folder": str(clip.folder), "frames": len(clip)} for clip in made.clips]
        print(json.dumps({"clips": clips, "warnings": made.warnings}))
        return
    console = Console(stderr=True)
    for warning in made.warnings:
        console.print(f"[yellow]warning:[/] {warning}", soft_wrap=True, highlight=False)
    for clip in made.clips:
        print(f"{clip.folder}: {len(clip)} frames of {clip.width}x{clip.height}, camera: {clip.intrinsics_source}")

"""`vection ingest`."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tyro.conf import Positional

from vection.cli.arguments import parse
from vection.cli.console import say
from vection.cli.notes import note, remark
from vection.cli.progress import progress_bar
from vection.cli.workers import count_workers
from vection.errors import UsageError
from vection.files import json_text

EXAMPLES = (
    "vection ingest drive.mp4 --out clips/drive --intrinsics fov:70",
    "vection ingest frames/ --out clips/frames --frames-per-second 30 --intrinsics intrinsics.json",
    "vection ingest dashcam/ --out clips --width 640 --height 192 --crop-bottom 0.15",
)


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
    """A JSON file, a calibration of OpenCV, ROS, Kalibr, COLMAP or KITTI (FILE#CAMERA of several), "fx,fy,cx,cy" in
    pixels of the source or as fractions of its size, "fov:DEGREES" (horizontal), or "camera:NAME", a common camera or
    one of yours (docs/cameras.md). If not given, intrinsics.json beside the frames, else the focal length that photos
    or the video state, else 60 degrees are assumed."""
    rectified_field_of_view: float | None = None
    """Horizontal degrees of the straight images that distorted ones become; what they leave unseen is masked. As much
    as is seen everywhere if not given."""
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
    """Frames per second of a folder of images, or of a video that states none; if not given, "fps" of the JSON file of
    the intrinsics, else 10, of videos 25."""
    overwrite: bool = False
    """Replace a clip that is there already."""
    no_doctor: bool = False
    """Do not examine the source first (vection doctor), and do not split at cuts and gaps."""
    measure: bool = False
    """Measure camera motion and depth in the source, without learning, and store them with the clip."""
    workers: int | None = None
    """Processes that measure; as many as there are cores, at most 8, if not given. 0 works in this one."""
    json: bool = False
    """Print one line of JSON at the end."""


def run(arguments: Sequence[str]) -> None:
    """Ingest and say what was made."""
    options = parse(Ingest, arguments, command="ingest", examples=EXAMPLES)
    from vection.data.ingest.clip_writer import IngestSettings
    from vection.data.ingest.ingestion import ingest

    settings = IngestSettings(
        width=options.width,
        height=options.height,
        intrinsics=options.intrinsics,
        rectified_field_of_view=options.rectified_field_of_view,
        stride=options.stride,
        crop=options.crop,
        crop_top=options.crop_top,
        crop_bottom=options.crop_bottom,
        mask=None if options.mask == "none" else options.mask,
        max_frames=options.max_frames,
        drop_static=not options.keep_static,
        frames_per_second=options.frames_per_second,
        doctor=not options.no_doctor,
        measure=options.measure,
    )
    if options.workers is not None and not options.measure:
        raise UsageError("--workers is the number of processes that measure; give --measure, too, or leave it out.")
    workers = count_workers(options.workers)
    with progress_bar("ingesting") as progress:
        ingested = ingest(
            options.source,
            options.out,
            settings=settings,
            overwrite=options.overwrite,
            workers=workers,
            progress=progress,
        )
    if options.json:
        clips = [{"folder": str(clip.folder), "frames": len(clip)} for clip in ingested.clips]
        print(json_text({"clips": clips, "actions": ingested.actions, "warnings": ingested.warnings}))
        return
    for line in ingested.actions:
        remark(line)
    for warning in ingested.warnings:
        note("warning", warning)
    for clip in ingested.clips:
        say(f"{clip.folder}: {len(clip)} frames of {clip.width}x{clip.height}, camera: {clip.intrinsics_source}")

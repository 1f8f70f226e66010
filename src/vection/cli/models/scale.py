"""`vection scale`."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tyro.conf import Positional

from vection.cli.arguments import parse
from vection.cli.console import say
from vection.cli.notes import note
from vection.cli.progress import progress_bar
from vection.files import json_text

EXAMPLES = (
    "vection scale runs/first drive.mp4 --intrinsics fov:70 --camera-height 1.65",
    "vection scale runs/first drive.mp4 --intrinsics fov:70 --camera-height 1.65 --camera-pitch 0 --speed gps.csv",
    "vection scale runs/first clips/drive --speed 2011_09_26/2011_09_26_drive_0023_sync/oxts",
    "vection scale runs/first frames --intrinsics camera.json --distances 000012,640,310,12.4 000040,200,300,8.1",
    "vection scale runs/first clips --stereo",
    "vection scale street drive.mp4 --intrinsics fov:70 --camera-height 1.65 --out runs/car",
)


@dataclass(frozen=True)
class Scale:
    """Find the factor that turns a run's depth into metres, from what you know, and store it in the run.

    Predictions of the run are in metres from then on, as long as its weights, the size of its images and the part that
    is seen of them stay the same.
    Give one thing that is known in metres, or more: what two say must agree, or nothing is stored. The uncertainty and
    how much the scale varies from frame to frame are stored and reported. Exit code 3 says that no scale was stored,
    and why: sources contradict each other, or the scale that the run has; frames have no common scale; held-out frames
    have another one; the camera would be faster than any.
    """

    run: Positional[Path]
    """Run folder or checkpoint folder; or weights that ship with vection (street), with --out."""
    input: Positional[Path]
    """Video, folder of images, or folder of clips of the run's camera."""
    camera_height: float | None = None
    """Height of the camera above the ground, metres."""
    camera_height_error: float | None = None
    """Its standard deviation, metres; 2 % if not given."""
    camera_pitch: float | None = None
    """Degrees by which the camera looks down, where you know it; a tilt of the predicted ground then does no harm."""
    speed: str | None = None
    """Metres a second; or a CSV with the columns seconds and speed, speed_kmh, distance, or latitude and longitude; or
    KITTI's folder oxts; or the path of another program in metres, in the format of TUM."""
    speed_offset: float = 0.0
    """Seconds that are added to the times of that file, to have them on the video's clock."""
    distances: tuple[str, ...] = ()
    """Known distances from the camera, FRAME,X,Y,METRES each, in pixels of the frame's image."""
    distances_file: Path | None = None
    """A CSV of them, with the columns frame, x, y, metres."""
    stereo: bool = False
    """Use the second camera of clips in metres."""
    checkpoint: str | None = None
    """Which of the run's checkpoints: best, last, or the steps of a snapshot; the recipe's choice if not given."""
    intrinsics: str | None = None
    """Camera of a video or images: a JSON file, "fx,fy,cx,cy" in pixels or normalised, "fov:DEGREES" or "camera:NAME";
    if not given, an intrinsics.json beside the frames, else the focal length that photos or the video state. Clips have
    their own."""
    frames_per_second: float | None = None
    """Frames per second of a folder of images, or of a video that states none, as of vection ingest."""
    window: str = "training"
    """Which part of a video or images is seen, as of vection predict."""
    motion: Literal["auto", "measured", "network"] | None = None
    """Where the camera's motion comes from, as of vection predict."""
    no_path: bool = False
    """The images do not follow each other."""
    most_frames: int = 300
    """Only so many frames of each video are predicted, the first."""
    out: Path | None = None
    """New run folder for a copy of the weights with their scale; needed for weights that ship."""
    replace: bool = False
    """Store the scale even if the run has another one."""
    device: str | None = None
    """cpu or cuda; the GPU if there is one."""
    json: bool = False
    """Print one line of JSON instead."""


def run(arguments: Sequence[str]) -> None:
    """Find the scale, and say what it is."""
    options = parse(Scale, arguments, command="scale", examples=EXAMPLES)
    from vection.metric_scale.sources import ScaleSources
    from vection.runs.metric.scale import scale

    known = ScaleSources(
        camera_height=options.camera_height,
        camera_height_error=options.camera_height_error,
        camera_pitch=options.camera_pitch,
        speed=options.speed,
        speed_offset=options.speed_offset,
        distances=options.distances,
        distances_file=options.distances_file,
        stereo=options.stereo,
    )
    found = scale(
        options.run,
        options.input,
        known,
        checkpoint=options.checkpoint,
        intrinsics=options.intrinsics,
        frames_per_second=options.frames_per_second,
        window=options.window,
        motion=options.motion,
        path=not options.no_path,
        most_frames=options.most_frames,
        out=options.out,
        replace=options.replace,
        device=options.device,
        progress=progress_bar,
    )
    result = found.scale
    if options.json:
        about: dict[str, object] = {"factor": result.factor, "uncertainty": result.uncertainty, "spread": result.spread}
        about |= {"source": result.source, "speed": result.speed, "frames": found.frames}
        about |= {"warnings": found.warnings}
        print(json_text({"stored": None if found.path is None else str(found.path)} | about))
        return
    for warning in found.warnings:
        note("warning", warning)
    say(f"1 unit of the network's depth = {result.factor:.4g} m +- {100 * result.uncertainty:.1f} %")
    for reading in result.readings:
        varies = "" if reading.spread is None else f", varies by {100 * reading.spread:.1f} % from one to the next"
        tested = "not tested on held-out frames: too few"
        if reading.held_out_error is not None:
            tested = f"errs by {100 * reading.held_out_error:.1f} % (median) on held-out frames"
        said = f"{reading.factor:.4g} m +- {100 * reading.uncertainty:.1f} %"
        say(f"  {reading.source}: {said} by {reading.count} readings of {found.frames} frames{varies}; {tested}")
    if result.speed is not None:
        say(f"  at this scale the camera moves at {result.speed:.2f} m/s (median)")
    if found.unopposed:
        say("  nothing else was given that could contradict it: a wrong number passes unseen")
    if found.path is None:
        say(f"not stored: {found.kept} (--replace stores it all the same)")
    else:
        say(f"stored: {found.path}")

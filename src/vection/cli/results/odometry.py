"""`vection odometry`."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tyro.conf import Positional

from vection.cli.arguments import parse
from vection.cli.console import print_table, say
from vection.cli.notes import note
from vection.cli.progress import progress_bar
from vection.files import json_text

EXAMPLES = (
    "vection odometry runs/first drive.mp4 --out paths/drive",
    "vection odometry runs/first clips/09 --truth poses/09.txt --out paths/09 --align scale 7dof",
    "vection odometry paths --truth poses --protocol sc-sfmlearner --json",
    "vection odometry other_program_tum.txt --truth truth_tum.txt --out paths/other",
    "vection odometry runs/first drive.mp4 --out paths/drive --beside paths/other",
)


@dataclass(frozen=True)
class Odometry:
    """Predict the camera's path of a video or sequence, and compare paths with the truth; also other programs' paths.

    Writes the path as path_tum.txt (seconds, position, quaternion), path_kitti.txt (3x4 matrices), path.csv and as a
    picture seen from above (path.png). A path maps the camera's coordinates to those of the first frame's camera. With
    true poses: KITTI's drift t_err and r_err, the error of the whole path (ATE) and of single steps (RPE) under named
    alignments, with one scale for all and with a scale for every frame, and the error of short snippets.
    """

    source: Positional[Path]
    """Run or checkpoint folder; or paths: a file (TUM, KITTI, our CSV), a folder of them, a prediction folder."""
    input: Positional[Path | None] = None
    """Video, folder of images, or folder of clips to predict; not given where SOURCE holds paths."""
    checkpoint: str | None = None
    """Which of the run's checkpoints: best (on held-out frames), last, or the steps of a snapshot; the recipe's choice
    (vection recipes NAME), which is the paper's, if not given."""
    truth: Path | None = None
    """True path: a file or a folder of files of the same names, or clips with true poses; if not given, INPUT's own."""
    out: Path | None = None
    """Folder for the paths, with a subfolder each where there are several, and for odometry.json."""
    beside: tuple[Path, ...] = ()
    """Other paths of the same frames (files, folders, prediction folders) to draw in the same picture, path.png."""
    protocol: str = "odometry"
    """odometry, kitti-odometry, sc-sfmlearner, monodepth2-snippets or dynamo-snippets."""
    align: tuple[str, ...] = ()
    """Alignments instead of the protocol's: none, scale, scale_7dof, 7dof, 6dof, per-frame."""
    snippets: tuple[int, ...] = ()
    """Lengths of snippets, in frames, instead of the protocol's."""
    sequences: int | None = None
    """Only the first so many sequences, in the order of their names, instead of the protocol's number (dynamo-snippets:
    100, the others: all)."""
    first_frame: int | None = None
    """Which true frame is the first predicted one, where neither times nor frame numbers tell."""
    csv: Path | None = None
    """File for the errors of each segment."""
    motion: Literal["auto", "measured", "network"] | None = None
    """Whether a predicted path is measured in the frames, with lengths from the predicted depth, or comes from the
    network. auto: measured where the camera is known; pairs that cannot be measured are left to the network.
    If not given: the network where it has learned motion, else auto."""
    intrinsics: str | None = None
    """Camera of a video or images: a JSON file, "fx,fy,cx,cy" in pixels or normalised, "fov:DEGREES" or "camera:NAME";
    if not given, an intrinsics.json beside the frames, else the focal length that photos or the video state, else it is
    unknown. Clips have their own."""
    frames_per_second: float | None = None
    """Frames per second of a folder of images, or of a video that states none, as of vection ingest."""
    window: str = "training"
    """Which part of a video or images is seen: training, as the run's own clips were cut and undistorted; whole,
    squeezed; cut, the largest part of the network's shape; or a clip of the training, whose camera this is."""
    device: str | None = None
    """cpu or cuda; the GPU if there is one."""
    json: bool = False
    """Print one line of JSON instead of the tables."""


def run(arguments: Sequence[str]) -> None:
    """Predict or read paths, write them, and score them where the truth is known."""
    options = parse(Odometry, arguments, command="odometry", examples=EXAMPLES)
    from vection.evaluation.paths.scores import paths_json
    from vection.evaluation.paths.tables import paths_tables
    from vection.runs.odometry import odometry

    comparison = odometry(
        options.source,
        options.input,
        checkpoint=options.checkpoint,
        truth=options.truth,
        out=options.out,
        beside=options.beside,
        protocol=options.protocol,
        align=options.align,
        snippets=options.snippets,
        sequences=options.sequences,
        first_frame=options.first_frame,
        csv=options.csv,
        motion=options.motion,
        intrinsics=options.intrinsics,
        frames_per_second=options.frames_per_second,
        window=options.window,
        device=options.device,
        progress=progress_bar,
    )
    scores, protocol, truth = comparison.scores, comparison.protocol, comparison.truth
    if options.json:
        content = paths_json(scores, protocol, truth=truth) if scores else {}
        paths = {"paths": [str(folder) for folder in comparison.folders], "motion": comparison.motion}
        paths |= {"seen": comparison.seen, "warnings": comparison.warnings}
        print(json_text(paths | content))
        return
    for warning in comparison.warnings:
        note("warning", warning)
    for table in paths_tables(scores, protocol, truth=truth) if scores else ():
        print_table(table)
    for folder, motion, seen in zip(comparison.folders, comparison.motion, comparison.seen, strict=True):
        words = "; ".join([*([f"motion {motion}"] if motion else []), *([f"seen: {seen}"] if seen else [])])
        say(f"{folder}: {words}" if words else folder)

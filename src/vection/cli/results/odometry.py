"""`vection odometry`."""

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from tyro.conf import Positional

from vection.cli.arguments import parse
from vection.cli.progress import progress_bar
from vection.errors import UsageError

if TYPE_CHECKING:
    from vection.evaluation.paths.camera_path import CameraPath
    from vection.evaluation.paths.protocol import OdometryProtocol
    from vection.evaluation.paths.scores import PathScores

EXAMPLES = (
    "vection odometry runs/first drive.mp4 --out paths/drive",
    "vection odometry runs/first clips/09 --truth poses/09.txt --out paths/09 --align scale 7dof",
    "vection odometry paths --truth poses --protocol sc-sfmlearner --json",
    "vection odometry other_program_tum.txt --truth truth_tum.txt --out paths/other",
)

TABLE_WIDTH = 160


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
    truth: Path | None = None
    """True path: a file or a folder of files of the same names, or clips with true poses; if not given, INPUT's own."""
    out: Path | None = None
    """Folder for the paths, with a subfolder each where there are several, and for odometry.json."""
    protocol: str = "odometry"
    """odometry, kitti-odometry, sc-sfmlearner, monodepth2-snippets or dynamo-snippets."""
    align: tuple[str, ...] = ()
    """Alignments instead of the protocol's: none, scale, scale_7dof, 7dof, 6dof, per-frame."""
    snippets: tuple[int, ...] = ()
    """Lengths of snippets, in frames, instead of the protocol's."""
    first_frame: int | None = None
    """Which true frame is the first predicted one, where neither times nor frame numbers tell."""
    csv: Path | None = None
    """File for the errors of each segment."""
    device: str | None = None
    """cpu or cuda; the GPU if there is one."""
    json: bool = False
    """Print one line of JSON instead of the tables."""


def run(arguments: Sequence[str]) -> None:
    """Predict or read paths, write them, and score them where the truth is known."""
    chosen = parse(Odometry, arguments, command="odometry", examples=EXAMPLES)
    from vection.evaluation.paths.camera_path import open_paths
    from vection.evaluation.paths.scores import score_path
    from vection.reports.path_files import write_path

    protocol = _protocol(chosen)
    if chosen.input is None:
        predicted = open_paths(chosen.source)
        truth = chosen.truth
        if truth is None and chosen.out is None:
            raise UsageError("There is nothing to do: give --truth to score the path, or --out to write it anew.")
    else:
        if chosen.out is None:
            raise UsageError("Say with --out where the predicted path shall be written.")
        predicted = _predict(chosen, chosen.input)
        truth = chosen.truth or _own_truth(chosen.input)
    matched = {} if truth is None else _matched(predicted, open_paths(truth), truth=truth)
    scores = [
        score_path(predicted[own], true, protocol, name=name or own, first_frame=chosen.first_frame)
        for own, (name, true) in matched.items()
    ]
    written = []
    if chosen.out is not None:
        for name, path in predicted.items():
            true = matched[name][1] if name in matched else None
            folder = chosen.out if len(predicted) == 1 else chosen.out / name
            written.append(str(write_path(path, folder, true=true, first_frame=chosen.first_frame)))
    _report(scores, protocol, chosen, written=written, truth=str(truth))


def _protocol(chosen: Odometry) -> "OdometryProtocol":
    from vection.evaluation.paths.protocol import ALIGNMENTS, get_odometry_protocol

    protocol = get_odometry_protocol(chosen.protocol)
    for name in chosen.align:
        if name not in ALIGNMENTS:
            raise UsageError(f"There is no alignment '{name}'; choose among {', '.join(ALIGNMENTS)}.")
    if any(frames < 2 for frames in chosen.snippets):
        raise UsageError("A snippet has at least two frames; give larger --snippets.")
    named = tuple(name for name in ALIGNMENTS if name in chosen.align)
    return replace(protocol, alignments=named or protocol.alignments, snippets=chosen.snippets or protocol.snippets)


def _predict(chosen: Odometry, source: Path) -> dict[str, "CameraPath"]:
    import numpy as np

    from vection.evaluation.paths.camera_path import CameraPath
    from vection.inference.sources import open_sources
    from vection.runs.device import choose_device
    from vection.runs.load import load_predictor

    sources = open_sources(source)
    predictor = load_predictor(chosen.source, device=choose_device(chosen.device))
    found = {}
    for one in sources:
        poses, seconds = [], []
        with progress_bar(f"following {one.name or one.description}") as progress:
            for frame, pose in predictor.path(one):
                poses.append(pose)
                seconds.append(frame.seconds)
                progress(len(poses), one.count)
        if len(poses) < 2:
            raise UsageError(f"{one.description} has {len(poses)} frame; a path needs at least two.")
        name = f"{one.description} ({predictor.unit})"
        found[one.name] = CameraPath(name, np.stack(poses), seconds=np.array(seconds))
    return found


def _own_truth(source: Path) -> Path | None:
    """Return the folder of clips if one holds true poses."""
    from vection.data.clips.folder import CLIP_FILE
    from vection.evaluation.paths.camera_path import open_paths

    if not source.is_dir() or not any(source.rglob(CLIP_FILE)):
        return None
    try:
        open_paths(source)
    except UsageError:
        return None
    return source


def _matched(
    predicted: dict[str, "CameraPath"], trues: dict[str, "CameraPath"], *, truth: Path
) -> dict[str, tuple[str, "CameraPath"]]:
    """True paths with their names, by the names of the predicted ones."""
    if len(predicted) == len(trues) == 1:
        return {next(iter(predicted)): next(iter(trues.items()))}
    missing = [name for name in predicted if name not in trues]
    if missing:
        known = ", ".join(list(trues)[:5]) + (", ..." if len(trues) > 5 else "")
        raise UsageError(f"{truth} has no true path named '{missing[0]}' (it has {known}); rename one of the two.")
    return {name: (name, trues[name]) for name in predicted}


def _report(
    scores: list["PathScores"], protocol: "OdometryProtocol", chosen: Odometry, *, written: list[str], truth: str
) -> None:
    from vection.evaluation.paths.scores import paths_json, paths_tables, segments_csv
    from vection.files import write_text

    content = paths_json(scores, protocol, truth=truth) if scores else {}
    if scores and chosen.out is not None:
        write_text(chosen.out / "odometry.json", json.dumps(content, indent=1))
    if scores and chosen.csv is not None:
        write_text(chosen.csv, segments_csv(scores))
    if chosen.json:
        print(json.dumps({"paths": written} | content))
        return
    # Where nobody knows the width (a file, a pipe) the table gets the room it needs.
    console = Console(width=None if sys.stdout.isatty() else TABLE_WIDTH)
    for table in paths_tables(scores, protocol, truth=truth) if scores else ():
        console.print(table)
    for folder in written:
        print(folder)

"""A camera path as files: TUM, KITTI, CSV and a picture from above."""

from collections.abc import Mapping
from pathlib import Path

from vection.arrays import Positions
from vection.evaluation.paths.camera_path import pair_paths
from vection.evaluation.paths.odometry import rebase
from vection.evaluation.paths.trajectory import align
from vection.files import write_text
from vection.formats.camera_path import (
    CSV_FILE,
    KITTI_FILE,
    PICTURE_FILE,
    SCORES_FILE,
    TUM_FILE,
    CameraPath,
    csv_text,
    kitti_text,
    tum_text,
)
from vection.reports.figures import path_figure, write_png


def write_path(
    path: CameraPath,
    folder: Path,
    *,
    true: CameraPath | None = None,
    beside: Mapping[str, CameraPath] | None = None,
    first_frame: int | None = None,
) -> Path:
    """Write `path_tum.txt`, `path_kitti.txt`, `path.csv` and `path.png` and return the folder.

    Scores of another path that lies there are removed. The picture shows the path from its first frame's camera, with
    the true one and those `beside` it (of the same frames, by name) if given, all scaled by least squares onto the true
    one, or else onto the path; `first_frame` as in `pair_paths`. UsageError if the place cannot be written.
    """
    poses = list(path.poses)
    write_text(folder / CSV_FILE, csv_text(path))
    write_text(folder / KITTI_FILE, kitti_text(poses))
    seconds = None if path.seconds is None else path.seconds.tolist()
    write_text(folder / TUM_FILE, tum_text(poses, seconds, motion=path.motion))
    (folder / SCORES_FILE).unlink(missing_ok=True)
    if true is None:
        places = {"predicted": rebase(path.poses)[:, :3, 3]}
    else:
        _, rows = pair_paths(path, true, first_frame=first_frame)
        places = {"true": rebase(true.poses[rows])[:, :3, 3]}
        places["predicted, one scale"] = _scaled_positions(path, true, first_frame=first_frame)
    for name, other in (beside or {}).items():
        like, first = (path, None) if true is None else (true, first_frame)
        places[f"{name}, one scale"] = _scaled_positions(other, like, first_frame=first)
    write_png(folder / PICTURE_FILE, path_figure(places, unit="unit of the path" if true is None else "m"))
    return folder


def _scaled_positions(path: CameraPath, like: CameraPath, *, first_frame: int | None) -> Positions:
    paired, rows = pair_paths(path, like, first_frame=first_frame)
    scaled, _ = align(rebase(paired), rebase(like.poses[rows]), alignment="scale")
    return scaled[:, :3, 3]

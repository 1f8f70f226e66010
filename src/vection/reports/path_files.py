"""A camera path as files: TUM, KITTI, CSV and a picture from above."""

from pathlib import Path

from vection.evaluation.paths.camera_path import pair_paths
from vection.evaluation.paths.odometry import rebase
from vection.evaluation.paths.trajectory import align
from vection.files import write_text
from vection.formats.camera_path import (
    CSV_FILE,
    KITTI_FILE,
    PICTURE_FILE,
    TUM_FILE,
    CameraPath,
    csv_text,
    kitti_text,
    tum_text,
)
from vection.reports.figures import path_figure, write_png


def write_path(
    path: CameraPath, folder: Path, *, true: CameraPath | None = None, first_frame: int | None = None
) -> Path:
    """Write `path_tum.txt`, `path_kitti.txt`, `path.csv` and `path.png` and return the folder.

    Without known times frames are a second apart. The picture shows the path from its first frame's camera, beside the
    true one if given (scaled onto it by least squares; `first_frame` as in `pair_paths`). UsageError if the place
    cannot be written.
    """
    seconds = [float(index) for index in range(len(path))] if path.seconds is None else path.seconds.tolist()
    poses = list(path.poses)
    write_text(folder / TUM_FILE, tum_text(poses, seconds, motion=path.motion))
    write_text(folder / KITTI_FILE, kitti_text(poses))
    write_text(folder / CSV_FILE, csv_text(poses, seconds))
    places = {"predicted": rebase(path.poses)[:, :3, 3]}
    if true is not None:
        paired, rows = pair_paths(path, true, first_frame=first_frame)
        whole = rebase(true.poses[rows])
        scaled, _ = align(rebase(paired), whole, alignment="scale")
        places = {"true": whole[:, :3, 3], "predicted, one scale": scaled[:, :3, 3]}
    write_png(folder / PICTURE_FILE, path_figure(places, unit="unit of the path" if true is None else "m"))
    return folder

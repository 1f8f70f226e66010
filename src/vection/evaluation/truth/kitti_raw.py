"""Sparse true depth of listed images of KITTI raw, exported to one file."""

import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float32

from vection.arrays import AnyArray
from vection.data.clips.truth_sources import source_sentence
from vection.data.readers.kitti.lidar import SOURCES, Source, lidar_depth_map, read_lidar_calibration, read_scan
from vection.data.splits.list_file import SplitLine, parse_image, parse_split_line
from vection.errors import UsageError
from vection.evaluation.predictions.read import read_depth_png
from vection.evaluation.truth.truth_set import SOURCE_KEY, GroundTruth, TruthSet
from vection.files import whole_file
from vection.progress import Report


def kitti_raw_truth(root: Path, names: Sequence[str], *, source: Source = "velodyne-x") -> TruthSet:
    """True depth of images of KITTI raw at `root`, computed when it is read.

    `names` are those that `list_file.read_image_list` returns. 'improved' reads `DRIVE/proj_depth/groundtruth`, the
    published depth maps unpacked into the drives.
    """
    images = {name: line for name in names if (line := parse_image(name)) is not None}
    if len(images) < len(names):
        strange = next(name for name in names if name not in images)
        raise UsageError(f"'{strange}' in the list is no image of KITTI raw (DATE/DRIVE FRAME l|r).")
    folder = next((root / line.folder for line in images.values() if not (root / line.folder).is_dir()), None)
    if folder is not None:
        raise UsageError(f"The drive {folder} is missing, though the list names images of it.")

    def read(name: str) -> GroundTruth:
        image = next((path for suffix in (".png", ".jpg") if (path := root / f"{name}{suffix}").is_file()), None)
        depth = _depth_of(images[name], root, source=source)
        return GroundTruth(name, depth, image=image, group=images[name].folder)

    description = f"KITTI raw at {root} ({source_sentence(SOURCES[source])})"
    return TruthSet(description, tuple(images), read, source=SOURCES[source])


def export_kitti_ground_truth(
    lines: Sequence[str],
    root: Path,
    out: Path,
    *,
    source: Source = "velodyne-x",
    progress: Report | None = None,
) -> Path:
    """Write the true depth of listed images of KITTI raw at `root` to `out` (.npz, a key an image), and return `out`.

    Keys are the images' paths below `root` without suffix, for example `2011_09_26/..._sync/image_02/data/0000000069`.
    """
    if out.suffix != ".npz":
        raise UsageError(f"Ground truth is written to a .npz file, not to {out}.")
    with whole_file(out) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive:
        _write_array(archive, SOURCE_KEY, np.array(SOURCES[source]))
        for number, line in enumerate(lines):
            listed = parse_split_line(line)
            _write_array(archive, listed.image, _depth_of(listed, root, source=source))
            if progress is not None:
                progress(number + 1, len(lines))
    return out


def _depth_of(line: SplitLine, root: Path, *, source: Source) -> Float32[np.ndarray, "_ _"]:
    folder = root / line.folder
    if source == "improved":
        return read_depth_png(folder / f"proj_depth/groundtruth/image_0{line.camera}/{line.frame:010d}.png")
    calibration = read_lidar_calibration(folder.parent, camera=line.camera)
    scan = read_scan(folder / "velodyne_points/data" / f"{line.frame:010d}.bin")
    return lidar_depth_map(scan, calibration, value=source)


def _write_array(archive: zipfile.ZipFile, name: str, array: AnyArray) -> None:
    with archive.open(f"{name}.npy", "w", force_zip64=True) as file:
        np.lib.format.write_array(file, array, allow_pickle=False)

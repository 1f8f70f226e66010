"""Sparse true depth of listed images of KITTI raw, exported to one file."""

import os
import re
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float32

from vection.data.clips.truth_sources import source_sentence
from vection.data.readers.kitti.lidar import SOURCES, Source, lidar_depth_map, read_lidar_calibration, read_scan
from vection.errors import DataError, UsageError
from vection.evaluation.predictions.read import read_depth_png
from vection.evaluation.truth.truth_set import SOURCE_KEY, GroundTruth, TruthSet


@dataclass(frozen=True)
class ListedImage:
    """One line of a published list: which image of KITTI raw."""

    drive: str
    """`DATE/DRIVE`, relative to the root."""
    frame: int
    camera: int
    """2 left, 3 right."""

    @property
    def name(self) -> str:
        """Path of the image below the root, without suffix."""
        return f"{self.drive}/image_0{self.camera}/data/{self.frame:010d}"


def parse_line(line: str) -> ListedImage:
    """Parse `DATE/DRIVE FRAME l|r`; DataError for anything else."""
    parts = line.split()
    if len(parts) != 3 or not parts[1].isdigit() or parts[2] not in ("l", "r"):
        raise DataError(f"The list has a line '{line}' that is not 'DATE/DRIVE FRAME l|r'.")
    return ListedImage(parts[0], int(parts[1]), 2 if parts[2] == "l" else 3)


def read_image_list(path: Path) -> tuple[str, ...]:
    """Return the names of listed images: of `DATE/DRIVE FRAME l|r` as in exported truth, other lines as they are."""
    try:
        lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"The list of images {path} cannot be read ({error}).") from error
    return tuple(parse_line(line).name if len(line.split()) == 3 else line for line in lines)


def kitti_raw_truth(root: Path, names: Sequence[str], *, source: Source = "velodyne-x") -> TruthSet:
    """True depth of images of KITTI raw at `root`, computed when it is read; `names` as `read_image_list` returns them.

    'improved' reads `DRIVE/proj_depth/groundtruth`, the published depth maps unpacked into the drives.
    """
    images = {name: image for name in names if (image := _listed(name)) is not None}
    if len(images) < len(names):
        strange = next(name for name in names if name not in images)
        raise UsageError(f"'{strange}' in the list is no image of KITTI raw (DATE/DRIVE FRAME l|r).")
    folder = next((root / image.drive for image in images.values() if not (root / image.drive).is_dir()), None)
    if folder is not None:
        raise UsageError(f"The drive {folder} is missing, though the list names images of it.")

    def read(name: str) -> GroundTruth:
        image = next((path for suffix in (".png", ".jpg") if (path := root / f"{name}{suffix}").is_file()), None)
        depth = _depth_of(images[name], root, source=source)
        return GroundTruth(name, depth, image=image, group=images[name].drive)

    description = f"KITTI raw at {root} ({source_sentence(SOURCES[source])})"
    return TruthSet(description, tuple(images), read, source=SOURCES[source])


def export_kitti_ground_truth(
    lines: Sequence[str],
    root: Path,
    out: Path,
    *,
    source: Source = "velodyne-x",
    progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Write the true depth of listed images of KITTI raw at `root` to `out` (.npz, a key an image), and return `out`.

    Keys are the images' paths below `root` without suffix, for example `2011_09_26/..._sync/image_02/data/0000000069`.
    """
    if out.suffix != ".npz":
        raise UsageError(f"Ground truth is written to a .npz file, not to {out}.")
    temporary = out.with_name(f".{out.name}.{os.getpid()}")
    try:
        with zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive:
            _write_array(archive, SOURCE_KEY, np.array(SOURCES[source]))
            for number, line in enumerate(lines):
                image = parse_line(line)
                _write_array(archive, image.name, _depth_of(image, root, source=source))
                if progress is not None:
                    progress(number + 1, len(lines))
        temporary.replace(out)
    except OSError as error:
        raise UsageError(f"Cannot write {out}: {error.strerror}.") from error
    finally:
        temporary.unlink(missing_ok=True)
    return out


def _listed(name: str) -> ListedImage | None:
    """Return the image of a name `DATE/DRIVE/image_0C/data/FRAME`."""
    found = re.fullmatch(r"(.+)/image_0([23])/data/(\d+)", name)
    return None if found is None else ListedImage(found[1], int(found[3]), int(found[2]))


def _depth_of(image: ListedImage, root: Path, *, source: Source) -> Float32[np.ndarray, "_ _"]:
    folder = root / image.drive
    if source == "improved":
        return read_depth_png(folder / f"proj_depth/groundtruth/image_0{image.camera}/{image.frame:010d}.png")
    calibration = read_lidar_calibration(folder.parent, camera=image.camera)
    scan = read_scan(folder / "velodyne_points/data" / f"{image.frame:010d}.bin")
    return lidar_depth_map(scan, calibration, value=source)


def _write_array(archive: zipfile.ZipFile, name: str, array: np.ndarray) -> None:
    with archive.open(f"{name}.npy", "w", force_zip64=True) as file:
        np.lib.format.write_array(file, array, allow_pickle=False)

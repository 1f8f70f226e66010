"""True depth from the stereo disparity of Cityscapes, in the data set's own layout."""

from pathlib import Path

import numpy as np

from vection.data.clips.folder import natural_key
from vection.data.clips.image_file import read_stored
from vection.data.readers.cityscapes.camera import (
    HEIGHT,
    TRUTH_SOURCE,
    WIDTH,
    CityscapesCamera,
    depth_from_disparity,
    read_camera,
)
from vection.errors import DataError, UsageError
from vection.evaluation.truth.truth_set import GroundTruth, TruthSet


def cityscapes_truth(root: Path, *, part: str | None = None) -> TruthSet:
    """True depth of all `disparity/SPLIT/CITY/*_disparity.png`; names are `SPLIT/CITY/CITY_SEQUENCE_FRAME`.

    Reads `camera/SPLIT/CITY/*_camera.json` for each image, and names the image in `leftImg8bit` where it is there.
    `part` is the SPLIT (train, val, test), all of them if None.
    """
    places = files_of_part(root / "disparity", "_disparity.png", part=part)

    def read(name: str) -> GroundTruth:
        camera = read_camera(root / "camera" / f"{name}_camera.json")
        stored = read_stored(places[name])
        if stored.dtype != np.uint16 or stored.ndim != 2:
            raise DataError(f"{places[name]} is not a 16-bit grey PNG, so not a disparity of Cityscapes.")
        image = root / "leftImg8bit" / f"{name}_leftImg8bit.png"
        depth = depth_from_disparity(np.asarray(stored, np.uint16), focal=camera.fx, baseline=camera.baseline)
        return GroundTruth(
            name,
            depth,
            image=image if image.is_file() else None,
            group=name.rpartition("_")[0],
            focal=focal_at_size(camera, depth.shape),
        )

    return TruthSet(describe_part("Cityscapes", part, root), tuple(places), read, source=TRUTH_SOURCE)


def is_cityscapes(root: Path) -> bool:
    """Whether Cityscapes' disparities with their cameras, or its fine labels, lie at `root` in their own layout."""
    return all((root / folder).is_dir() for folder in ("disparity", "camera")) or (root / "gtFine").is_dir()


def files_of_part(folder: Path, suffix: str, *, part: str | None) -> dict[str, Path]:
    """Return the files `SPLIT/CITY/CITY_SEQUENCE_FRAME`+`suffix` below `folder` by their names without the suffix.

    UsageError where there are none of this `part` (train, val, test; None: all).
    """
    files = sorted((folder / (part or "")).rglob(f"[!.]*{suffix}"), key=lambda path: natural_key(str(path)))
    if not files:
        parts = ", ".join(sorted(place.name for place in folder.iterdir())) if folder.is_dir() else ""
        there = f"; there is {parts}: choose with `part`" if parts else ""
        raise UsageError(f"No truth of Cityscapes: {folder} has no {part or 'SPLIT'}/CITY/*{suffix}{there}.")
    return {path.relative_to(folder).as_posix().removesuffix(suffix): path for path in files}


def describe_part(what: str, part: str | None, root: Path) -> str:
    """Return `what` at `root` in words, with the part if it is one."""
    return f"{what} at {root}" if part is None else f"{what} ({part}) at {root}"


def focal_at_size(camera: CityscapesCamera, size: tuple[int, ...]) -> tuple[float, float]:
    """Focal lengths in pixels of a whole image that is stored at `size` (height, width)."""
    return camera.fx * size[1] / WIDTH, camera.fy * size[0] / HEIGHT

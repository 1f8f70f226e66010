"""True depth from the stereo disparity of Cityscapes, in the data set's own layout."""

from pathlib import Path

import cv2
import numpy as np

from vection.data.clips.folder import natural_key
from vection.data.readers.cityscapes.snippets import TRUTH_SOURCE, depth_from_disparity, read_camera
from vection.errors import DataError, UsageError
from vection.evaluation.truth.truth_set import GroundTruth, TruthSet


def cityscapes_truth(root: Path) -> TruthSet:
    """True depth of all `disparity/SPLIT/CITY/*_disparity.png`; names are `SPLIT/CITY/CITY_SEQUENCE_FRAME`.

    Reads `camera/SPLIT/CITY/*_camera.json` for each image, and names the image in `leftImg8bit` where it is there.
    """
    paths = sorted((root / "disparity").rglob("*_disparity.png"), key=lambda path: natural_key(str(path)))
    if not paths:
        raise UsageError(f"No Cityscapes depth at {root}: there are no disparity/SPLIT/CITY/*_disparity.png.")
    places = {_name(path.relative_to(root / "disparity")): path for path in paths}

    def read(name: str) -> GroundTruth:
        camera = read_camera(root / "camera" / f"{name}_camera.json")
        stored = cv2.imread(str(places[name]), cv2.IMREAD_UNCHANGED)
        if stored is None or stored.dtype != np.uint16 or stored.ndim != 2:
            raise DataError(f"{places[name]} is not a 16-bit grey PNG, so not a disparity of Cityscapes.")
        image = root / "leftImg8bit" / f"{name}_leftImg8bit.png"
        depth = depth_from_disparity(np.asarray(stored, np.uint16), focal=camera.fx, baseline=camera.baseline)
        return GroundTruth(name, depth, image=image if image.is_file() else None, group=name.rpartition("_")[0])

    return TruthSet(f"Cityscapes at {root}", tuple(places), read, source=TRUTH_SOURCE)


def _name(relative: Path) -> str:
    return relative.as_posix().removesuffix("_disparity.png")

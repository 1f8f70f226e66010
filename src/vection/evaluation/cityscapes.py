"""True depth from the stereo disparity of Cityscapes, in the data set's own layout."""

import json
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Float32, UInt16

from vection.data.clip_folder import natural_key
from vection.errors import DataError, UsageError
from vection.evaluation.truth import GroundTruth, TruthSet


def depth_from_disparity(
    stored: UInt16[np.ndarray, "height width"], *, focal: float, baseline: float
) -> Float32[np.ndarray, "height width"]:
    """Depth in metres of a disparity PNG; 0 where it has no measurement.

    0 means none, otherwise disparity = (p - 1) / 256 pixels; depth = focal * baseline / disparity, `focal` in pixels
    and `baseline` in metres, both of the image's own camera file.
    """
    disparity = (stored.astype(np.float64) - 1) / 256
    depth = np.divide(focal * baseline, disparity, out=np.zeros(stored.shape), where=disparity > 0)
    return depth.astype(np.float32)


def cityscapes_truth(root: Path) -> TruthSet:
    """True depth of all `disparity/SPLIT/CITY/*_disparity.png`; names are `SPLIT/CITY/CITY_SEQUENCE_FRAME`.

    Reads `camera/SPLIT/CITY/*_camera.json` for each image, and names the image in `leftImg8bit` where it is there.
    """
    paths = sorted((root / "disparity").rglob("*_disparity.png"), key=lambda path: natural_key(str(path)))
    if not paths:
        raise UsageError(f"No Cityscapes depth at {root}: there are no disparity/SPLIT/CITY/*_disparity.png.")
    places = {_name(path.relative_to(root / "disparity")): path for path in paths}

    def read(name: str) -> GroundTruth:
        focal, baseline = _camera(root / "camera" / f"{name}_camera.json")
        stored = cv2.imread(str(places[name]), cv2.IMREAD_UNCHANGED)
        if stored is None or stored.dtype != np.uint16 or stored.ndim != 2:
            raise DataError(f"{places[name]} is not a 16-bit grey PNG, so not a disparity of Cityscapes.")
        image = root / "leftImg8bit" / f"{name}_leftImg8bit.png"
        depth = depth_from_disparity(np.asarray(stored, np.uint16), focal=focal, baseline=baseline)
        return GroundTruth(name, depth, image=image if image.is_file() else None, group=name.rpartition("_")[0])

    return TruthSet(f"Cityscapes at {root}", tuple(places), read)


def _name(relative: Path) -> str:
    return relative.as_posix().removesuffix("_disparity.png")


def _camera(file: Path) -> tuple[float, float]:
    """Focal length (pixels) and baseline (metres)."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        return float(content["intrinsic"]["fx"]), float(content["extrinsic"]["baseline"])
    except OSError as error:
        raise DataError(
            f"The camera file {file} cannot be read ({error.strerror}); Cityscapes has one an image."
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"{file} holds no intrinsic.fx and extrinsic.baseline ({error}), so depth is unknown."
        ) from error

"""Calibration files of OpenCV, ROS, Kalibr, COLMAP and KITTI, told apart by what is in them."""

import re
from pathlib import Path

from vection.data.calibration.calibration import Calibration
from vection.data.calibration.colmap import read_colmap
from vection.data.calibration.kitti import PROJECTION, read_kitti
from vection.data.calibration.opencv import read_opencv
from vection.data.calibration.yaml_files import read_yaml
from vection.errors import DataError
from vection.files import read_text

REMEDY = "give a calibration of OpenCV, ROS, Kalibr, COLMAP (cameras.txt) or KITTI, or a JSON file."


def read_calibration(file: Path, *, camera: str | None = None) -> Calibration:
    """Read the calibration of one camera: `camera` is its name where the file holds several.

    OpenCV's YAML or XML, ROS's camera_info YAML, Kalibr's camchain, COLMAP's cameras.txt, KITTI's calib_cam_to_cam.txt
    and calib.txt. What a file states is read or refused by name. Raises UsageError if there is no such file, DataError
    for one that cannot be read or is of another kind.
    """
    text = read_text(file, remedy=REMEDY)
    if "opencv_storage" in text or "opencv-matrix" in text or text.startswith("%YAML:"):
        return read_opencv(file, text)
    if file.suffix.lower() in (".yaml", ".yml"):
        return read_yaml(file, text, camera=camera)
    if re.search(r"^\s*\d+\s+[A-Z_]+\s+\d+\s+\d+\s", text, re.MULTILINE):
        return read_colmap(file, text, camera=camera)
    if re.search(rf"^{PROJECTION}\s*:", text, re.MULTILINE):
        return read_kitti(file, camera=camera)
    raise DataError(f"{file} is no calibration that is known; {REMEDY}")

"""OpenCV's own calibration files: YAML or XML of cv::FileStorage."""

from pathlib import Path

import cv2
import numpy as np

from vection.arrays import AnyArray
from vection.data.calibration.calibration import Calibration, lens, pixels, refuse_unknown
from vection.errors import DataError

MATRIX = ("camera_matrix", "Camera_Matrix", "cameraMatrix", "K")
COEFFICIENTS = ("distortion_coefficients", "Distortion_Coefficients", "distCoeffs", "dist_coeffs", "D")
WIDTH, HEIGHT = ("image_width", "image_Width", "width"), ("image_height", "image_Height", "height")
FISHEYE = ("fisheye_model",)
OF_THE_CAMERA = (*MATRIX, *COEFFICIENTS, *WIDTH, *HEIGHT, *FISHEYE)
OF_THE_BOARD = (
    "calibration_time", "calibration_Time", "nr_of_frames", "nframes", "nrOfFrames", "board_width", "board_Width",
    "board_height", "board_Height", "square_size", "square_Size", "marker_size", "fix_aspect_ratio", "flags",
    "flagValue", "Avg_Reprojection_Error", "avg_reprojection_error", "Per_View_Reprojection_Errors", "image_points",
    "per_view_reprojection_errors", "Extrinsic_Parameters", "extrinsic_parameters", "grid_points", "Image_points",
    "aspectRatio", "camera_name", "rectification_matrix", "projection_matrix",
)  # fmt: skip
"""What says nothing of the camera, or of the rectified image only."""


MOST_NUMBERS = 64
"""Of a matrix; more are not read into memory."""


def read_opencv(file: Path, text: str) -> Calibration:
    """Read the camera of a file of cv::FileStorage. Raises DataError if it cannot be read."""
    try:
        storage = cv2.FileStorage(text, cv2.FILE_STORAGE_READ | cv2.FILE_STORAGE_MEMORY)
        nodes = {key: storage.getNode(key) for key in storage.root().keys()}  # noqa: SIM118 - a FileNode
        values = {key: _value(nodes[key]) for key in OF_THE_CAMERA if key in nodes}
    except (cv2.error, SystemError) as error:
        raise DataError(f"{file} cannot be read as OpenCV's; write it anew, or give a JSON file.") from error
    refuse_unknown(nodes, (*OF_THE_CAMERA, *OF_THE_BOARD), where=str(file))
    found = {keys: next((values[key] for key in keys if key in values), None) for keys in (MATRIX, COEFFICIENTS)}
    matrix, coefficients = found[MATRIX], found[COEFFICIENTS]
    if not isinstance(matrix, np.ndarray) or matrix.shape != (3, 3):
        raise DataError(f"{file} lacks {MATRIX[0]}, a 3x3 matrix.")
    if not np.allclose(matrix[[0, 1, 2, 2, 2], [1, 0, 0, 1, 2]], [0, 0, 0, 0, 1]):
        raise DataError(f"{MATRIX[0]} in {file} is not [[fx, 0, cx], [0, fy, cy], [0, 0, 1]]; skew is not read.")
    width, height = (next((values[key] for key in keys if key in values), None) for keys in (WIDTH, HEIGHT))
    model = "fisheye" if any(values.get(key) for key in FISHEYE) else "opencv"
    numbers = [] if coefficients is None else np.asarray(coefficients, float).reshape(-1).tolist()
    distortion, fisheye = lens(model, numbers, where=str(file))
    return Calibration(
        numbers=(float(matrix[0, 0]), float(matrix[1, 1]), float(matrix[0, 2]), float(matrix[1, 2])),
        size=None
        if width is None or height is None
        else (pixels(width, where=str(file)), pixels(height, where=str(file))),
        source=f"OpenCV's {file.name}",
        distortion=distortion,
        fisheye=fisheye,
    )


def _value(node: "cv2.FileNode") -> AnyArray | float | None:
    """Return a matrix, if it is as small as those of cameras are, or a number; None for anything else."""
    if node.isMap():
        sides = [node.getNode(side).real() for side in ("rows", "cols")]
        return node.mat() if 0 < sides[0] * sides[1] <= MOST_NUMBERS else None
    return float(node.real()) if node.isReal() or node.isInt() else None

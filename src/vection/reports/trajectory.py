"""Camera paths for drawing."""

from pathlib import Path

import numpy as np
from jaxtyping import Float

from vection.errors import DataError
from vection.evaluation.paths.trajectory import least_squares_scale

Places = Float[np.ndarray, "frame 3"]


def read_places(path: Path) -> Places:
    """Read a path in KITTI format (the 12 numbers of T_camera_to_world a line); other content is a DataError.

    Returns the camera's places in the coordinates of its first frame: x right, y down, z forward.
    """
    try:
        poses = np.loadtxt(path, ndmin=2, dtype=np.float64).reshape(-1, 3, 4)
        T_world_to_start = np.linalg.inv(np.vstack([poses[0], [0.0, 0.0, 0.0, 1.0]]))
    except (ValueError, IndexError, np.linalg.LinAlgError) as error:
        raise DataError(f"{path} is no path in KITTI format (12 numbers a line); predict again.") from error
    return poses[:, :, 3] @ T_world_to_start[:3, :3].T + T_world_to_start[:3, 3]


def scale_onto(places: Places, truth: Float[np.ndarray, "true_frame 3"]) -> Places:
    """Scale a path onto the true one by least squares, the start held fixed: the one freedom of monocular depth.

    Frames beyond the shorter path do not count.
    """
    count = min(len(places), len(truth))
    return places * least_squares_scale(places[:count], truth[:count])

"""Camera paths for drawing."""

from pathlib import Path

import numpy as np
from jaxtyping import Float

from vection.evaluation.paths.odometry import rebase
from vection.evaluation.paths.trajectory import least_squares_scale
from vection.formats.camera_path import read_path

Places = Float[np.ndarray, "frame 3"]


def read_places(path: Path) -> Places:
    """Return the camera's places of a path file in the coordinates of its first frame: x right, y down, z forward."""
    return rebase(read_path(path).poses)[:, :3, 3]


def scale_onto(places: Places, truth: Float[np.ndarray, "true_frame 3"]) -> Places:
    """Scale a path onto the true one by least squares, the start held fixed: the one freedom of monocular depth.

    Frames beyond the shorter path do not count.
    """
    count = min(len(places), len(truth))
    return places * least_squares_scale(places[:count], truth[:count])

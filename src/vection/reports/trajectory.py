"""Camera paths for drawing."""

from pathlib import Path

import numpy as np
from jaxtyping import Float

from vection.arrays import Positions
from vection.evaluation.paths.odometry import rebase
from vection.evaluation.paths.trajectory import least_squares_scale
from vection.formats.camera_path import read_path

TruePositions = Float[np.ndarray, "true_frame 3"]
"""Where the camera truly is; of another number of frames than the prediction."""


def read_places(path: Path) -> Positions:
    """Return the camera's places of a path file in the coordinates of its first frame: x right, y down, z forward."""
    return rebase(read_path(path).poses)[:, :3, 3]


def scale_onto(places: Positions, truth: TruePositions) -> Positions:
    """Scale a path onto the true one by least squares, the start held fixed: the one freedom of monocular depth.

    Frames beyond the shorter path do not count.
    """
    count = min(len(places), len(truth))
    return places * least_squares_scale(places[:count], truth[:count])

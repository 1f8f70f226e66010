import tracemalloc
from collections.abc import Iterable, Iterator

import numpy as np

from vection.inference.motion.source import MotionChoice
from vection.inference.prediction import FramePose
from vection.inference.predictor import Predictor
from vection.inference.sources import Frame, FrameSource
from vection.progress import no_bars
from vection.runs.odometry import _predict


class Walker(Predictor):
    """Goes a metre a frame."""

    def __init__(self) -> None:
        self.unit = "metres"

    def path(self, frames: Iterable[Frame], *, motion: MotionChoice | None = None) -> Iterator[FramePose]:
        for number, frame in enumerate(frames):
            pose = np.eye(4)
            pose[2, 3] = number
            yield FramePose(frame, pose, "measured")


def test_images_are_forgotten_on_the_way():
    def frames() -> Iterator[Frame]:
        for number in range(60):
            yield Frame(f"{number:06d}", np.zeros((500, 500, 3), np.uint8))

    source = FrameSource("drive", "drive.mp4", None, frames)
    tracemalloc.start()
    paths, _, _ = _predict(Walker(), [source], motion=None, first_frame=None, progress=no_bars)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert paths["drive"].poses[:, 2, 3].tolist() == list(range(60))
    assert peak < 10 * 750_000  # of ten images

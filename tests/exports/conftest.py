from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from vection.data.clips.folder import ClipInfo, read_clip
from vection.data.synthetic import street, write_drive
from vection.inference.prediction import Prediction
from vection.inference.write import write_predictions

CLOSE = 0.01
"""Share of the depth by which a point may miss the truth."""


class Drive:
    """A synthetic drive and its exact truth, with the first camera as the world."""

    def __init__(self, clip: ClipInfo) -> None:
        self.clip = clip
        truths = [clip.read_truth(index) for index in range(len(clip))]
        start = np.linalg.inv(truths[0].T_camera_to_world)
        self.poses = [start @ truth.T_camera_to_world for truth in truths]
        self.depths = [truth.depth for truth in truths]
        self.moving = [truth.category == 2 for truth in truths]
        self.classes = [truth.semantics for truth in truths]
        self.camera = tuple(float(value) for value in clip.frames[0].intrinsics)

    def predictions(self) -> Iterator[Prediction]:
        for index, frame in enumerate(self.clip.frames):
            is_last = index == len(self.clip) - 1
            yield Prediction(
                *(frame.stem, self.clip.read_image(index), self.depths[index], "metres", "the truth"),
                seconds=frame.seconds,
                intrinsics=self.camera,
                T_camera_to_world=self.poses[index],
                motion_mask=None if is_last else self.moving[index].astype(np.float32),
                classes=self.classes[index],
            )

    def error(self, xyz: np.ndarray, *, frames: list[int] | None = None) -> np.ndarray:
        """Of each point of the world the least relative error of its depth in a frame: projected apart from ours."""
        fx, fy, cx, cy = self.camera
        least = np.full(len(xyz), np.inf)
        for index in range(len(self.depths)) if frames is None else frames:
            T = np.linalg.inv(self.poses[index])
            x, y, z = (xyz.astype(np.float64) @ T[:3, :3].T + T[:3, 3]).T
            ahead = np.maximum(z, 0.1)
            least = np.minimum(least, self.error_in_image(index, fx * x / ahead + cx, fy * y / ahead + cy, z))
        return least

    def error_in_image(self, index: int, u: np.ndarray, v: np.ndarray, z: np.ndarray) -> np.ndarray:
        """Relative error of depths z at pixels of a frame where nothing moves; infinite outside, behind and on others.

        True inverse depth is read between the pixels, where it is linear on planes.
        """
        depth = self.depths[index]
        inverse = np.where((depth > 0) & ~self.moving[index], 1 / np.maximum(depth, 1e-6), 0).astype(np.float32)
        places = [one.astype(np.float32)[:, None] for one in (u, v)]
        seen = cv2.remap(inverse, *places, cv2.INTER_LINEAR, borderValue=0)[:, 0]
        usable = (z > 0.1) & (seen > 0)
        return np.where(usable, np.abs(1 - 1 / np.where(usable, seen * z, 1)), np.inf)


@pytest.fixture(scope="session")
def drive(tmp_path_factory: pytest.TempPathFactory) -> Drive:
    folder = tmp_path_factory.mktemp("drive") / "clip"
    write_drive(folder, street(width=160, height=64, frames=8, pedestrians=2.0, antialias=False), seed=4)
    return Drive(read_clip(folder))


@pytest.fixture(scope="session")
def exact(drive: Drive, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A prediction folder that holds the truth, in metres."""
    folder = tmp_path_factory.mktemp("exact") / "drive"
    return write_predictions(
        drive.predictions(), folder, model="truth", frames_from=str(drive.clip.folder), png=False, video=False
    )


@pytest.fixture(scope="session")
def relative(drive: Drive, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same at a fifth of the size, up to scale."""
    folder = tmp_path_factory.mktemp("relative") / "drive"
    scaled = []
    for one in drive.predictions():
        pose = one.T_camera_to_world.copy()
        pose[:3, 3] /= 5
        scaled.append(
            replace(one, depth=one.depth / 5, T_camera_to_world=pose, unit="up-to-scale", scale_source="none")
        )
    return write_predictions(scaled, folder, model="truth", frames_from=str(drive.clip.folder), png=False, video=False)

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from vection.data.clips.folder import ClipInfo, FrameTruth
from vection.data.measure.clip import measure_clip
from vection.data.synthetic import DriveSettings, still_street, turning, write_drive
from vection.formats.measured_geometry import MeasuredClip


@dataclass(frozen=True)
class MeasuredDrive:
    """A rendered clip, its truth and what was measured in it."""

    clip: ClipInfo
    truth: list[FrameTruth]
    measured: MeasuredClip

    def true_motion(self, first: int, second: int) -> np.ndarray:
        """T_first_to_second in metres."""
        poses = [self.truth[index].T_camera_to_world for index in (first, second)]
        return np.linalg.inv(poses[1]) @ poses[0]


def measured_drive(folder: Path, settings: DriveSettings, *, seed: int) -> MeasuredDrive:
    clip = write_drive(folder, settings, seed=seed)
    truth = [clip.read_truth(index) for index in range(len(clip))]
    return MeasuredDrive(clip, truth, measure_clip(folder))


@pytest.fixture(scope="session")
def straight(tmp_path_factory: pytest.TempPathFactory) -> MeasuredDrive:
    settings = still_street(width=416, height=128, frames=7, route="straight")
    return measured_drive(tmp_path_factory.mktemp("measured") / "straight", settings, seed=11)


@pytest.fixture(scope="session")
def turn(tmp_path_factory: pytest.TempPathFactory) -> MeasuredDrive:
    settings = turning(width=416, height=128, frames=7)
    return measured_drive(tmp_path_factory.mktemp("measured") / "turn", settings, seed=5)

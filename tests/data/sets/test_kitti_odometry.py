from pathlib import Path

import numpy as np
import pytest
import torch

from vection.data.clips.folder import write_rgb
from vection.data.sets.kitti_odometry import KittiOdometryDataset
from vection.data.sets.kitti_raw import KittiSettings
from vection.data.splits.list_file import SplitLine
from vection.errors import DataError

CALIBRATION = "P2: 100 0 60 5 0 100 20 0 0 0 1 0\nP3: 100 0 60 -45 0 100 20 0 0 0 1 0\n"
NOMINAL = KittiSettings(width=64, height=32, use_stereo=True, nominal_intrinsics=True, stereo_baseline=0.1)


@pytest.fixture
def odometry(tmp_path: Path) -> Path:
    """Frames 0..3 of both cameras of sequence 08; brightness tells frame and camera."""
    folder = tmp_path / "sequences/08"
    for camera in (2, 3):
        for frame in range(4):
            grey = np.full((40, 120, 3), 10 * frame + camera, np.uint8)
            write_rgb(folder / f"image_{camera}/{frame:06d}.png", grey)
    (folder / "calib.txt").write_text(CALIBRATION)
    (folder / "times.txt").write_text("0.0\n0.1\n0.21\n0.33\n")
    return tmp_path


@pytest.mark.parametrize(("number", "side", "camera", "sign"), [("8", "l", 2, -1), ("08", "r", 3, 1)])
def test_lines_as_published(odometry: Path, number: str, side: str, camera: int, sign: int):
    """`8 2 r`: the number of the sequence has no zero; the first frame has no neighbour and is left out."""
    wanted = [SplitLine(number, frame, side) for frame in (0, 2)]
    dataset = KittiOdometryDataset(odometry, wanted, settings=NOMINAL)
    assert (len(dataset), dataset.skipped) == (1, 1)
    sample = dataset[0]
    assert sample.target.unique().tolist() == [20 + camera]
    assert [frame.unique().tolist() for frame in sample.sources[0]] == [[10 + camera], [30 + camera]]
    torch.testing.assert_close(sample.seconds, torch.tensor([[-0.11, 0.12]]))
    assert sample.intrinsics[0].diagonal().tolist() == pytest.approx([0.58 * 64, 1.92 * 32, 1])
    assert sample.stereo is not None
    assert sample.stereo.image.unique().tolist() == [25 - camera]
    assert sample.stereo.T_target_to_stereo[0, :3, 3].tolist() == pytest.approx([sign * 0.1, 0, 0])


def test_own_camera_and_true_baseline(odometry: Path):
    settings = KittiSettings(width=60, height=40, use_stereo=True)
    sample = KittiOdometryDataset(odometry, [SplitLine("8", 1)], settings=settings)[0]
    assert sample.intrinsics[0, 0, 0] == pytest.approx(50)
    assert sample.stereo is not None
    assert sample.stereo.T_target_to_stereo[0, 0, 3] == pytest.approx(-0.5)


def test_a_folder_of_something_else(tmp_path: Path):
    with pytest.raises(DataError, match="must hold sequences/NN/image_2"):
        KittiOdometryDataset(tmp_path, [SplitLine("8", 1)], settings=NOMINAL)

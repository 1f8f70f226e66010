from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.data.readers.fake_kitti import write_image

from vection.data.prepare.preparation import prepare
from vection.data.readers.sequences import PrepareSettings
from vection.errors import DataError, UsageError

SMALL = PrepareSettings(width=128, height=64)
CALIBRATION = "".join(f"P{n}: 50 0 39.5 {b * 50} 0 50 19.5 0 0 0 1 0\n" for n, b in enumerate((0, -0.5, 0.06, -0.48)))


@pytest.fixture
def odometry(tmp_path) -> Path:
    """Sequences 00 and 09, five frames; the car drives a metre a frame; 09 has a lost frame."""
    for sequence in ("00", "09"):
        folder = tmp_path / "sequences" / sequence
        for frame in range(5):
            for camera in (2, 3):
                write_image(folder / f"image_{camera}/{frame:06d}.png", value=10 * frame + camera)
        (folder / "calib.txt").write_text(CALIBRATION + "Tr: 1 0 0 0 0 1 0 0 0 0 1 0\n")
        (folder / "times.txt").write_text("".join(f"{0.1 * frame:.6e}\n" for frame in range(5)))
        (tmp_path / "poses").mkdir(exist_ok=True)
        lines = (f"1 0 0 0 0 1 0 0 0 0 1 {frame}\n" for frame in range(5))
        (tmp_path / f"poses/{sequence}.txt").write_text("".join(lines))
    (tmp_path / "sequences/09/image_2/000002.png").unlink()
    return tmp_path


def test_sequences_with_camera_times_and_poses(odometry, tmp_path):
    made = prepare("kitti-odometry", odometry, tmp_path / "out", settings=replace(SMALL, stereo=True), workers=0)
    first, second = made.clips
    assert (first.name, len(first), first.breaks) == ("00/image_2", 5, ())
    assert (second.name, len(second), second.breaks) == ("09/image_2", 4, (2,))
    assert [frame.seconds for frame in second.frames] == pytest.approx([0, 0.1, 0.3, 0.4])
    assert first.stereo is not None
    assert first.stereo.T_target_to_stereo[0][3] == pytest.approx(-0.54)
    assert abs(int(first.read_stereo_image(1)[-1, 0, 0]) - 13) <= 2
    poses = np.loadtxt(second.folder / "path_truth_kitti.txt").reshape(-1, 3, 4)
    # the poses are those of camera 0; camera 2 is 6 cm to its left
    np.testing.assert_allclose(poses[:, :, 3], [[-0.06, 0, z] for z in (0, 1, 3, 4)], atol=1e-9)


@pytest.mark.parametrize(("split", "names"), [("train", ["00/image_2"]), ("test", ["09/image_2"])])
def test_splits_of_the_papers(odometry, tmp_path, split, names):
    made = prepare("kitti-odometry", odometry, tmp_path / "out", settings=replace(SMALL, split=split), workers=0)
    assert [clip.name for clip in made.clips] == names


def test_published_list(odometry, tmp_path):
    """Sequences stand there without leading zeros; those with them mean the same."""
    (tmp_path / "list.txt").write_text("0 2 l\n00 3 l\n9 3 r\n")
    settings = replace(SMALL, split=str(tmp_path / "list.txt"))
    made = prepare("kitti-odometry", odometry, tmp_path / "out", settings=settings, workers=0)
    assert [(clip.name, clip.targets) for clip in made.clips] == [("00/image_2", (1, 2)), ("09/image_3", (1,))]


def test_wrong_calibration_is_listed_and_missing_images_too(odometry, tmp_path):
    (odometry / "sequences/00/calib.txt").write_text("P2: 50 0 39.5\n")
    made = prepare("kitti-odometry", odometry, tmp_path / "out", settings=SMALL, workers=0)
    assert [clip.name for clip in made.clips] == ["09/image_2"]
    assert [entry.sequence for entry in made.skipped] == ["00/image_2"]
    assert "P2" in made.skipped[0].reason
    with pytest.raises(DataError, match="holds no images"):
        prepare("kitti-odometry", odometry, tmp_path / "grey", settings=replace(SMALL, cameras=("0",)), workers=0)
    with pytest.raises(UsageError, match="not 7"):
        prepare("kitti-odometry", odometry, tmp_path / "x", settings=replace(SMALL, cameras=("7",)), workers=0)


def test_broken_poses_are_listed(odometry, tmp_path):
    (odometry / "poses/00.txt").write_text("1 2 3\n")
    made = prepare("kitti-odometry", odometry, tmp_path / "out", settings=SMALL, workers=0)
    assert [entry.sequence for entry in made.skipped] == ["00/image_2"]
    assert "00.txt is no camera path: its lines have 3 columns" in made.skipped[0].reason


def test_real_sample(tmp_path, shared_data):
    settings = PrepareSettings(width=640, height=192, cameras=("0",))
    made = prepare("kitti-odometry", shared_data / "kitti_odometry", tmp_path / "out", settings=settings, workers=0)
    [clip] = made.clips
    assert (clip.name, len(clip)) == ("06/image_0", 51)
    fx = clip.frames[0].intrinsics[0]
    assert fx == pytest.approx(707.0912 * 640 / 1226)
    poses = np.loadtxt(clip.folder / "path_truth_kitti.txt")
    expected = np.loadtxt(shared_data / "kitti_odometry/sequences/06/poses_first_51.txt")
    np.testing.assert_allclose(poses, expected, atol=1e-6)

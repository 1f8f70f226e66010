import logging
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.data.readers.fake_kitti import write_raw_drive

from vection.data.calibration.kitti_rows import calibration_matrix, read_kitti_calibration
from vection.data.clips.folder import write_rgb
from vection.data.sets.kitti_raw import KittiRawDataset, KittiSettings
from vection.data.splits.list_file import SplitLine, read_split
from vection.errors import DataError, UsageError
from vection.recipes.recipe import DataSettings
from vection.runs.data import kitti_sets
from vection.samples import stack

DRIVE = "2011_09_26/2011_09_26_drive_0001_sync"
SMALL = KittiSettings(width=64, height=32)


@pytest.fixture
def kitti(tmp_path) -> Path:
    """Frames 0..4 of both cameras, 0.5 m apart; brightness tells frame and camera. The right camera lacks frame 4."""
    for number, extra in (("02", 0), ("03", 5)):
        place = tmp_path / DRIVE / f"image_{number}"
        (place / "data").mkdir(parents=True)
        for frame in range(5 if number == "02" else 4):
            write_rgb(place / f"data/{frame:010d}.png", np.full((40, 120, 3), 10 * frame + extra, np.uint8))
        stamps = [f"2011-09-26 13:17:59.{200000000 + 110000000 * frame:09d}" for frame in range(5)]
        (place / "timestamps.txt").write_text("\n".join(stamps))
    (tmp_path / "2011_09_26/calib_cam_to_cam.txt").write_text(
        "calib_time: 09-Jan-2012 13:57:47\n"
        "P_rect_02: 100 0 60 5 0 100 20 0 0 0 1 0\n"
        "P_rect_03: 100 0 60 -45 0 100 20 0 0 0 1 0\n"
    )
    return tmp_path


def lines(*frames: int, side="l") -> list[SplitLine]:
    return [SplitLine(DRIVE, frame, side) for frame in frames]


def test_reads_neighbours_and_scales_intrinsics(kitti):
    dataset = KittiRawDataset(kitti, lines(2), settings=SMALL)
    clip = dataset[0]
    assert clip.target.shape == (1, 3, 32, 64)
    assert clip.target.unique().tolist() == [20]
    assert [frame.unique().tolist() for frame in clip.sources[0]] == [[10], [30]]
    torch.testing.assert_close(clip.seconds, torch.tensor([[-0.11, 0.11]]))
    expected = torch.tensor([[100 * 64 / 120, 0, 60.5 * 64 / 120 - 0.5], [0, 80, 20.5 * 0.8 - 0.5], [0, 0, 1]])
    torch.testing.assert_close(clip.intrinsics[0], expected)
    torch.testing.assert_close(clip.source_intrinsics[0, 1], expected)


@pytest.mark.parametrize(("side", "sign"), [("l", -1), ("r", 1)])
def test_stereo_baseline_true_and_nominal(kitti, side, sign):
    true = KittiRawDataset(kitti, lines(2, side=side), settings=KittiSettings(width=64, height=32, use_stereo=True))
    nominal = KittiRawDataset(
        kitti, lines(2, side=side), settings=KittiSettings(64, 32, use_stereo=True, stereo_baseline=0.1)
    )
    for dataset, length in ((true, 0.5), (nominal, 0.1)):
        view = dataset[0].stereo
        assert view is not None
        assert view.image.unique().tolist() == [25 if side == "l" else 20]
        torch.testing.assert_close(view.T_target_to_stereo[0, :3, 3], torch.tensor([sign * length, 0, 0]))
        torch.testing.assert_close(view.T_target_to_stereo[0, :3, :3], torch.eye(3))


def test_true_depth_is_that_of_the_scan(tmp_path):
    write_raw_drive(tmp_path, frames=range(3))
    dataset = KittiRawDataset(tmp_path, [SplitLine(DRIVE, frame, "l") for frame in range(1, 2)], settings=SMALL)
    depth = dataset.true_depth(0)
    assert depth is not None
    assert np.unique(depth).tolist() == [0, 10]  # a wall
    (tmp_path / DRIVE / "velodyne_points/data/0000000001.bin").write_bytes(b"cut")
    assert dataset.true_depth(0) is None
    (tmp_path / DRIVE / "velodyne_points/data/0000000001.bin").unlink()
    assert dataset.true_depth(0) is None


def test_nominal_intrinsics_are_those_of_the_paper(kitti):
    settings = KittiSettings(64, 32, nominal_intrinsics=True)
    K = KittiRawDataset(kitti, lines(1), settings=settings)[0].intrinsics[0]
    torch.testing.assert_close(K.diagonal()[:2], torch.tensor([0.58 * 64, 1.92 * 32]))
    assert K[:2, 2].tolist() == [32, 16]


def test_stereo_only_has_no_sources(kitti):
    dataset = KittiRawDataset(kitti, lines(0, 1), settings=KittiSettings(64, 32, offsets=(), use_stereo=True))
    batch = stack([dataset[0], dataset[1]])
    assert batch.sources.shape == (2, 0, 3, 32, 64)
    assert batch.seconds.shape == (2, 0)


def test_incomplete_lines_are_skipped_and_counted(kitti, caplog):
    with caplog.at_level(logging.WARNING):
        dataset = KittiRawDataset(kitti, lines(0, 1, 3, 4), settings=SMALL)
    assert [line.frame for line in dataset.lines] == [1, 3]
    assert dataset.skipped == 2
    assert "2 of 4" in caplog.text
    with_pair = KittiRawDataset(kitti, lines(2, 4), settings=KittiSettings(64, 32, offsets=(-1,), use_stereo=True))
    assert [line.frame for line in with_pair.lines] == [2]


def test_times_that_end_early_are_not_made_up(kitti):
    dataset = KittiRawDataset(kitti, lines(1), settings=SMALL)
    file = kitti / DRIVE / "image_02/timestamps.txt"
    file.write_text("".join(file.read_text().splitlines(keepends=True)[:2]))
    with pytest.raises(DataError, match="ends before frame 2"):
        dataset[0]


def test_nothing_usable_says_where_it_looked(kitti):
    with pytest.raises(DataError, match="None of the 1 listed frames"):
        KittiRawDataset(kitti, lines(99))
    with pytest.raises(UsageError, match="does not exist"):
        KittiRawDataset(kitti / "none", lines(1))


def test_calibration_errors(tmp_path):
    with pytest.raises(UsageError, match="Cannot read"):
        read_kitti_calibration(tmp_path / "none.txt")
    (tmp_path / "c.txt").write_text("hello\ncalib_time: today\n")
    with pytest.raises(DataError, match="no line"):
        read_kitti_calibration(tmp_path / "c.txt")
    with pytest.raises(DataError, match="3x4"):
        calibration_matrix({"P": np.zeros(9)}, "P", shape=(3, 4))


def test_real_files(shared_data):
    root = shared_data / "kitti_raw"
    drive = "2011_09_26/2011_09_26_drive_0023_sync"
    all_lines = [SplitLine(drive, frame, side) for frame in range(7) for side in ("l", "r")]
    dataset = KittiRawDataset(root, all_lines, settings=KittiSettings(use_stereo=True))
    assert len(dataset) == 10
    clip = dataset[0]
    assert clip.stereo is not None
    assert clip.intrinsics[0, 0, 0].item() == pytest.approx(721.5377 * 640 / 1242)
    assert clip.stereo.T_target_to_stereo[0, 0, 3].item() == pytest.approx(-0.5327, abs=1e-3)
    assert clip.seconds[0, 1].item() == pytest.approx(0.1037, abs=1e-3)
    calibration = read_kitti_calibration(root / "2011_09_26/calib_velo_to_cam.txt")
    assert calibration_matrix(calibration, "R", shape=(3, 3))[0, 1] == -9.999714e-01
    assert read_split(shared_data / "splits/eigen/test_files.txt")


def test_training_and_held_out_frames_number_cameras_alike(kitti):
    (kitti / "lists").mkdir()
    for part, sides in (("train", "lr"), ("val", "r")):
        text = "".join(f"{DRIVE} {frame} {side}\n" for side in sides for frame in (1, 2))
        (kitti / "lists" / f"{part}_files.txt").write_text(text)
    settings = DataSettings(source="kitti-raw", split=str(kitti / "lists"), width=64, height=32)
    training, validation = kitti_sets(settings, kitti, temporal=True, stereo=False)
    assert training.cameras == ["2011_09_26/l", "2011_09_26/r"]
    assert [int(training[index].camera) for index in range(len(training))] == [0, 0, 1, 1]
    assert [int(validation[index].camera) for index in range(len(validation))] == [1, 1]

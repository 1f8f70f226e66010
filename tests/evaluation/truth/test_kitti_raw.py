from dataclasses import replace

import cv2
import numpy as np
import pytest

from vection.data.readers.kitti.lidar import LidarCalibration, lidar_depth_map, read_lidar_calibration, read_scan
from vection.data.splits.list_file import parse_split_line, read_image_list
from vection.errors import DataError, UsageError
from vection.evaluation.depth.evaluate import evaluate_depth
from vection.evaluation.depth.protocols import KITTI_EIGEN, KITTI_EIGEN_Z
from vection.evaluation.predictions.kinds import PredictedMap, PredictionReader
from vection.evaluation.truth.kitti_raw import export_kitti_ground_truth, kitti_raw_truth
from vection.evaluation.truth.truth_set import exported_truth, kitti_2015_truth

# Velodyne axes (forward, left, up) to camera axes (right, down, forward).
AXES = np.array([[0.0, -1, 0], [0, 0, -1], [1, 0, 0]])
CALIBRATION = LidarCalibration(
    P_rect=np.array([[10.0, 0, 5, 0], [0, 10.0, 3, 0], [0, 0, 1, 0]]),
    R_rect_00=np.eye(3),
    R_velodyne_to_camera=AXES,
    t_velodyne_to_camera=np.array([0.0, 0, -0.5]),
    width=8,
    height=6,
)
LINE = "2011_09_26/2011_09_26_drive_0001_sync 7 l"


def point_at(column: float, row: float, z: float) -> list[float]:
    """A laser point that projects to u = column, v = row at camera depth z."""
    x, y = (column - 5) * z / 10, (row - 3) * z / 10
    return [z + 0.5, -x, -y, 0.9]


def test_hand_values_both_kinds_of_depth():
    points = np.array([point_at(3, 4, 10)], np.float32)
    depth = lidar_depth_map(points, CALIBRATION)
    assert depth[3, 2] == pytest.approx(10.5)  # the Matlab tool's pixels begin with 1
    assert (depth > 0).sum() == 1
    assert lidar_depth_map(points, CALIBRATION, value="camera-z")[3, 2] == pytest.approx(10)


def test_the_nearest_point_wins_whatever_the_order():
    points = np.array([point_at(3, 4, 20), point_at(3, 4, 10), point_at(3, 4, 15)], np.float32)
    assert lidar_depth_map(points, CALIBRATION, value="camera-z")[3, 2] == pytest.approx(10)
    assert lidar_depth_map(points[::-1].copy(), CALIBRATION, value="camera-z")[3, 2] == pytest.approx(10)


def test_points_behind_or_outside_leave_nothing():
    points = np.array([[-10, 0, 0, 0.5], point_at(0, 3, 10), point_at(9, 3, 10), point_at(3, 7, 10)], np.float32)
    assert not lidar_depth_map(points, CALIBRATION).any()
    assert not lidar_depth_map(np.zeros((0, 4), np.float32), CALIBRATION).any()


def test_index_confusion_only_with_its_flag():
    far_at_end, near_at_start = point_at(8, 2, 20), point_at(1, 3, 10)
    points = np.array([far_at_end, near_at_start], np.float32)
    right = lidar_depth_map(points, CALIBRATION, value="camera-z")
    assert (right[1, 7], right[2, 0]) == (pytest.approx(20), pytest.approx(10))
    confused = lidar_depth_map(points, CALIBRATION, value="camera-z", reproduce_index_confusion=True)
    assert (confused[1, 7], confused[2, 0]) == (pytest.approx(10), pytest.approx(10))


def test_lines_of_lists():
    listed = parse_split_line(LINE)
    assert listed.image == "2011_09_26/2011_09_26_drive_0001_sync/image_02/data/0000000007"
    assert parse_split_line(LINE[:-1] + "r").camera == 3
    for line in ("image 0", "a b l", ""):
        with pytest.raises(DataError, match="is not 'DATE/DRIVE FRAME"):
            parse_split_line(line)


@pytest.fixture
def kitti_root(tmp_path):
    day = tmp_path / "kitti" / "2011_09_26"
    scans = day / "2011_09_26_drive_0001_sync" / "velodyne_points" / "data"
    scans.mkdir(parents=True)
    P = " ".join(map(str, CALIBRATION.P_rect.ravel()))
    identity = " ".join(map(str, np.eye(3).ravel()))
    (day / "calib_cam_to_cam.txt").write_text(f"S_rect_02: 8 6\nR_rect_00: {identity}\nP_rect_02: {P}\n")
    R = " ".join(map(str, AXES.ravel()))
    (day / "calib_velo_to_cam.txt").write_text(f"calib_time: now\nR: {R}\nT: 0 0 -0.5\n")
    np.array([point_at(3, 4, 10)], np.float32).tofile(scans / "0000000007.bin")
    return tmp_path / "kitti"


def test_export_and_read_back(kitti_root, tmp_path):
    out = export_kitti_ground_truth([LINE], kitti_root, tmp_path / "gt.npz", source="camera-z")
    truths = exported_truth(out)
    (truth,) = truths
    assert truth.name == parse_split_line(LINE).image
    assert truth.depth[3, 2] == pytest.approx(10)
    assert "camera z" in truths.description
    assert sorted(path.name for path in tmp_path.iterdir()) == ["gt.npz", "kitti"]


def test_truth_is_computed_when_it_is_read(kitti_root, tmp_path):
    (tmp_path / "list.txt").write_text(f"{LINE}\n")
    names = read_image_list(tmp_path / "list.txt")
    (truth,) = kitti_raw_truth(kitti_root, names, source="camera-z")
    assert truth.name == names[0] == parse_split_line(LINE).image
    assert truth.depth[3, 2] == pytest.approx(10)
    assert truth.group == parse_split_line(LINE).folder
    drive = kitti_root / truth.group
    improved = drive / "proj_depth" / "groundtruth" / "image_02"
    improved.mkdir(parents=True)
    cv2.imwrite(str(improved / "0000000007.png"), np.full((6, 8), 256 * 20, np.uint16))
    (truth,) = kitti_raw_truth(kitti_root, names, source="improved")
    assert truth.depth.min() == 20


def test_lists_that_do_not_fit(kitti_root, tmp_path):
    with pytest.raises(UsageError, match=r"2011_09_27/x_sync is missing"):
        kitti_raw_truth(kitti_root, [parse_split_line("2011_09_27/x_sync 7 l").image])
    with pytest.raises(UsageError, match="'0000000007' in the list"):
        kitti_raw_truth(kitti_root, ["0000000007"])
    with pytest.raises(UsageError, match="Cannot read"):
        read_image_list(tmp_path / "absent.txt")


def test_truth_of_another_protocol_is_refused(kitti_root):
    truths = kitti_raw_truth(kitti_root, [parse_split_line(LINE).image], source="camera-z")
    ones = PredictionReader("ones", truths.names, lambda _: PredictedMap(np.ones((6, 8), np.float32)))
    with pytest.raises(UsageError, match="not what the protocol 'kitti-eigen' compares with"):
        evaluate_depth(ones, truths, KITTI_EIGEN)
    assert evaluate_depth(ones, truths, replace(KITTI_EIGEN_Z, crop=None)).images == 1


def test_export_leaves_nothing_half_written(kitti_root, tmp_path):
    (kitti_root / "file").write_text("")
    with pytest.raises(UsageError, match=r"0000000008\.bin"):
        export_kitti_ground_truth([LINE, LINE.replace("7", "8")], kitti_root, tmp_path / "gt.npz")
    with pytest.raises(UsageError, match="Cannot write"):
        export_kitti_ground_truth([LINE], kitti_root, kitti_root / "file" / "gt.npz")
    with pytest.raises(UsageError, match=r"\.npz"):
        export_kitti_ground_truth([LINE], kitti_root, tmp_path / "gt.npy")
    assert [path.name for path in tmp_path.iterdir()] == ["kitti"]


def test_broken_scan(tmp_path):
    (tmp_path / "scan.bin").write_bytes(b"1234" * 5)
    with pytest.raises(DataError, match="multiple of 4"):
        read_scan(tmp_path / "scan.bin")


def test_laser_agrees_with_stereo_on_real_frames(shared_data):
    root = shared_data / "kitti_2015_dev"
    if not root.is_dir():
        pytest.skip(f"no kitti_2015_dev in {shared_data}")
    calibration = read_lidar_calibration(root / "calib")
    for truth in kitti_2015_truth(root).select(["000007_10", "000060_10", "000107_10", "000123_10"]):
        laser = lidar_depth_map(read_scan(root / "velodyne" / f"{truth.name}.bin"), calibration, value="camera-z")
        both = (laser > 0) & (truth.depth > 0)
        assert both.sum() > 5000
        assert np.median(np.abs(laser - truth.depth)[both] / truth.depth[both]) < 0.02

import cv2
import numpy as np
import pytest
from tests.evaluation.paths.test_trajectory import scaled, winding_path

from vection.errors import UsageError
from vection.evaluation.paths.camera_path import open_paths, pair_paths
from vection.files import write_text
from vection.formats.camera_path import CameraPath, read_path
from vection.reports.path_files import write_path


def test_all_files_hold_the_same_path(tmp_path):
    poses = winding_path(6)
    folder = write_path(CameraPath("p", poses, seconds=np.arange(6) / 10), tmp_path / "a" / "b")
    assert sorted(path.name for path in folder.iterdir()) == ["path.csv", "path.png", "path_kitti.txt", "path_tum.txt"]
    for name in ("path.csv", "path_kitti.txt", "path_tum.txt"):
        np.testing.assert_allclose(read_path(folder / name).poses, poses, atol=1e-7)
    assert (folder / "path.csv").read_text().splitlines()[1] == "0,0.000000,0,0,0,0,0,0,1"


@pytest.mark.parametrize("known", ["seconds", "numbers", "nothing"])
def test_a_path_that_is_written_again_is_paired_as_before(tmp_path, known):
    """Of a true path of 40 frames every second one is predicted, exactly."""
    true = CameraPath("t", winding_path(40), seconds=None if known == "numbers" else np.arange(40) / 10)
    part = {"seconds": true.seconds[::2]} if known == "seconds" else {}
    part = {"numbers": np.arange(0, 40, 2)} if known == "numbers" else part
    (path,) = open_paths(write_path(CameraPath("p", true.poses[::2], **part), tmp_path / "written")).values()
    if known == "nothing":
        with pytest.raises(UsageError, match="first_frame"):
            pair_paths(path, true)
        return
    poses, rows = pair_paths(path, true)
    assert rows.tolist() == list(range(0, 40, 2))
    np.testing.assert_allclose(poses, true.poses[::2], atol=1e-7)


def test_another_path_leaves_nothing_of_the_one_before(tmp_path):
    write_path(CameraPath("p", winding_path(6), seconds=np.arange(6) / 10), tmp_path)
    (tmp_path / "odometry.json").write_text("{}")
    write_path(CameraPath("p", winding_path(6)), tmp_path)
    assert not (tmp_path / "odometry.json").exists()
    for name in ("path.csv", "path_tum.txt"):
        assert read_path(tmp_path / name).seconds is None


def test_the_picture_shows_the_true_path_beside_the_scaled_one(tmp_path):
    true = CameraPath("t", winding_path(20))
    alone = write_path(CameraPath("p", scaled(true.poses, 0.1)), tmp_path / "alone")
    both = write_path(CameraPath("p", scaled(true.poses, 0.1)), tmp_path / "both", true=true)
    first, second = (cv2.imread(str(folder / "path.png")) for folder in (alone, both))
    assert first.shape == second.shape
    assert first[0, 0].tolist() == [255, 255, 255]
    assert (first != second).any()
    other = {"other": CameraPath("o", scaled(winding_path(20)[::-1], 3))}
    for true_or_none, without in ((true, second), (None, first)):
        place = write_path(
            CameraPath("p", scaled(true.poses, 0.1)), tmp_path / "three", true=true_or_none, beside=other
        )
        assert (cv2.imread(str(place / "path.png")) != without).any()


def test_a_place_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="Cannot write"):
        write_path(CameraPath("p", winding_path(3)), tmp_path / "file" / "below")
    with pytest.raises(UsageError, match="Cannot write"):
        write_text(tmp_path / "file" / "below.txt", "x")

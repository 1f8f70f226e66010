import numpy as np
import pytest
from tests.evaluation.paths.test_trajectory import winding_path

from vection.errors import DataError, UsageError
from vection.formats.camera_path import CameraPath, csv_text, kitti_text, quaternion, read_path, tum_text

POSES = winding_path(6)
SECONDS = [0.1 * index for index in range(6)]


def rotation(axis, angle):
    x, y, z = np.array(axis) / np.linalg.norm(axis)
    K = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + np.sin(angle) * K + (1 - np.cos(angle)) * K @ K


@pytest.mark.parametrize("axis", [(1, 0, 0), (0, 1, 0), (0, 0, 1), (1, -2, 3), (-3, 1, 0.1)])
@pytest.mark.parametrize("angle", [0.0, 1e-7, 0.5, 2.0, 3.1, np.pi - 1e-7])
def test_quaternion_by_hand(axis, angle):
    expected = [*(np.sin(angle / 2) * np.array(axis) / np.linalg.norm(axis)), np.cos(angle / 2)]
    np.testing.assert_allclose(quaternion(rotation(axis, angle)), expected, atol=1e-12)


def test_files_by_hand():
    pose = np.eye(4)
    pose[:3, :3] = rotation((0, 0, 1), np.pi / 2)
    pose[:3, 3] = [1, 2.5, -3]
    first, second = tum_text([np.eye(4), pose], [0.0, 0.1]).splitlines()
    assert first == "0.000000 0 0 0 0 0 0 1"
    numbers = [float(word) for word in second.split()]
    np.testing.assert_allclose(numbers, [0.1, 1, 2.5, -3, 0, 0, np.sqrt(0.5), np.sqrt(0.5)], atol=1e-8)
    rows = np.array([line.split() for line in kitti_text([np.eye(4), pose]).splitlines()], float)
    np.testing.assert_allclose(rows.reshape(2, 3, 4)[1], pose[:3], atol=1e-8)


@pytest.mark.parametrize(
    ("name", "text", "timed"),
    [
        ("tum.txt", tum_text(list(POSES), SECONDS), True),
        ("kitti.txt", kitti_text(list(POSES)), False),
        ("path.csv", csv_text(CameraPath("p", POSES, seconds=np.array(SECONDS))), True),
        ("full.txt", "".join(" ".join(map(str, pose.ravel())) + "\n" for pose in POSES), False),
        ("comment.tum", "# seconds tx ty tz qx qy qz qw\n\n" + tum_text(list(POSES), SECONDS), True),
    ],
)
def test_every_format_is_read_as_it_was_written(tmp_path, name, text, timed):
    (tmp_path / name).write_text(text)
    path = read_path(tmp_path / name)
    np.testing.assert_allclose(path.poses, POSES, atol=1e-7)
    assert (path.seconds is not None) == timed
    if path.seconds is not None:
        np.testing.assert_allclose(path.seconds, SECONDS, atol=1e-9)


def test_frame_numbers_of_thirteen_columns(tmp_path):
    lines = kitti_text(list(POSES)).splitlines()
    (tmp_path / "09.txt").write_text("".join(f"{2 + index} {line}\n" for index, line in enumerate(lines)))
    path = read_path(tmp_path / "09.txt")
    assert path.numbers is not None
    assert path.numbers.tolist() == [2, 3, 4, 5, 6, 7]
    np.testing.assert_allclose(path.poses, POSES, atol=1e-7)


@pytest.mark.parametrize("numbers", [None, np.array([0, 2, 4, 6, 8, 10])], ids=["rows", "numbered"])
@pytest.mark.parametrize("seconds", [None, np.array(SECONDS)], ids=["timeless", "timed"])
def test_csv_states_what_is_known_and_makes_nothing_up(tmp_path, numbers, seconds):
    (tmp_path / "path.csv").write_text(csv_text(CameraPath("p", POSES, seconds=seconds, numbers=numbers)))
    path = read_path(tmp_path / "path.csv")
    np.testing.assert_allclose(path.poses, POSES, atol=1e-7)
    for read, written in ((path.seconds, seconds), (path.numbers, numbers)):
        assert (read is None) == (written is None)
        assert written is None or read == pytest.approx(written)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no columns"),
        ("1 2 3\n", "has|have 3 columns"),
        ("0 0 0 0 0 0 0 1\n1 2\n", "2, 8 columns"),
        ("0 0 0 0 0 0 0 x\n", "could not convert"),
        ("0 0 0 nan 0 0 0 1\n", "line 1"),
        ("1 0 0 0 0 0 0 1\n0 0 0 0 0 0 0 1\n", "do not increase"),
        ("0 0 0 0 1 0 0 1\n", "not of length 1"),
        ("1 0 0 0 0 2 0 0 0 0 1 0\n", "no rotation"),
        ("1.5 1 0 0 0 0 1 0 0 0 0 1 0\n", "increasing frame numbers"),
    ],
)
def test_what_is_no_path_gets_a_sentence(tmp_path, text, said):
    (tmp_path / "path.txt").write_text(text)
    with pytest.raises(DataError, match=said):
        read_path(tmp_path / "path.txt")


def test_a_picture_is_no_path(tmp_path):
    (tmp_path / "path.txt").write_bytes(b"\x89PNG\xff\xfe\x00")
    with pytest.raises(DataError, match="no text"):
        read_path(tmp_path / "path.txt")
    with pytest.raises(UsageError, match="No such file"):
        read_path(tmp_path / "absent.txt")

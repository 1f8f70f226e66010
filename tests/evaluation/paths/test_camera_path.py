import numpy as np
import pytest
from tests.evaluation.paths.test_trajectory import winding_path

from vection.data.clips.folder import ClipInfo, FrameInfo, write_clip
from vection.errors import DataError, UsageError
from vection.evaluation.paths.camera_path import open_paths, open_stretches, pair_paths
from vection.evaluation.paths.trajectory import steps_from_poses
from vection.formats.camera_path import CameraPath, kitti_text, tum_text
from vection.formats.prediction_folder import PredictedFrame, PredictionList, write_prediction_list

POSES = winding_path(6)
SECONDS = [0.1 * index for index in range(6)]


def test_places_without_a_path(tmp_path):
    with pytest.raises(UsageError, match="no file and no folder"):
        open_paths(tmp_path / "absent")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="holds no camera path"):
        open_paths(tmp_path / "empty")


def test_steps_of_monodepth2(tmp_path):
    file = tmp_path / "poses.npy"
    steps = steps_from_poses(POSES)
    np.save(file, steps.astype(np.float32))
    path = open_paths(file)["poses"]
    np.testing.assert_allclose(path.poses, np.linalg.inv(POSES[0]) @ POSES, atol=1e-5)  # a pose more than steps
    for wrong, match in (
        (POSES - POSES[0] + np.eye(4), "begins with the identity"),
        (steps[:, :3], "N x 4 x 4"),
        (steps[:0], "no step"),
        (2 * steps, "no rotation"),
    ):
        np.save(file, wrong)
        with pytest.raises(DataError, match=match):
            open_paths(file)
    np.save(file, np.array([steps, None], object), allow_pickle=True)
    with pytest.raises(DataError, match="missing or broken"):
        open_paths(file)


def test_folders_of_paths(tmp_path):
    (tmp_path / "poses").mkdir()
    for name in ("10", "9"):
        (tmp_path / "poses" / f"{name}.txt").write_text(kitti_text(list(POSES)))
    assert list(open_paths(tmp_path / "poses")) == ["9", "10"]
    (tmp_path / "predictions" / "a" / "b").mkdir(parents=True)
    (tmp_path / "predictions" / "a" / "b" / "path_tum.txt").write_text(tum_text(list(POSES), SECONDS))
    (tmp_path / "predictions" / "a" / "b" / "path_kitti.txt").write_text(kitti_text(list(POSES)))
    paths = open_paths(tmp_path / "predictions")
    # Of the two the one with times.
    assert list(paths) == ["a/b"]
    assert paths["a/b"].seconds is not None


def test_true_poses_of_clips(tmp_path):
    frames = tuple(FrameInfo(f"frames/{i:06d}.png", 0.1 * i, (30.0, 30.0, 20.0, 12.0)) for i in range(6))
    write_clip(ClipInfo(tmp_path / "a", "a", 40, 24, "metres", "made up", frames, truth="truth"))
    write_clip(ClipInfo(tmp_path / "b", "b", 40, 24, "metres", "made up", frames))
    (tmp_path / "a" / "truth").mkdir()
    for index in (0, 1, 3):
        np.savez(tmp_path / "a" / "truth" / f"{index:06d}.npz", T_camera_to_world=POSES[index])
    np.savez(tmp_path / "a" / "truth" / "000002.npz", depth=np.ones((2, 2)))
    paths = open_paths(tmp_path)
    assert list(paths) == ["a"]
    np.testing.assert_allclose(paths["a"].seconds, [0, 0.1, 0.3])
    np.testing.assert_allclose(paths["a"].poses, POSES[[0, 1, 3]])
    # Frame 2 has no pose, so it is paired with none.
    assert rows(CameraPath("numbered", POSES[1:4], numbers=np.arange(1, 4)), paths["a"]) == [1, 2]
    assert rows(CameraPath("lines", POSES[1:4]), paths["a"], first_frame=1) == [1, 2]
    with pytest.raises(UsageError, match="true poses"):
        open_paths(tmp_path / "b")


def test_prepared_clips_hold_their_path_in_one_file(tmp_path):
    frames = tuple(FrameInfo(f"frames/{i:06d}.png", 0.1 * i, (30.0, 30.0, 20.0, 12.0)) for i in range(6))
    write_clip(ClipInfo(tmp_path / "09" / "image_2", "09", 40, 24, "up-to-scale", "made up", frames))
    file = tmp_path / "09" / "image_2" / "path_truth_kitti.txt"
    file.write_text(kitti_text(list(POSES)))
    (path,) = open_paths(tmp_path).values()
    np.testing.assert_allclose(path.poses, POSES, atol=1e-7)
    np.testing.assert_allclose(path.seconds, SECONDS)
    file.write_text(kitti_text(list(POSES[:4])))
    with pytest.raises(DataError, match="4 poses, but the clip 6 frames"):
        open_paths(tmp_path)


@pytest.mark.parametrize(
    ("stems", "numbers"),
    [("0000000007 0000000008 0000000012", [7, 8, 12]), ("a_1 a_2 a_3", [0, 1, 2]), ("2 1 3", [0, 1, 2])],
)
def test_true_poses_have_the_numbers_that_name_the_frames(tmp_path, stems, numbers):
    camera = (30.0, 30.0, 20.0, 12.0)
    frames = tuple(FrameInfo(f"frames/{s}.png", float(n), camera) for n, s in enumerate(stems.split()))
    write_clip(ClipInfo(tmp_path, "a", 40, 24, "metres", "made up", frames))
    (tmp_path / "path_truth_kitti.txt").write_text(kitti_text(list(POSES[:3])))
    assert open_paths(tmp_path)[""].numbers.tolist() == numbers


def write_predicted(folder, *, cuts: tuple[int, ...], poses: np.ndarray = POSES) -> None:
    """Write path_tum.txt and the list of six frames, of which the path does not know the way behind the `cuts`."""
    frames = [PredictedFrame(f"{n:06d}", motion_source="cut" if n in cuts else "network") for n in range(6)]
    write_prediction_list(folder, PredictionList("up-to-scale", tuple(frames)))
    (folder / "path_tum.txt").write_text(tum_text(list(poses), SECONDS[: len(poses)]))


def test_a_predicted_path_is_divided_at_cuts(tmp_path):
    write_predicted(tmp_path / "p/a", cuts=(2, 3))
    write_predicted(tmp_path / "p/b", cuts=())
    paths, wholes = open_stretches(tmp_path / "p")
    assert list(paths) == ["a/000000-000002", "a/000004-000005", "b"]
    assert wholes == {"a/000000-000002": "a", "a/000004-000005": "a"}
    np.testing.assert_allclose(paths["a/000004-000005"].poses, np.linalg.inv(POSES[4]) @ POSES[4:], atol=1e-6)
    np.testing.assert_allclose(paths["a/000004-000005"].seconds, SECONDS[4:])
    assert list(open_paths(tmp_path / "p/a/path_tum.txt")) == ["path_tum/000000-000002", "path_tum/000004-000005"]
    write_predicted(tmp_path / "p/a", cuts=(2, 3), poses=POSES[:5])
    with pytest.raises(DataError, match="5 poses, but the predictions beside it 6 frames"):
        open_paths(tmp_path / "p")
    write_predicted(tmp_path / "p/a", cuts=(0, 1, 2, 3, 4))
    with pytest.raises(UsageError, match="no two frames that follow each other"):
        open_paths(tmp_path / "p")


def rows(predicted: CameraPath, true: CameraPath, **settings) -> list[int]:
    poses, found = pair_paths(predicted, true, **settings)
    assert len(poses) == len(found)
    return found.tolist()


def test_paths_are_paired_by_number_time_or_line():
    true = CameraPath("true", POSES, seconds=np.array(SECONDS))
    untimed = CameraPath("true", POSES)
    late = CameraPath("late", POSES[2:5], seconds=np.array(SECONDS[2:5]) + 0.004)
    assert rows(late, true) == [2, 3, 4]
    assert rows(CameraPath("numbered", POSES[2:5], numbers=np.array([1, 4, 9])), untimed) == [1, 4]
    numbered = CameraPath("true", POSES, numbers=np.arange(6) + 10)
    assert rows(CameraPath("numbered", POSES[2:5], numbers=np.array([9, 11, 15])), numbered) == [1, 5]
    assert rows(CameraPath("lines", POSES), true) == list(range(6))
    assert rows(late, untimed, first_frame=3) == [3, 4, 5]
    with pytest.raises(UsageError, match="first_frame"):
        pair_paths(late, untimed)
    with pytest.raises(UsageError, match="2 have a true one"):
        pair_paths(late, true, first_frame=4)
    other_clock = CameraPath("clock", POSES, seconds=np.array(SECONDS) + 1e9)
    with pytest.raises(UsageError, match="0 have a true one"):
        pair_paths(other_clock, true)
    assert rows(other_clock, true, first_frame=0) == list(range(6))

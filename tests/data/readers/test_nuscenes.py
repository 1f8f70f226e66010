from pathlib import Path

import numpy as np
import pytest
from tests.data.readers import fake_nuscenes as fake

from vection.data.clips.folder import read_clip
from vection.data.prepare.preparation import prepare
from vection.data.readers.nuscenes.scenes import list_sequences, read_sweep
from vection.data.readers.nuscenes.tables import LIDAR, read_scenes, rotation_of_quaternion
from vection.data.readers.sequences import DataSequence, PrepareSettings
from vection.errors import DataError, UsageError

SETTINGS = PrepareSettings(width=96, height=64)
NAMES = ("day-clear/scene-0003/CAM_FRONT", "night-or-rain/scene-0001/CAM_FRONT")


@pytest.fixture(scope="module")
def root(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("nuscenes")
    fake.write_nuscenes(folder)
    return folder


def day(root: Path, **settings) -> DataSequence:
    chosen = PrepareSettings(width=96, height=64, **settings)
    return next(one for one in list_sequences(root, chosen).sequences if "day-clear" in one.name)


def test_frames_run_from_the_first_key_frame_with_true_times(root: Path):
    sequences = list_sequences(root, SETTINGS).sequences
    assert sorted(one.name for one in sequences) == sorted(NAMES)
    frames = day(root).frames
    assert [frame.name for frame in frames] == [f"{number:06d}" for number in range(11)]
    assert [frame.seconds for frame in frames] == pytest.approx(np.arange(11) / 10, abs=1e-5)
    assert frames[3].read().image.mean() == pytest.approx(103, abs=1)


def test_depth_is_of_the_cameras_own_instant(root: Path):
    for frame in day(root, variant="every-frame").frames[::3]:
        source = frame.read()
        assert source.truth is not None
        camera_x = fake.ego_x(-35_000) + fake.SPEED * frame.seconds + fake.CAMERA[0][0]
        np.testing.assert_allclose(source.T_camera_to_world[:3, 3], [camera_x, *fake.CAMERA[0][1:]], atol=1e-5)
        wall = source.truth.depth.max()
        # to 1 mm though the laser measured up to 35 ms, 0.35 m, away
        assert wall == pytest.approx(fake.WALL - camera_x, abs=1e-3)
        row, column = np.nonzero(source.truth.depth == wall)
        point = np.linalg.inv(source.camera.matrix) @ [column[0] + 0.5, row[0] + 0.5, 1] * wall
        assert abs(point[0]) < 15.2
        assert -0.6 < fake.CAMERA[0][2] - point[1] < 6.6


def test_key_frames_alone_have_truth_unless_asked(root: Path):
    have = [frame.read().truth is not None for frame in day(root).frames]
    assert have == [number % 5 == 0 for number in range(11)]
    assert not any(frame.read().truth for frame in day(root, truth=False).frames)


def test_attributes_say_what_moves(root: Path):
    truth = day(root).frames[0].read().truth
    depth, category = truth.depth, truth.category
    camera_x = fake.ego_x(-35_000) + fake.CAMERA[0][0]
    for value, name in ((2, "moving"), (1, "parked")):
        np.testing.assert_allclose(depth[category == value], fake.CARS[name][0] + 0.05 - camera_x, atol=1e-3)
        assert np.count_nonzero(category == value) > 10
    ridden = np.abs(depth - (fake.CARS["ridden"][0] + 0.05 - camera_x)) < 1e-3
    assert set(category[ridden]) == {255}
    assert set(category[np.abs(depth - depth.max()) < 1e-3]) == {0}
    assert set(category[depth == 0]) == {255}
    # labels hold at the key frame's time only
    assert day(root, variant="every-frame").frames[1].read().truth.category is None


def test_test_set_has_depth_but_no_labels(tmp_path: Path):
    fake.write_nuscenes(tmp_path, tables="v1.0-test", annotated=False)
    truth = day(tmp_path).frames[0].read().truth
    assert truth.depth.max() > 50
    assert truth.category is None


def test_splits(root: Path, tmp_path: Path):
    def names(split: str) -> list[str]:
        return [one.name for one in list_sequences(root, PrepareSettings(width=96, height=64, split=split)).sequences]

    assert names("val") == [NAMES[0]]
    assert names("train") == [NAMES[1]]
    (tmp_path / "list.txt").write_text("scenes/scene-0001/FRONT 4\nscenes/scene-0001/FRONT 8\n")
    (chosen,) = list_sequences(root, PrepareSettings(width=96, height=64, split=str(tmp_path / "list.txt"))).sequences
    assert chosen.name == NAMES[1]
    assert [(int(f.name), f.target, f.follows) for f in chosen.frames] == [
        (3, False, False), (4, True, True), (5, False, True), (7, False, False), (8, True, True), (9, False, True),
    ]  # fmt: skip
    alone = PrepareSettings(width=96, height=64, split=str(tmp_path / "list.txt"), neighbours=False)
    (chosen,) = list_sequences(root, alone).sequences
    assert [(int(f.name), f.target, f.follows) for f in chosen.frames] == [(4, True, False), (8, True, False)]
    (tmp_path / "late.txt").write_text("scene-0001 10\nscene-0001 11\nscene-0001 40\n")
    late = PrepareSettings(width=96, height=64, split=str(tmp_path / "late.txt"))
    (chosen,) = list_sequences(root, late).sequences
    assert [f.name for f in chosen.frames] == ["000009", "000010", "000011", "000040"]
    with pytest.raises(DataError, match="not there"):
        chosen.frames[3].read()
    with pytest.raises(UsageError, match="split 'vall' was not found"):
        names("vall")


def test_prepared_clips(tmp_path: Path):
    fake.write_nuscenes(tmp_path / "data")
    key = next((tmp_path / "data/samples/LIDAR_TOP").glob("s3*"))
    key.write_bytes(key.read_bytes()[:-3])
    image = sorted((tmp_path / "data/sweeps/CAM_FRONT").glob("s3*"))[2]
    image.write_bytes(image.read_bytes()[:300])
    for file in (tmp_path / "data").rglob("s1__CAM_FRONT*"):
        file.unlink()
    made = prepare("nuscenes", tmp_path / "data", tmp_path / "clips", settings=SETTINGS, workers=0)
    assert len(made.clips) == 1
    clip = read_clip(tmp_path / "clips" / NAMES[0])
    assert len(clip) == 10
    assert clip.breaks
    reasons = " ".join(skip.reason for skip in made.skipped)
    assert "not a laser sweep" in reasons
    assert "cut off" in reasons
    assert "scene-0001 is left out" in reasons


def test_wrong_input(root: Path, tmp_path: Path):
    with pytest.raises(UsageError, match=r"no v1\.0-trainval/scene"):
        list_sequences(tmp_path, SETTINGS)
    with pytest.raises(UsageError, match="CAM_BACK_RIGHT, not FRONT"):
        list_sequences(root, PrepareSettings(width=96, height=64, cameras=("FRONT",)))
    with pytest.raises(UsageError, match="no variant 'z'"):
        list_sequences(root, PrepareSettings(width=96, height=64, variant="z"))
    fake.write_nuscenes(tmp_path)
    (tmp_path / "v1.0-trainval/ego_pose.json").write_text("[]")
    (place, reason), *_ = list_sequences(tmp_path, SETTINGS).skipped
    assert place == "v1.0-trainval"
    assert "do not fit together" in reason
    (tmp_path / "v1.0-trainval/ego_pose.json").write_text("[{")
    assert "is broken" in list_sequences(tmp_path, SETTINGS).skipped[0][1]


def test_other_sensors_are_dropped(root: Path):
    (scene,) = read_scenes(root / "v1.0-trainval", channels=("CAM_FRONT", LIDAR), wanted=lambda name: name[-1] == "3")
    assert set(scene.shots) == {"CAM_FRONT", LIDAR}
    assert scene.day_clear


def test_quaternion():
    half = np.sqrt(0.5)
    np.testing.assert_allclose(rotation_of_quaternion([half, 0, 0, half]) @ [1, 0, 0], [0, 1, 0], atol=1e-12)
    np.testing.assert_allclose(rotation_of_quaternion([2 * half, 2 * half, 0, 0]) @ [0, 1, 0], [0, 0, 1], atol=1e-12)


def test_real_sweep(shared_data: Path):
    file = next((shared_data / "nuscenes_sample").glob("*LIDAR_TOP*"))
    points = read_sweep(file)
    assert len(points) == 34688
    # the road lies 1.84 m below the laser
    near = points[(np.linalg.norm(points[:, :2], axis=1) < 8) & (np.linalg.norm(points[:, :2], axis=1) > 3)]
    assert np.median(near[near[:, 2] < -1][:, 2]) == pytest.approx(-1.84, abs=0.2)
    with pytest.raises(DataError, match="cannot be read"):
        read_sweep(file.with_name("none"))

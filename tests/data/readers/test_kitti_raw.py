import json
from dataclasses import replace

import cv2
import numpy as np
import pytest
from tests.data.readers.fake_kitti import BASELINE, DRIVE, FOCAL, HEIGHT, WIDTH, truncate, write_image, write_raw_drive

from vection.data.clips.folder import read_clip
from vection.data.prepare.preparation import prepare
from vection.data.readers.sequences import PrepareSettings
from vection.data.sets.clip_dataset import ClipDataset
from vection.errors import UsageError
from vection.evaluation.truth.truth_set import clip_truth

SMALL = PrepareSettings(width=128, height=64)


def prepare_drive(tmp_path, **changes):
    write_raw_drive(tmp_path / "raw")
    prepare("kitti-raw", tmp_path / "raw", tmp_path / "out", settings=replace(SMALL, **changes), workers=0)
    return read_clip(tmp_path / "out" / DRIVE / "image_02")


def test_camera_of_the_day_follows_the_resize(tmp_path):
    clip = prepare_drive(tmp_path)
    fx, fy, cx, cy = clip.frames[0].intrinsics
    x, y = 128 / WIDTH, 64 / HEIGHT
    assert (fx, fy) == pytest.approx((FOCAL * x, FOCAL * y))
    assert (cx, cy) == pytest.approx((40 * x - 0.5, 20 * y - 0.5))


def test_stereo_pair_with_its_baseline(tmp_path):
    clip = prepare_drive(tmp_path, stereo=True)
    assert clip.unit == "metres"
    assert clip.stereo is not None
    expected = np.eye(4)
    expected[0, 3] = -BASELINE
    np.testing.assert_allclose(clip.stereo.T_target_to_stereo, expected, atol=1e-9)
    assert abs(int(clip.read_stereo_image(2)[-1, 0, 0]) - 27) <= 2
    batch = ClipDataset(tmp_path / "out", use_stereo=True)[0]
    assert batch.stereo is not None


def test_frame_without_its_right_image_is_left_out_of_stereo(tmp_path):
    write_raw_drive(tmp_path / "raw")
    (tmp_path / "raw" / DRIVE / "image_03/data/0000000003.png").unlink()
    made = prepare("kitti-raw", tmp_path / "raw", tmp_path / "out", settings=replace(SMALL, stereo=True), workers=0)
    assert [entry.frame for entry in made.skipped] == ["0000000003"]
    assert made.clips[0].breaks == (3,)


def test_lidar_depth_at_full_resolution_in_camera_z(tmp_path):
    prepare_drive(tmp_path)
    truths = clip_truth(tmp_path / "out" / DRIVE / "image_02")
    truth = truths.read("0000000001")
    assert truth.depth.shape == (HEIGHT, WIDTH)
    # the fake's camera and laser are in one place, so depth is the wall's distance
    assert set(np.unique(truth.depth)) == {0, 10}
    rows, columns = np.nonzero(truth.depth)
    # points at left = 6 .. -6 m in steps of half a metre; u = 39.5 + 3 / 10 - 50 left / 10, KITTI's pixel is u - 1
    expected = np.round(39.5 + 0.06 * FOCAL / 10 - FOCAL * np.linspace(-6, 6, 25) / 10) - 1
    assert set(columns) == set(expected[(expected >= 0) & (expected < WIDTH)].astype(int))
    assert rows.min() >= 0


def test_no_truth_and_improved_truth(tmp_path):
    raw = tmp_path / "raw"
    write_raw_drive(raw)
    maps = raw / DRIVE / "proj_depth/groundtruth/image_02"
    maps.mkdir(parents=True)
    for frame in range(4):
        cv2.imwrite(str(maps / f"{frame:010d}.png"), np.full((HEIGHT, WIDTH), 256 * (frame + 1), np.uint16))
    bare = prepare("kitti-raw", raw, tmp_path / "bare", settings=replace(SMALL, truth=False), workers=0)
    assert bare.clips[0].truth is None
    made = prepare("kitti-raw", raw, tmp_path / "out", settings=replace(SMALL, variant="improved"), workers=0)
    assert np.unique(made.clips[0].read_truth(2).depth).tolist() == [3]
    assert "improved" in (clip_truth(tmp_path / "out").source or "")
    assert [(entry.frame, entry.kept) for entry in made.skipped] == [("0000000004", True)]


def test_poses_of_the_gps(tmp_path):
    clip = prepare_drive(tmp_path)
    poses = np.loadtxt(clip.folder / "path_truth_kitti.txt").reshape(-1, 3, 4)
    steps = np.linalg.norm(np.diff(poses[:, :, 3], axis=0), axis=1)
    np.testing.assert_allclose(steps, 1, atol=1e-4)
    # the car looks and drives east; the camera's z axis is the car's x axis
    np.testing.assert_allclose(poses[0, :, 2], [1, 0, 0], atol=1e-9)
    np.testing.assert_allclose(np.diff(poses[:, 0, 3]), 1, atol=1e-4)


def test_a_frame_in_two_formats_is_one(tmp_path):
    write_raw_drive(tmp_path / "raw")
    images = tmp_path / "raw" / DRIVE / "image_02/data"
    write_image(images / "0000000001.jpg", value=1)
    (images / "0000000009.txt").write_text("")
    made = prepare("kitti-raw", tmp_path / "raw", tmp_path / "out", settings=SMALL, workers=0)
    assert ([frame.stem[-1] for frame in made.clips[0].frames], made.skipped) == (list("01234"), ())


def test_other_cameras_and_their_refusal(tmp_path):
    write_raw_drive(tmp_path / "raw")
    both = replace(SMALL, cameras=("02", "03"))
    made = prepare("kitti-raw", tmp_path / "raw", tmp_path / "out", settings=both, workers=0)
    assert [clip.folder.name for clip in made.clips] == ["image_02", "image_03"]
    with pytest.raises(UsageError, match="not front"):
        prepare("kitti-raw", tmp_path / "raw", tmp_path / "x", settings=replace(SMALL, cameras=("front",)), workers=0)


def test_cut_images_keep_truth_of_what_they_show(tmp_path):
    clip = prepare_drive(tmp_path, crop="keep-aspect", width=256, height=64)
    content = json.loads((clip.folder / "clip.json").read_text())
    left, _, width, height = content["ingest"]["crop_box"]
    assert (left, width, height) == (0, 80, 20)
    assert clip.read_truth(0).depth.shape == (20, 80)


def test_truncated_scan_is_noted(tmp_path):
    write_raw_drive(tmp_path / "raw")
    truncate(tmp_path / "raw" / DRIVE / "velodyne_points/data/0000000001.bin")
    scan = tmp_path / "raw" / DRIVE / "velodyne_points/data/0000000001.bin"
    scan.write_bytes(scan.read_bytes()[:-7])
    made = prepare("kitti-raw", tmp_path / "raw", tmp_path / "out", settings=SMALL, workers=0)
    assert [(entry.frame, entry.kept) for entry in made.skipped] == [("0000000001", True)]
    assert "multiple of 4" in made.skipped[0].reason or "not a KITTI laser scan" in made.skipped[0].reason


def test_real_sample(tmp_path, shared_data):
    settings = PrepareSettings(width=640, height=192, stereo=True)
    made = prepare("kitti-raw", shared_data / "kitti_raw", tmp_path / "out", settings=settings, workers=0)
    [clip] = made.clips
    assert len(clip) == 7
    assert made.skipped == ()
    assert clip.stereo is not None
    assert clip.stereo.T_target_to_stereo[0][3] == pytest.approx(-0.5327, abs=1e-3)
    poses = np.loadtxt(clip.folder / "path_truth_kitti.txt").reshape(-1, 3, 4)
    speed = np.linalg.norm(poses[-1, :, 3] - poses[0, :, 3]) / (clip.frames[-1].seconds - clip.frames[0].seconds)
    assert speed == pytest.approx(8.8, abs=0.5)  # metres a second, as the GPS/IMU packets say
    forward = poses[0, :, :3].T @ (poses[-1, :, 3] - poses[0, :, 3])
    assert forward[2] > 0.95 * np.linalg.norm(forward)

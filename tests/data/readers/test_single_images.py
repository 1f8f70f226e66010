"""Data sets whose images do not follow each other: KITTI's depth benchmark, Make3D."""

import sys
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.data.readers.fake_kitti import write_image

from vection.data.prepare.preparation import prepare
from vection.data.readers.make3d import read_depth
from vection.data.readers.sequences import PrepareSettings
from vection.data.sets.clip_dataset import ClipDataset
from vection.errors import DataError, UsageError
from vection.evaluation.truth.truth_set import clip_truth

SMALL = PrepareSettings(width=128, height=64)


@pytest.fixture
def make3d(tmp_path) -> Path:
    """Two images with a white middle (rows 710 to 1562); depth grows with the row of the grid."""
    savemat = pytest.importorskip("scipy.io").savemat
    for name in ("math7-p-282t0", "op1-p-139t0"):
        image = np.zeros((2272, 1704, 3), np.uint8)
        image[710:1562] = 200
        (tmp_path / "make3d/Test134").mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(tmp_path / f"make3d/Test134/img-{name}.jpg"), image)
        grid = np.zeros((55, 305, 4))
        grid[..., 3] = np.arange(55)[:, None]
        file = tmp_path / f"make3d/Gridlaserdata/depth_sph_corr-{name}.mat"
        file.parent.mkdir(exist_ok=True)
        savemat(file, {"Position3DGrid": grid}, do_compression=True)
    return tmp_path / "make3d"


def test_make3d_keeps_the_middle(make3d, tmp_path):
    made = prepare("make3d", make3d, tmp_path / "out", settings=SMALL, workers=0)
    [clip] = made.clips
    assert [frame.stem for frame in clip.frames] == ["math7-p-282t0", "op1-p-139t0"]
    assert clip.breaks == (1,)
    assert clip.read_image(0).min() > 190
    depth = clip.read_truth(1).depth
    assert depth.shape == (21, 305)
    assert depth[:, 0].tolist() == list(range(17, 38))
    assert clip_truth(tmp_path / "out").names == ("test/math7-p-282t0", "test/op1-p-139t0")
    assert len(ClipDataset(tmp_path / "out")) == 0


def test_make3d_lists_lost_depth(make3d, tmp_path):
    (make3d / "Gridlaserdata/depth_sph_corr-op1-p-139t0.mat").unlink()
    made = prepare("make3d", make3d, tmp_path / "out", settings=SMALL, workers=0)
    assert [(entry.frame, entry.kept) for entry in made.skipped] == [("op1-p-139t0", False)]
    images = prepare("make3d", make3d, tmp_path / "images", settings=replace(SMALL, truth=False), workers=0)
    assert (images.frames, images.skipped, images.clips[0].truth) == (2, (), None)
    with pytest.raises(UsageError, match="only its test images"):
        prepare("make3d", make3d, tmp_path / "x", settings=replace(SMALL, split="train"), workers=0)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda whole: whole[:-20], "no whole MATLAB file"),
        (lambda whole: whole[:100], "no whole MATLAB file"),
        (lambda whole: b"not at all", "no whole MATLAB file"),
        (lambda whole: b"MATLAB 7.3 MAT-file".ljust(124) + b"\0\2IM" + bytes(600), "no whole MATLAB file"),
    ],
)
def test_make3d_refuses_broken_depth(make3d, damage, message):
    file = make3d / "Gridlaserdata/depth_sph_corr-op1-p-139t0.mat"
    file.write_bytes(damage(file.read_bytes()))
    with pytest.raises(DataError, match=message):
        read_depth(file)


def test_make3d_refuses_other_arrays(tmp_path):
    savemat = pytest.importorskip("scipy.io").savemat
    for arrays, message in (
        ({"y": np.eye(2)}, "no array of numbers called 'Position3DGrid'"),
        ({"Position3DGrid": "text"}, "no array of numbers called 'Position3DGrid'"),
        ({"Position3DGrid": np.eye(2)}, "a grid of 2x2"),
    ):
        savemat(tmp_path / "a.mat", arrays)
        with pytest.raises(DataError, match=message):
            read_depth(tmp_path / "a.mat")


def test_make3d_names_the_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy.io", None)
    with pytest.raises(UsageError, match=r"vection\[make3d\]"):
        prepare("make3d", tmp_path, tmp_path / "out", settings=SMALL, workers=0)


@pytest.fixture
def benchmark(tmp_path) -> Path:
    root = tmp_path / "depth"
    chosen = root / "depth_selection/val_selection_cropped"
    for frame in (5, 8):
        name = f"2011_09_26_drive_0002_sync_image_{frame:010d}_image_02"
        write_image(chosen / f"image/{name}.png", value=40 + frame)
        (chosen / "groundtruth_depth").mkdir(exist_ok=True)
        (chosen / "intrinsics").mkdir(exist_ok=True)
        depth = np.full((40, 80), 256 * frame, np.uint16)
        cv2.imwrite(str(chosen / f"groundtruth_depth/{name.replace('_image_', '_groundtruth_depth_', 1)}.png"), depth)
        (chosen / f"intrinsics/{name}.txt").write_text("50.0 0.0 39.5 0.0 50.0 19.5 0.0 0.0 1.0")
    server = root / "depth_selection/test_depth_prediction_anonymous"
    write_image(server / "image/0000000000.png", value=9)
    (server / "intrinsics").mkdir()
    (server / "intrinsics/0000000000.txt").write_text("50.0 0.0 39.5 0.0 50.0 19.5 0.0 0.0 1.0")
    return root


def test_kitti_depth_benchmark(benchmark, tmp_path):
    made = prepare("kitti-depth", benchmark, tmp_path / "out", settings=SMALL, workers=0)
    chosen, server = made.clips
    assert (chosen.name, len(chosen), server.name, len(server)) == (
        "val_selection_cropped", 2, "test_depth_prediction_anonymous", 1,
    )  # fmt: skip
    assert np.unique(chosen.read_truth(1).depth).tolist() == [8]
    assert server.truth is None
    assert chosen.frames[0].intrinsics[0] == pytest.approx(80)
    only = prepare("kitti-depth", benchmark, tmp_path / "test", settings=replace(SMALL, split="test"), workers=0)
    assert only.frames == 1


def test_kitti_depth_benchmark_lists_what_is_broken(benchmark, tmp_path):
    chosen = benchmark / "depth_selection/val_selection_cropped"
    next((chosen / "groundtruth_depth").glob("*05_image_02.png")).unlink()
    next((chosen / "intrinsics").glob("*08_image_02.txt")).write_text("50 0 39.5")
    made = prepare("kitti-depth", benchmark, tmp_path / "out", settings=SMALL, workers=0)
    assert [clip.name for clip in made.clips] == ["test_depth_prediction_anonymous"]
    assert ["groundtruth_depth" in entry.reason for entry in made.skipped] == [True, False, False]

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from vection.data.clips.folder import read_clip
from vection.data.prepare.preparation import prepare
from vection.data.readers.dynamo_layout import list_sequences
from vection.data.readers.sequences import DataSequence, PrepareSettings
from vection.errors import DataError, UsageError

SETTINGS = PrepareSettings(width=96, height=64)
WIDTH, HEIGHT = 64, 48
POINTS = np.array([[10.2, 20.9, 5.0], [10.7, 20.1, 4.0], [40.0, 30.0, 9.0], [63.5, 47.5, 30.0], [64.0, 10.0, 7.0]])


def write_drive(folder: Path, *, camera: dict, frames: int = 3) -> Path:
    (folder / "rgb/original").mkdir(parents=True)
    (folder / "depth").mkdir()
    (folder / "mask").mkdir()
    (folder / "rgb/cam.json").write_text(json.dumps({"dim": [HEIGHT, WIDTH], **camera}))
    poses = [np.eye(4) for _ in range(frames)]
    for number, pose in enumerate(poses):
        pose[0, 3] = number
        cv2.imwrite(str(folder / f"rgb/original/{number:06d}.jpg"), np.full((HEIGHT, WIDTH, 3), 100 + number, np.uint8))
        np.save(folder / f"depth/{number:06d}.npy", POINTS)
    np.savetxt(folder / "odometry.txt", np.reshape(poses, (-1, 16)))
    return folder


def write_nuscenes(root: Path, **settings) -> Path:
    K = [[60.0, 0, 31], [0, 60, 23], [0, 0, 1]]
    camera = {"camera_intrinsic": K, "translation": [1.7, 0, 1.5], "rotation": [0.5, -0.5, 0.5, -0.5]}
    folder = write_drive(root / "scenes/scene-0001/FRONT", camera=camera, **settings)
    (folder / "rgb/ts.json").write_text(json.dumps([50, 100, 50, 100][: settings.get("frames", 3) - 1]))
    labels = np.array([0, 2, 1, 3, 1], np.uint8)
    np.savez(folder / "mask/000000.npz", motion_label=labels, panoptic2ann=np.array({"a": 1}, dtype=object))
    return folder


def write_waymo(root: Path) -> Path:
    extrinsic = np.eye(4)
    extrinsic[:3, 3] = [1.5, 0, 2]
    lens = [60.0, 60, 31, 23, 0.3, 0, 0, 0, 0]
    folder = write_drive(
        root / "val/segment-1/FRONT", camera={"intrinsic": lens, "extrinsic": extrinsic.ravel().tolist()}
    )
    semantic = np.full((HEIGHT, WIDTH, 1), 20, np.uint8)
    semantic[:, 50:] = 2
    np.savez(folder / "mask/000001.npz", semantic=semantic, instance=(semantic == 2).astype(np.uint8))
    return folder


def only(root: Path) -> DataSequence:
    (sequence,) = list_sequences(root, SETTINGS).sequences
    return sequence


def test_nuscenes_folder(tmp_path: Path):
    write_nuscenes(tmp_path)
    sequence = only(tmp_path)
    assert sequence.name == "scenes/scene-0001/FRONT"
    assert [frame.seconds for frame in sequence.frames] == pytest.approx([0, 0.05, 0.15])
    first, second = sequence.frames[0].read(), sequence.frames[1].read()
    np.testing.assert_allclose(second.T_camera_to_world[:3, 3], [2.7, 0, 1.5])
    np.testing.assert_allclose(second.T_camera_to_world[:3, :3] @ [0, 0, 1], [1, 0, 0], atol=1e-12)
    assert second.camera.numbers == (60, 60, 31, 23)
    # the nearest point of a pixel counts, and only what lies in the image
    assert np.argwhere(first.truth.depth).tolist() == [[20, 10], [30, 40], [47, 63]]
    assert first.truth.depth[[20, 30, 47], [10, 40, 63]].tolist() == [4, 9, 30]
    assert first.truth.category[[20, 30, 47, 0], [10, 40, 63, 0]].tolist() == [1, 2, 255, 255]
    assert second.truth.category is None


def test_waymo_folder_undistorts_its_labels(tmp_path: Path):
    write_waymo(tmp_path)
    truth = only(tmp_path).frames[1].read().truth
    # with k1 = 0.3 column 50 of the distorted image (x = 0.317) is seen at x with x (1 + 0.3 x^2) = 0.317: column 49.5
    row = truth.category[23]
    assert (row[3:49] == 0).all()  # columns before 3 lie outside the distorted image
    assert (row[50:] == 255).all()
    assert truth.semantics[23, 60] == 13
    np.testing.assert_allclose(truth.T_camera_to_world[:3, 3], [2.5, 0, 2])


def test_published_list(tmp_path: Path):
    write_nuscenes(tmp_path / "data", frames=5)
    (tmp_path / "list.txt").write_text("scenes/scene-0001 3\n")
    settings = PrepareSettings(width=96, height=64, split=str(tmp_path / "list.txt"))
    (sequence,) = list_sequences(tmp_path / "data", settings).sequences
    assert [(frame.name, frame.target) for frame in sequence.frames] == [
        ("000002", False), ("000003", True), ("000004", False),
    ]  # fmt: skip
    (sequence,) = list_sequences(tmp_path / "data", replace(settings, neighbours=False)).sequences
    assert [frame.name for frame in sequence.frames] == ["000003"]
    (tmp_path / "list.txt").write_text("scenes/scene-0001 4\nscenes/scene-0001 5\n")
    (sequence,) = list_sequences(tmp_path / "data", settings).sequences
    assert [frame.name for frame in sequence.frames] == ["000003", "000004", "000005"]
    with pytest.raises(DataError, match="the list names it, but it is not there"):
        sequence.frames[2].read()


def test_broken_files_are_listed(tmp_path: Path):
    folder = write_nuscenes(tmp_path / "data")
    (folder / "depth/000001.npy").write_bytes(b"no array")
    np.save(folder / "depth/000002.npy", np.array([{"a": 1}], dtype=object))
    write_waymo(tmp_path / "data").joinpath("rgb/cam.json").write_text('{"dim": [1, 2]}')
    made = prepare("dynamo-layout", tmp_path / "data", tmp_path / "clips", settings=SETTINGS, workers=0)
    assert len(read_clip(tmp_path / "clips/scenes/scene-0001/FRONT")) == 3
    reasons = [skip.reason for skip in made.skipped]
    assert sum("missing or broken" in reason for reason in reasons) == 2
    assert any("is not a camera" in reason for reason in reasons)
    with pytest.raises(UsageError, match="no variants"):
        list_sequences(tmp_path, PrepareSettings(width=96, height=64, variant="z"))


def test_real_triplets(shared_data: Path):
    waymo = list_sequences(shared_data / "waymo_tiny", SETTINGS).sequences
    assert len(waymo) == 4
    source = next(one for one in waymo if "1024360143612057520" in one.name).frames[1].read()
    assert source.image.shape == (1280, 1920, 3)
    assert np.count_nonzero(source.truth.depth) > 20_000
    # people cross before the standing car: movable, but the pickle that says who moves is not there
    assert 0.02 < (source.truth.category == 255).mean() < 0.2
    scenes = {one.name: one for one in list_sequences(shared_data / "nuscenes_tiny", SETTINGS).sequences}
    source = scenes["scenes/scene-0001/FRONT"].frames[0].read()
    truck = source.truth.category == 1
    assert np.count_nonzero(truck) == 149
    assert np.median(source.truth.depth[truck]) == pytest.approx(19, abs=4)
    kitti = PrepareSettings(width=96, height=64, cameras=("image_02", "image_03"))
    left, right = list_sequences(shared_data / "kitti_dynamo_tiny", kitti).sequences
    assert (left.name[-8:], right.name[-8:]) == ("image_02", "image_03")
    source = left.frames[2].read()
    assert source.camera.fx == pytest.approx(721.5377)
    assert np.count_nonzero(source.truth.depth) == 19282


@pytest.mark.parametrize(
    ("gaps", "says"), [("[50]", "end before frame 2"), ("[50, NaN]", "broken"), ("[50, 0]", "broken")]
)
def test_times_that_cannot_be_are_told(tmp_path: Path, gaps: str, says: str):
    folder = write_nuscenes(tmp_path)
    (folder / "rgb/ts.json").write_text(gaps)
    listing = list_sequences(tmp_path, SETTINGS)
    assert listing.sequences == ()
    assert says in listing.skipped[0][1]

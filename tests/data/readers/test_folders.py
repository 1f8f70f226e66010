"""Layouts of other programs: SC-SfMLearner's folders, struct2depth's triplets, folders of any videos."""

from dataclasses import replace
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from tests.data.readers.fake_kitti import truncate, write_image

from vection.data.prepare.preparation import prepare
from vection.data.readers.sequences import PrepareSettings
from vection.data.sets.clip_dataset import ClipDataset, number_cameras
from vection.errors import DataError, UsageError

SMALL = PrepareSettings(width=128, height=64)
K = "50 0 39.5\n0 50 19.5\n0 0 1\n"


@pytest.fixture
def formatted(tmp_path) -> Path:
    root = tmp_path / "formatted"
    for scene in ("2011_09_26_drive_0001_sync_02", "2011_09_26_drive_0001_sync_03", "unused"):
        for frame in (0, 1, 2, 7):
            write_image(root / scene / f"{frame:010d}.jpg", value=10 * frame)
            np.save(root / scene / f"{frame:010d}.npy", np.full((40, 80), frame + 1, np.float32))
        (root / scene / "cam.txt").write_text(K)
    (root / "train.txt").write_text("2011_09_26_drive_0001_sync_02\nlost\n")
    (root / "val.txt").write_text("2011_09_26_drive_0001_sync_03\n")
    return root


def test_formatted_folders(formatted, tmp_path):
    made = prepare("sc-formatted", formatted, tmp_path / "out", settings=SMALL, workers=0)
    train, val = made.clips
    assert (train.name, val.name) == ("train/2011_09_26_drive_0001_sync_02", "val/2011_09_26_drive_0001_sync_03")
    assert train.breaks == ()  # neighbours are those of the folder
    assert train.frames[0].intrinsics[0] == pytest.approx(80)
    assert np.unique(train.read_truth(3).depth).tolist() == [8]
    assert [(entry.sequence, entry.kept) for entry in made.skipped] == [("train/lost", False)]
    only = prepare("sc-formatted", formatted, tmp_path / "val", settings=replace(SMALL, split="val"), workers=0)
    assert len(only.clips) == 1


def test_formatted_folders_without_lists_and_with_damage(formatted, tmp_path):
    for name in ("train", "val"):
        (formatted / f"{name}.txt").unlink()
    (formatted / "unused/cam.txt").write_text("1 2 3")
    scene = formatted / "2011_09_26_drive_0001_sync_02"
    (scene / "0000000001.npy").write_text("no array")
    truncate(scene / "0000000002.jpg")
    made = prepare("sc-formatted", formatted, tmp_path / "out", settings=SMALL, workers=0)
    assert [len(clip) for clip in made.clips] == [3, 4]
    entries = [(entry.sequence, entry.frame, entry.kept) for entry in made.skipped]
    assert entries == [
        ("unused", "", False),
        (scene.name, "0000000002", False),
        (scene.name, "0000000001", True),
    ]
    with pytest.raises(UsageError, match=r"train\.txt does not exist"):
        prepare("sc-formatted", formatted, tmp_path / "x", settings=replace(SMALL, split="train"), workers=0)


@pytest.fixture
def triplets(tmp_path) -> Path:
    root = tmp_path / "triplets"
    for name, focal in (("0000000001", 50), ("0000000002", 60)):
        for folder in ("drive_a", "drive_b"):
            (root / folder).mkdir(parents=True, exist_ok=True)
            image = np.repeat(np.array([10, 20, 30], np.uint8) + int(name) * 50, 80)[None].repeat(40, axis=0)
            cv2.imwrite(str(root / folder / f"{name}.png"), np.repeat(image[..., None], 3, axis=2))
            numbers = (focal, 0, 39.5, 0, focal, 19.5, 0, 0, 1)
            (root / folder / f"{name}_cam.txt").write_text(",".join(f"{number:.6f}" for number in numbers))
            mask = np.zeros((40, 240, 3), np.uint8)
            mask[:, 80:100] = 2
            cv2.imwrite(str(root / folder / f"{name}-fseg.png"), mask)
    (root / "train.txt").write_text("drive_a 0000000001\ndrive_a 0000000002\n")
    return root


def test_triplets(triplets, tmp_path):
    made = prepare("struct2depth", triplets, tmp_path / "out", settings=SMALL, workers=0)
    [clip] = made.clips
    assert (clip.name, len(clip), clip.breaks, clip.targets) == ("drive_a", 6, (3,), (1, 4))
    assert [abs(int(clip.read_image(i)[0, 0, 0]) - v) <= 2 for i, v in enumerate((60, 70, 80, 110, 120, 130))]
    assert [frame.intrinsics[0] for frame in clip.frames] == pytest.approx([80, 80, 80, 96, 96, 96])
    dataset = ClipDataset(tmp_path / "out")
    assert [dataset.target_frame(index) for index in range(len(dataset))] == [("drive_a", 1), ("drive_a", 4)]


def test_triplets_with_masks_and_without_list(triplets, tmp_path):
    (triplets / "train.txt").unlink()
    made = prepare("struct2depth", triplets, tmp_path / "out", settings=replace(SMALL, variant="masks"), workers=0)
    assert [clip.name for clip in made.clips] == ["drive_a", "drive_b"]
    clip = made.clips[0]
    assert np.unique(clip.read_classes(0)).tolist() == [255]
    assert np.unique(clip.read_classes(1)).tolist() == [13, 255]
    assert clip.read_classes(1)[0, 0] == 13


def test_only_targets_of_triplets(triplets, tmp_path):
    made = prepare("struct2depth", triplets, tmp_path / "out", settings=replace(SMALL, neighbours=False), workers=0)
    assert [(len(clip), clip.targets, clip.breaks) for clip in made.clips] == [(2, None, (1,))]


def test_without_a_list_there_are_no_neighbours_to_leave_out(triplets, tmp_path):
    alone = replace(SMALL, neighbours=False)
    for name, split in (("kitti-raw", None), ("kitti-odometry", "train"), ("sc-formatted", None)):
        with pytest.raises(UsageError, match="every frame is wanted"):
            prepare(name, triplets, tmp_path / "x", settings=replace(alone, split=split), workers=0)
    with pytest.raises(UsageError, match="whole sequences"):
        prepare("sc-formatted", triplets, tmp_path / "x", settings=replace(alone, split="val"), workers=0)


def test_damaged_triplets(triplets, tmp_path):
    truncate(triplets / "drive_a/0000000001.png")
    (triplets / "drive_b/0000000001_cam.txt").write_text("1,2")
    (triplets / "train.txt").unlink()
    made = prepare("struct2depth", triplets, tmp_path / "out", settings=SMALL, workers=0)
    assert [(clip.name, clip.targets) for clip in made.clips] == [("drive_a", (1,)), ("drive_b", (1,))]
    assert len(made.skipped) == 6
    with pytest.raises(UsageError, match="no list 'val'"):
        prepare("struct2depth", triplets, tmp_path / "x", settings=replace(SMALL, split="val"), workers=0)


def write_video(path: Path, *, frames: int = 12) -> None:
    rng = np.random.default_rng(0)
    texture = cv2.resize(rng.integers(0, 255, (12, 60, 3), dtype=np.uint8), (480, 96), interpolation=cv2.INTER_CUBIC)
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 192, 96, "yuv420p"
        for index in range(frames):
            zoom = 1.02**index  # comes nearer: a picture that shifts would be of a camera that only turns
            matrix = np.array([[zoom, 0, -240 * zoom + 96], [0, zoom, 48 * (1 - zoom)]])
            image = cv2.warpAffine(texture, matrix, (192, 96), flags=cv2.INTER_CUBIC)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode())


def test_folder_of_videos_is_a_folder_of_cameras(tmp_path):
    root = tmp_path / "youtube"
    for name in ("one", "two"):
        write_video(root / f"{name}.mp4")
    (root / "broken.mp4").write_text("this is text")
    made = prepare("videos", root, tmp_path / "out", settings=replace(SMALL, crop="keep-aspect"), workers=0)
    assert [clip.name for clip in made.clips] == ["one", "two"]
    assert number_cameras(made.clips) == [0, 1]
    assert [(entry.sequence, entry.frame) for entry in made.skipped] == [("broken", "")]
    again = prepare("videos", root, tmp_path / "out", settings=replace(SMALL, crop="keep-aspect"), workers=0)
    assert again.written == 0
    given = replace(SMALL, crop="keep-aspect", intrinsics="fov:80")
    known = prepare("videos", root, tmp_path / "fov", settings=given, workers=0)
    assert number_cameras(known.clips) == [0, 0]
    assert "80 degrees" in known.clips[0].intrinsics_source
    with pytest.raises(UsageError, match="no split"):
        prepare("videos", root, tmp_path / "x", settings=replace(SMALL, split="train"), workers=0)


def test_empty_folder(tmp_path):
    (tmp_path / "none").mkdir()
    with pytest.raises(DataError, match="No video and no images"):
        prepare("videos", tmp_path / "none", tmp_path / "out", settings=SMALL, workers=0)

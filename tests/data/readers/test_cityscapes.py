import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.data.readers.fake_kitti import truncate, write_image

from vection.data.prepare.preparation import prepare
from vection.data.readers.cityscapes.camera import HEIGHT, WIDTH
from vection.data.readers.sequences import PrepareSettings
from vection.errors import DataError, UsageError
from vection.evaluation.truth.cityscapes import cityscapes_truth
from vection.evaluation.truth.truth_set import clip_truth

SMALL = PrepareSettings(width=416, height=128)
CAMERA = {"intrinsic": {"fx": 2262.52, "fy": 2265.3, "u0": 1096.98, "v0": 513.137}, "extrinsic": {"baseline": 0.209313}}
# Stored eight times smaller than the real ones: the camera is fitted to the size.
STORED = {"width": WIDTH // 8, "height": HEIGHT // 8}


def write_snippet(root: Path, middle: str, *, frames=range(17, 22), kind: str = "leftImg8bit_sequence") -> None:
    """Some of the 30 frames; disparity 160 px (full size), road below and car above."""
    city = middle.partition("_")[0]
    folder = f"train/{city}"
    sequence = middle.rpartition("_")[0]
    for frame in frames:
        write_image(root / kind / folder / f"{sequence}_{frame:06d}_leftImg8bit.png", value=10 * frame, **STORED)
        right = kind.replace("left", "right")
        write_image(root / right / folder / f"{sequence}_{frame:06d}_rightImg8bit.png", value=10 * frame + 5, **STORED)
    for part in ("camera", "disparity", "gtFine"):
        (root / part / folder).mkdir(parents=True, exist_ok=True)
    (root / "camera" / folder / f"{middle}_camera.json").write_text(json.dumps(CAMERA))
    size = (STORED["height"], STORED["width"])
    stored = np.full(size, 160 * 256 + 1, np.uint16)
    stored[: size[0] // 2] = 0
    cv2.imwrite(str(root / "disparity" / folder / f"{middle}_disparity.png"), stored)
    labels = np.full(size, 7, np.uint8)
    labels[: size[0] // 2] = 26
    cv2.imwrite(str(root / "gtFine" / folder / f"{middle}_gtFine_labelIds.png"), labels)


@pytest.fixture
def city(tmp_path) -> Path:
    write_snippet(tmp_path / "cs", "aachen_000000_000019")
    # hanover numbers its snippets on: frames 54 .. belong to the camera of 64
    write_snippet(tmp_path / "cs", "hanover_000000_000030", frames=range(38, 41))
    write_snippet(tmp_path / "cs", "hanover_000000_000064", frames=range(54, 58))
    return tmp_path / "cs"


def prepared(city, out, **changes):
    return prepare("cityscapes", city, out, settings=replace(SMALL, **changes), workers=0)


def test_snippets_belong_to_their_camera_file(city, tmp_path):
    made = prepared(city, tmp_path / "out")
    assert [(clip.name, len(clip)) for clip in made.clips] == [
        ("train/aachen/aachen_000000_000019", 5),
        ("train/hanover/hanover_000000_000030", 3),
        ("train/hanover/hanover_000000_000064", 4),
    ]
    assert made.clips[0].frames[1].seconds == pytest.approx(1 / 17, abs=1e-6)


def test_exact_and_legacy_crop(city, tmp_path):
    exact = prepared(city, tmp_path / "a").clips[0]
    # columns 192 .. 1856 and rows 256 .. 768 of the full image, a quarter in size
    expected = (565.63, 2265.3 / 4, (1096.98 - 192 + 0.5) / 4 - 0.5, (513.137 - 256 + 0.5) / 4 - 0.5)
    assert exact.frames[0].intrinsics == pytest.approx(expected, abs=1e-3)
    legacy = prepared(city, tmp_path / "b", variant="struct2depth-legacy").clips[0]
    assert legacy.frames[0].intrinsics[2:] == pytest.approx((222.82, 64.14), abs=0.01)
    assert legacy.frames[0].intrinsics[:2] == pytest.approx(exact.frames[0].intrinsics[:2])
    np.testing.assert_array_equal(exact.read_image(0), legacy.read_image(0))


def test_upper_and_whole_image(city, tmp_path):
    upper = prepared(city, tmp_path / "a", variant="upper", width=512, height=192).clips[0]
    assert upper.frames[0].intrinsics[1] == pytest.approx(2265.3 / 4)
    whole = prepared(city, tmp_path / "b", variant="whole", width=512, height=256).clips[0]
    assert whole.frames[0].intrinsics == pytest.approx((565.63, 566.325, 274.245 - 0.375, 128.284 - 0.375), abs=1e-3)


def test_right_camera_and_true_depth(city, tmp_path):
    clip = prepared(city, tmp_path / "out", stereo=True).clips[0]
    assert clip.stereo is not None
    assert clip.stereo.T_target_to_stereo[0][3] == pytest.approx(-0.209313)
    assert [clip.has_truth(index) for index in range(5)] == [False, False, True, False, False]
    depth = clip.read_truth(2).depth
    assert depth.shape == (128, 256)  # of the whole image
    assert depth[0, 0] == 0
    assert depth[-1, -1] == pytest.approx(2262.52 * 0.209313 / 160)


def test_published_list_and_part(city, tmp_path):
    (tmp_path / "list.txt").write_text("aachen aachen_000000_000019\n")
    made = prepared(city, tmp_path / "out", split=str(tmp_path / "list.txt"))
    assert [(clip.name, len(clip), clip.targets) for clip in made.clips] == [
        ("train/aachen/aachen_000000_000019", 3, (1,))
    ]
    alone = prepared(city, tmp_path / "alone", split=str(tmp_path / "list.txt"), neighbours=False)
    assert [(len(clip), clip.targets) for clip in alone.clips] == [(1, None)]
    with pytest.raises(DataError, match="Nothing of cityscapes"):
        prepared(city, tmp_path / "none", split="val")


def test_labelled_images_have_classes(tmp_path):
    write_snippet(tmp_path / "cs", "aachen_000000_000019", frames=(19,), kind="leftImg8bit")
    write_snippet(tmp_path / "cs", "aachen_000001_000019", frames=(19,), kind="leftImg8bit")
    [clip] = prepare("cityscapes-images", tmp_path / "cs", tmp_path / "out", settings=SMALL, workers=0).clips
    assert clip_truth(tmp_path / "out").names == cityscapes_truth(tmp_path / "cs").names
    assert (clip.name, len(clip), clip.breaks) == ("train/aachen", 2, (1,))
    classes = clip.read_classes(0)
    assert classes[0, 0] == 13
    assert classes[-1, 0] == 0


def test_labelled_stereo_images_keep_to_their_camera(tmp_path):
    source = tmp_path / "cs"
    for number in range(4):
        write_snippet(source, f"aachen_{number:06d}_000019", frames=(19,), kind="leftImg8bit")
    for number in (1, 3):
        camera = {**CAMERA, "extrinsic": {"baseline": 0.22}}
        (source / f"camera/train/aachen/aachen_{number:06d}_000019_camera.json").write_text(json.dumps(camera))
    settings = replace(SMALL, stereo=True)
    made = prepare("cityscapes-images", source, tmp_path / "out", settings=settings, workers=0)
    assert [(clip.name, len(clip)) for clip in made.clips] == [("train/aachen", 2), ("train/aachen-2", 2)]
    assert [clip.stereo.T_target_to_stereo[0][3] for clip in made.clips] == [-0.209313, -0.22]


def test_damage_is_listed(city, tmp_path):
    folder = city / "leftImg8bit_sequence/train/aachen"
    truncate(folder / "aachen_000000_000018_leftImg8bit.png")
    (city / "camera/train/hanover/hanover_000000_000064_camera.json").write_text('{"intrinsic": {}}')
    (city / "camera/train/hanover/hanover_000000_000030_camera.json").unlink()
    (city / "disparity/train/aachen/aachen_000000_000019_disparity.png").write_bytes(b"no picture")
    made = prepared(city, tmp_path / "out")
    assert [(clip.name, len(clip), clip.breaks) for clip in made.clips] == [
        ("train/aachen/aachen_000000_000019", 4, (1,))
    ]
    reasons = {(entry.sequence, entry.frame): entry.reason for entry in made.skipped}
    # frames 38 to 40 have no camera, 54 to 57 a broken one; the truncated image; the depth that is none
    assert len(reasons) == 3 + 4 + 1 + 1 + 1
    assert "no camera file" in reasons["train/hanover/hanover_000000_000038", ""]
    assert "intrinsic.fx" in reasons["train/hanover/hanover_000000_000064", "hanover_000000_000054"]


def test_unknown_variant(city, tmp_path):
    with pytest.raises(UsageError, match="struct2depth-legacy, upper, whole"):
        prepared(city, tmp_path / "out", variant="lower")


def test_real_sample(tmp_path, shared_data):
    made = prepare("cityscapes-images", shared_data / "cityscapes", tmp_path / "out", settings=SMALL, workers=0)
    [clip] = made.clips
    assert (len(clip), made.skipped) == (8, ())
    assert clip.frames[0].intrinsics[2:] == pytest.approx((225.87, 63.91), abs=0.01)
    shares = np.mean([np.mean(clip.read_classes(index) == 0) for index in range(8)])
    assert 0.1 < shares < 0.6  # road

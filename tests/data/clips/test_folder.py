import json

import numpy as np
import pytest

from vection.data.clips.folder import find_clips, has_clips, natural_key, read_clip, read_rgb, write_clip, write_rgb
from vection.errors import DataError, UsageError


def test_written_clip_reads_back_equal(tmp_path, make_clip):
    info = make_clip(tmp_path / "a", frames=3, stereo=True, mask=True)
    assert read_clip(tmp_path / "a") == info
    assert json.loads((tmp_path / "a/clip.json").read_text())["format"] == 1
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == ["clip.json", "frames", "mask.png", "stereo"]


def test_truth_reads_back(tmp_path, make_clip):
    info = make_clip(tmp_path, frames=1)
    with pytest.raises(DataError, match="no ground truth"):
        info.read_truth(0)
    (tmp_path / "truth").mkdir()
    write_clip(type(info)(**{**vars(info), "truth": "truth"}))
    with pytest.raises(DataError, match=r"000000\.npz"):
        read_clip(tmp_path).read_truth(0)
    flow = np.ones((3, 8, 16), np.float16)
    np.savez(tmp_path / "truth/000000.npz", depth=np.full((8, 16), 2.5, np.float32), object_flow=flow)
    truth = read_clip(tmp_path).read_truth(0)
    assert truth.depth.max() == 2.5
    assert truth.object_flow is not None
    assert truth.object_flow.dtype == np.float32
    assert truth.category is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": 2}, "written by a newer vection"),
        ({"width": -3}, "'width'"),
        ({"unit": "feet"}, "'unit'"),
        ({"frames": []}, "no frames"),
        ({"frames": [{"file": "a.jpg", "seconds": 0, "intrinsics": [1, 1, 0]}]}, r"frames\.0\.intrinsics"),
        ({"frames": [{"file": "a.jpg", "seconds": 0, "intrinsics": [float("nan"), 1, 0, 0]}]}, "intrinsics"),
    ],
)
def test_invalid_clip_names_the_place(tmp_path, make_clip, change, message):
    make_clip(tmp_path, frames=3)
    content = json.loads((tmp_path / "clip.json").read_text())
    (tmp_path / "clip.json").write_text(json.dumps({**content, **change}))
    with pytest.raises(DataError, match=message) as caught:
        read_clip(tmp_path)
    assert "\n" not in str(caught.value)


def test_broken_json_and_missing_folders(tmp_path):
    with pytest.raises(UsageError, match="does not exist"):
        read_clip(tmp_path)
    with pytest.raises(DataError, match="No clip"):
        find_clips(tmp_path)
    with pytest.raises(UsageError, match="does not exist"):
        find_clips(tmp_path / "none")
    (tmp_path / "clip.json").write_text("{")
    with pytest.raises(DataError, match="not valid JSON"):
        read_clip(tmp_path)


def test_bad_image_files(tmp_path, make_clip):
    info = make_clip(tmp_path, frames=2, mask=True)
    (tmp_path / "frames/000000.jpg").write_text("text")
    write_rgb(tmp_path / "frames/000001.jpg", np.zeros((4, 4, 3), np.uint8))
    (tmp_path / "mask.png").unlink()
    with pytest.raises(DataError, match="cannot be decoded"):
        info.read_image(0)
    with pytest.raises(DataError, match="4x4"):
        info.read_image(1)
    with pytest.raises(DataError, match=r"mask\.png"):
        info.read_usable()


def test_images_keep_their_channels(tmp_path):
    red = np.zeros((8, 8, 3), np.uint8)
    red[..., 0] = 200
    write_rgb(tmp_path / "red.png", red)
    assert np.array_equal(read_rgb(tmp_path / "red.png"), red)


def test_unwritable_place(tmp_path, make_clip):
    (tmp_path / "file").write_text("")
    info = make_clip(tmp_path / "a", frames=1)
    with pytest.raises(UsageError, match="Cannot write"):
        write_clip(type(info)(**{**vars(info), "folder": tmp_path / "file" / "b"}))


def test_natural_order():
    names = ["f10.png", "f2.png", "a/f1.png", "f2b.png", "10.png", "9.png"]
    assert sorted(names, key=natural_key) == ["9.png", "10.png", "a/f1.png", "f2.png", "f2b.png", "f10.png"]


def test_linked_clips_are_found_and_loops_end(tmp_path, make_clip):
    make_clip(tmp_path / "elsewhere/b", frames=2)
    make_clip(tmp_path / "elsewhere/.hidden", frames=2)
    make_clip(tmp_path / "data/a", frames=2)
    (tmp_path / "data/linked").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "data/clip").symlink_to(tmp_path / "elsewhere/b")
    (tmp_path / "data/loop").symlink_to(tmp_path / "data")
    (tmp_path / "elsewhere/back").symlink_to(tmp_path / "data")
    assert find_clips(tmp_path / "data") == [tmp_path / "data" / name for name in ("a", "clip", "linked/b")]
    assert has_clips(tmp_path / "data")
    assert not has_clips(tmp_path / "data/a/frames")

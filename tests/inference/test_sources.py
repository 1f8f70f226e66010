import json
from dataclasses import replace
from fractions import Fraction

import cv2
import numpy as np
import pytest

from vection.data.clips.folder import ClipInfo, FrameInfo, write_clip, write_rgb
from vection.errors import DataError, UsageError
from vection.inference.sources import open_sources
from vection.inference.video import write_video


def image(value: int) -> np.ndarray:
    return np.full((4, 6, 3), value, np.uint8)


def make_clip(folder, count=2):
    frames = tuple(FrameInfo(f"frames/{i:06d}.png", 0.2 * i, (5.0, 6.0, 2.5, 1.5)) for i in range(count))
    write_clip(ClipInfo(folder, folder.name, 6, 4, "up-to-scale", "made up", frames))
    (folder / "frames").mkdir()
    for index in range(count):
        write_rgb(folder / f"frames/{index:06d}.png", image(index))


def test_folder_in_natural_order(tmp_path):
    for number in (10, 9, 1):
        write_rgb(tmp_path / f"frame{number}.png", image(number))
    (tmp_path / "notes.txt").write_text("no image")
    (source,) = open_sources(tmp_path)
    assert source.count == 3
    frames = list(source)
    assert [frame.name for frame in frames] == ["frame1", "frame9", "frame10"]
    assert [int(frame.image[0, 0, 0]) for frame in frames] == [1, 9, 10]
    assert [frame.seconds for frame in frames] == [0, 0.1, 0.2]
    assert len(list(source)) == 3  # can be read again


def test_intrinsics_of_images(tmp_path):
    for number in range(2):
        write_rgb(tmp_path / "frames" / f"{number}.png", image(number))
    assert next(iter(open_sources(tmp_path / "frames")[0])).intrinsics is None
    given = open_sources(tmp_path / "frames", intrinsics="fov:90")[0]
    assert [frame.intrinsics for frame in given] == [pytest.approx((3.0, 3.0, 2.5, 1.5))] * 2
    beside = tmp_path / "intrinsics.json"
    camera = {"width": 12, "height": 8, "fx": 10.0, "fy": 12.0, "cx": 5.5, "cy": 3.5}
    beside.write_text(json.dumps(camera))
    assert next(iter(open_sources(tmp_path / "frames")[0])).intrinsics == pytest.approx((5.0, 6.0, 2.5, 1.5))
    beside.write_text(json.dumps(camera | {"dist_k1k2p1p2k3": [0.1, 0, 0, 0, 0]}))
    assert next(iter(open_sources(tmp_path / "frames")[0])).intrinsics is None
    with pytest.raises(DataError, match="lens distortion"):
        list(open_sources(tmp_path / "frames", intrinsics=beside)[0])
    make_clip(tmp_path / "clip")
    with pytest.raises(UsageError, match="intrinsics of its own; leave `intrinsics` out"):
        open_sources(tmp_path / "clip", intrinsics="fov:90")


def test_frames_a_second_of_images(tmp_path):
    for number in range(2):
        write_rgb(tmp_path / "frames" / f"{number}.png", image(number))

    def second(**given: object) -> tuple[float, float | None]:
        (source,) = open_sources(tmp_path / "frames", **given)
        assert bool(source.assumed) == (source.assumed_rate is not None)
        return list(source)[1].seconds, source.assumed_rate

    assert second() == (0.1, 10.0)
    assert second(frames_per_second=4.0) == (0.25, None)
    camera = tmp_path / "my.json"
    camera.write_text(json.dumps({"width": 12, "height": 8, "K": [[10, 0, 5], [0, 10, 3], [0, 0, 1]], "fps": 5}))
    assert second(intrinsics=camera) == second(intrinsics=str(camera)) == (0.2, None)
    assert second(intrinsics=camera, frames_per_second=4.0) == (0.25, None)
    with pytest.raises(UsageError, match="must be above 0"):
        second(frames_per_second=0.0)
    make_clip(tmp_path / "clip")
    with pytest.raises(UsageError, match="times of its own; leave `frames_per_second` out"):
        open_sources(tmp_path / "clip", frames_per_second=4.0)


def test_single_image(tmp_path):
    write_rgb(tmp_path / "one.png", image(7))
    (source,) = open_sources(tmp_path / "one.png")
    assert source.assumed_rate is None
    (frame,) = source
    assert (frame.name, frame.seconds, frame.intrinsics) == ("one", 0, None)


def test_clip_and_root_of_clips(tmp_path):
    make_clip(tmp_path / "b")
    make_clip(tmp_path / "a")
    sources = open_sources(tmp_path)
    assert [source.name for source in sources] == ["a", "b"]
    (source,) = open_sources(tmp_path / "a")
    assert source.name == ""
    frames = list(source)
    assert frames[1].seconds == 0.2
    assert frames[1].intrinsics == (5, 6, 2.5, 1.5)


def test_video(tmp_path):
    pictures = [np.full((32, 48, 3), 40 * index, np.uint8) for index in range(5)]
    write_video(tmp_path / "v.mp4", pictures, rate=Fraction(20))
    (source,) = open_sources(tmp_path / "v.mp4")
    frames = list(source)
    assert [frame.name for frame in frames] == [f"{index:06d}" for index in range(5)]
    assert frames[4].seconds == pytest.approx(0.2, abs=1e-3)
    for index, frame in enumerate(frames):
        assert frame.image.shape == (32, 48, 3)
        assert abs(float(frame.image.mean()) - 40 * index) < 6


def test_every_third_frame_keeps_the_cut_between(tmp_path):
    for number in range(9):
        write_rgb(tmp_path / f"{number}.png", image(number))
    (source,) = open_sources(tmp_path)
    frames = [replace(frame, begins_anew=frame.name == "4") for frame in source]
    source = replace(source, frames=lambda: iter(frames))
    thin = source.thinned(3)
    assert [(frame.name, frame.begins_anew) for frame in thin] == [("0", False), ("3", False), ("6", True)]
    assert thin.count == 3
    few = source.thinned(3, most=2)
    assert ([frame.name for frame in few], few.count) == (["0", "3"], 2)
    assert source.thinned() is source
    with pytest.raises(UsageError, match="`stride` must be at least 1, but is 0"):
        source.thinned(0)
    with pytest.raises(UsageError, match="`max_frames` must be"):
        source.thinned(most=0)


def test_a_damaged_video_says_so_once_it_is_read(tmp_path):
    random = np.random.default_rng(0)
    noise = (random.integers(0, 255, (64, 96, 3), dtype=np.uint8) for _ in range(20))
    write_video(tmp_path / "v.mp4", noise, rate=Fraction(10))
    coded = (tmp_path / "v.mp4").read_bytes()
    half = len(coded) // 2
    (tmp_path / "v.mp4").write_bytes(coded[:half] + bytes(4000) + coded[half + 4000 :])
    (source,) = open_sources(tmp_path / "v.mp4")
    assert source.faults() == []
    assert len(list(source)) == 19
    assert source.thinned(2).faults() == [
        "damaged pieces of the video were skipped (1)",
        "frames of the video are damaged, and parts of them guessed (1); copy it again",
    ]


def test_a_video_of_an_unknown_codec(tmp_path):
    write_video(tmp_path / "v.mp4", [np.full((64, 96, 3), 50 * i, np.uint8) for i in range(4)], rate=Fraction(10))
    coded = (tmp_path / "v.mp4").read_bytes()
    (tmp_path / "v.mp4").write_bytes(coded.replace(b"avc1", b"zzz9").replace(b"mp4v", b"zzz9"))
    with pytest.raises(DataError, match="is damaged or of an unknown codec"):
        open_sources(tmp_path / "v.mp4")


def test_nothing_usable(tmp_path):
    with pytest.raises(UsageError, match="nothing at"):
        open_sources(tmp_path / "none")
    with pytest.raises(UsageError, match="neither images nor clips"):
        open_sources(tmp_path)
    (tmp_path / "text.mp4").write_text("no video")
    with pytest.raises(DataError):
        list(open_sources(tmp_path / "text.mp4")[0])


def test_same_stem_twice(tmp_path):
    cv2.imwrite(str(tmp_path / "a.png"), image(1))
    cv2.imwrite(str(tmp_path / "a.jpg"), image(1))
    with pytest.raises(DataError, match="suffix only"):
        open_sources(tmp_path)

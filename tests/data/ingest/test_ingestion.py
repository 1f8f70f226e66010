import json
from dataclasses import replace
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from vection.data.clips.folder import read_clip, read_rgb, write_rgb
from vection.data.ingest.files import find_sources
from vection.data.ingest.ingestion import IngestSettings, ingest
from vection.data.ingest.parallax import measure_parallax, median_displacement, small_grey
from vection.data.ingest.static_mask import find_usable
from vection.data.ingest.video import ImageFolder, VideoFile, open_source
from vection.data.sets.clip_dataset import ClipDataset
from vection.errors import DataError, UsageError

SMALL = IngestSettings(width=128, height=64, mask=None, doctor=False)
"""The doctor says of a picture that only shifts that the camera turns."""


def textured(shift: float, *, width: int = 160, height: int = 80) -> np.ndarray:
    """Smooth noise that moves to the left by `shift` pixels."""
    noise = np.random.default_rng(0).integers(0, 256, (height // 4, 4 * width // 4, 3), dtype=np.uint8)
    wide = cv2.resize(noise, (4 * width, height), interpolation=cv2.INTER_CUBIC)
    moved = np.float32([[1, 0, -shift], [0, 1, 0]])
    return cv2.warpAffine(wide, moved, (width, height), flags=cv2.INTER_LINEAR)


def write_video(path: Path, images: list[np.ndarray], *, rate: int = 20) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=rate)
        stream.height, stream.width = images[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        stream.bit_rate = 4_000_000
        for image in images:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode())
    return path


def write_folder(folder: Path, images: list[np.ndarray]) -> Path:
    folder.mkdir(parents=True)
    for number, image in enumerate(images):
        write_rgb(folder / f"f{number}.png", image)
    return folder


def drive(count: int, *, step: float = 2.0) -> list[np.ndarray]:
    return [textured(step * index) for index in range(count)]


def test_video_becomes_a_clip_that_training_reads(tmp_path):
    video = write_video(tmp_path / "drive.mp4", drive(12))
    seen = []
    result = ingest(video, tmp_path / "out", settings=SMALL, progress=lambda done, total: seen.append((done, total)))
    (clip,) = result.clips
    assert clip == read_clip(tmp_path / "out")
    assert clip.name == "drive"
    assert len(clip) == 12
    assert clip.frames[3].seconds == pytest.approx(0.15)
    assert clip.intrinsics_source.startswith("assumed")
    assert "assumed" in result.warnings[0]
    assert clip.ingest is not None
    assert clip.ingest["stride"] == 1
    assert seen[-1] == (12, 12)
    assert len(ClipDataset(tmp_path / "out")) == 10
    assert not list(tmp_path.glob(".*"))


def test_stored_pixels_are_the_sources(tmp_path):
    images = drive(3)
    folder = write_folder(tmp_path / "in", images)
    ingest(folder, tmp_path / "out", settings=IngestSettings(width=160, height=64, mask=None, stride=1))
    stored = read_rgb(tmp_path / "out/frames/000001.jpg").astype(float).mean(axis=2)
    expected = images[1][8:72].astype(float).mean(axis=2)
    assert np.abs(stored - expected).mean() < 5
    assert np.abs(stored[:, 1:] - expected[:, :-1]).mean() > 10


def test_stride_follows_the_measured_parallax(tmp_path):
    for step, stride in ((1.6, 1), (0.8, 2), (0.4, 4)):
        parallax = measure_parallax([drive(4, step=step)], frames=1000)
        assert parallax.stride == stride
        assert parallax.displacement == pytest.approx(step / 160, rel=0.2)
    assert measure_parallax([drive(4, step=0.1)], frames=50).stride == 2  # enough frames must remain
    assert measure_parallax([drive(1)], frames=1).stride == 1
    assert median_displacement(small_grey(textured(0)), small_grey(textured(0))) == 0


def test_static_frames_are_dropped_and_counted(tmp_path):
    images = [*drive(5), *[textured(8.0)] * 4, *[textured(8.0 + 2 * index) for index in range(1, 5)]]
    folder = write_folder(tmp_path / "in", images)
    (clip,) = ingest(folder, tmp_path / "out", settings=SMALL).clips
    assert len(clip) == 9
    assert clip.ingest is not None
    assert clip.ingest["dropped_static"] == 4
    assert clip.frames[5].seconds == pytest.approx(0.9)
    kept = IngestSettings(width=128, height=64, mask=None, drop_static=False, max_frames=7, doctor=False)
    (clip,) = ingest(folder, tmp_path / "all", settings=kept).clips
    assert len(clip) == 7


def test_natural_order_and_stated_rate(tmp_path):
    folder = write_folder(tmp_path / "in", drive(11))
    assert [file.name for file in ImageFolder(folder).files][-2:] == ["f9.png", "f10.png"]
    (tmp_path / "intrinsics.json").write_text(
        json.dumps({"width": 160, "height": 80, "fx": 100, "fy": 100, "cx": 79.5, "cy": 39.5, "fps": 5})
    )
    result = ingest(folder, tmp_path / "out", settings=SMALL)
    assert result.clips[0].frames[1].seconds == pytest.approx(0.2)
    assert result.clips[0].intrinsics_source == "given: intrinsics.json"
    assert result.clips[0].frames[0].intrinsics == pytest.approx((80, 80, 63.5, 31.5))
    assert result.warnings == []
    given = (tmp_path / "intrinsics.json").rename(tmp_path / "my.json")
    (clip,) = ingest(folder, tmp_path / "given", settings=replace(SMALL, intrinsics=given)).clips
    assert clip.frames[1].seconds == pytest.approx(0.2)
    assert open_source(folder, intrinsics=str(given)).rate == 5
    assert open_source(folder, intrinsics="fov:70").rate == 10


def test_folder_of_folders_becomes_one_clip_each(tmp_path):
    for name in ("aachen_2", "aachen_10"):
        write_folder(tmp_path / "in" / name, drive(4))
    write_folder(tmp_path / "in" / "broken", drive(2))
    (tmp_path / "in" / "notes").mkdir()
    result = ingest(tmp_path / "in", tmp_path / "out", settings=SMALL)
    assert [clip.name for clip in result.clips] == ["aachen_2", "aachen_10"]
    assert [path.name for path in (tmp_path / "out").iterdir() if path.name == "broken"] == []
    assert any("broken left out" in sentence for sentence in result.warnings)
    assert len(ClipDataset(tmp_path / "out")) == 4


@pytest.mark.parametrize("name", ["text.mp4", "binary.mkv"])
def test_no_video_says_so(tmp_path, name):
    (tmp_path / name).write_bytes(b"this is a text file\n" * 50 if name == "text.mp4" else bytes(range(256)) * 20)
    with pytest.raises(DataError, match="not a readable video") as caught:
        ingest(tmp_path / name, tmp_path / "out", settings=SMALL)
    assert "\n" not in str(caught.value)
    assert sorted(path.name for path in tmp_path.iterdir()) == [name]


def test_cut_video_does_not_crash_and_leaves_nothing(tmp_path):
    video = write_video(tmp_path / "a.mp4", drive(8))
    video.write_bytes(video.read_bytes()[:2000])
    with pytest.raises(DataError):
        ingest(video, tmp_path / "out", settings=SMALL)
    assert [path.name for path in tmp_path.iterdir()] == ["a.mp4"]


def test_damaged_middle_is_skipped_with_a_warning(tmp_path):
    video = write_video(tmp_path / "a.avi", drive(30))
    content = bytearray(video.read_bytes())
    content[len(content) // 3 : len(content) // 2] = bytes(len(content) // 2 - len(content) // 3)
    video.write_bytes(content)
    assert 3 <= len(ingest(video, tmp_path / "out", settings=SMALL).clips[0]) <= 30


@pytest.mark.parametrize("count", [1, 2])
def test_too_few_frames(tmp_path, count):
    video = write_video(tmp_path / "two.mp4", drive(count))
    with pytest.raises(DataError, match=rf"{count} usable frames; training needs at least 3"):
        ingest(video, tmp_path / "out", settings=SMALL)
    assert [path.name for path in tmp_path.iterdir()] == ["two.mp4"]


def test_standing_camera_is_explained(tmp_path):
    folder = write_folder(tmp_path / "in", [textured(0)] * 6)
    with pytest.raises(DataError, match="5 without camera motion"):
        ingest(folder, tmp_path / "out", settings=SMALL)
    slow = write_folder(tmp_path / "slow", drive(6, step=0.25))
    result = ingest(slow, tmp_path / "out", settings=SMALL)
    assert any("learned poorly" in sentence for sentence in result.warnings)


def test_output_rules(tmp_path):
    folder = write_folder(tmp_path / "in", drive(4))
    ingest(folder, tmp_path / "out", settings=SMALL)
    with pytest.raises(UsageError, match="exists already"):
        ingest(folder, tmp_path / "out", settings=SMALL)
    ingest(folder, tmp_path / "out", settings=SMALL, overwrite=True)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/letter.txt").write_text("keep")
    with pytest.raises(UsageError, match="holds no clip"):
        ingest(folder, tmp_path / "mine", settings=SMALL, overwrite=True)
    with pytest.raises(UsageError, match="holds the source"):
        ingest(folder, tmp_path, settings=SMALL, overwrite=True)
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="Cannot write"):
        ingest(folder, tmp_path / "file" / "out", settings=SMALL)


def test_wrong_arguments(tmp_path):
    folder = write_folder(tmp_path / "in", drive(4))
    with pytest.raises(UsageError, match="does not exist"):
        ingest(tmp_path / "none.mp4", tmp_path / "out")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="No video and no images"):
        ingest(tmp_path / "empty", tmp_path / "out")
    for wrong, message in (
        ({"width": 100}, "multiples of 32"),
        ({"height": 32}, "from 64"),
        ({"stride": 0}, "stride"),
        ({"max_frames": 2}, "max_frames"),
        ({"mask": tmp_path / "none.png"}, "mask"),
    ):
        with pytest.raises(UsageError, match=message):
            ingest(folder, tmp_path / "out", settings=IngestSettings(**{"width": 128, "height": 64, **wrong}))
    (tmp_path / "k.json").write_text('{"width": 640, "height": 200, "fx": 500, "fy": 500, "cx": 320, "cy": 100}')
    with pytest.raises(DataError, match="another shape"):
        ingest(folder, tmp_path / "out", settings=IngestSettings(intrinsics=tmp_path / "k.json"))


def test_images_of_two_sizes(tmp_path):
    folder = write_folder(tmp_path / "in", [*drive(3), textured(0, width=120)])
    with pytest.raises(DataError, match="images of one size"):
        ingest(folder, tmp_path / "out", settings=SMALL)


def test_given_mask_goes_the_way_of_the_frames(tmp_path):
    folder = write_folder(tmp_path / "in", drive(4))
    mask = np.full((80, 160, 3), 255, np.uint8)
    mask[:, :80] = 0
    write_rgb(tmp_path / "mask.png", mask)
    settings = IngestSettings(width=128, height=64, mask=tmp_path / "mask.png")
    usable = ingest(folder, tmp_path / "out", settings=settings).clips[0].read_usable()
    assert usable is not None
    assert not usable[:, :64].any()
    assert usable[:, 64:].all()
    write_rgb(tmp_path / "mask.png", mask[:40])
    with pytest.raises(DataError, match="160x80"):
        ingest(folder, tmp_path / "other", settings=settings)


def test_automatic_mask_finds_bonnet_corner_and_overlay():
    images = [textured(7.0 * index, width=208, height=96) for index in range(20)]
    assert find_usable(images) is None
    for image in images:
        image[84:] = (60, 50, 50)
        image[:12, :12] = 0
        cv2.putText(image, "CAM", (120, 20), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (255, 255, 255), 2)
        cv2.rectangle(image, (118, 4), (165, 24), (0, 0, 0), 2)
    usable = find_usable(images)
    assert usable is not None
    assert not usable[86:].any()
    assert not usable[:10, :10].any()
    assert usable[5:22, 120:160].mean() < 0.5
    assert usable[30:78].mean() > 0.98
    assert find_usable(images[:4]) is None


def test_windows_are_spread_over_the_video(tmp_path):
    video = VideoFile(write_video(tmp_path / "a.mp4", drive(40)))
    windows = list(video.windows(count=4, length=3))
    assert [len(window) for window in windows] == [3, 3, 3, 3]
    assert not np.array_equal(windows[0][0], windows[2][0])
    assert len(list(video)) == 40
    assert find_sources(tmp_path / "a.mp4") == [tmp_path / "a.mp4"]


def test_real_clips(shared_data, tmp_path):
    calibration = shared_data / "udacity_highway/calibration_1280x720.json"
    settings = IngestSettings(intrinsics=calibration, height=224)
    (clip,) = ingest(
        shared_data / "udacity_highway/project_video_cut.mp4", tmp_path / "highway", settings=settings
    ).clips
    usable = clip.read_usable()
    assert usable is not None
    assert not usable[-3:].any()
    assert usable[:200].mean() > 0.99
    assert clip.ingest is not None
    assert clip.ingest["stride"] in (2, 3)
    result = ingest(shared_data / "kitti_video", tmp_path / "kitti", settings=IngestSettings(max_frames=20))
    (clip,) = result.clips
    assert clip.ingest is not None
    assert clip.ingest["stride"] == 1
    assert clip.read_usable() is None
    fx, fy, _, _ = clip.frames[0].intrinsics
    assert fx == pytest.approx(fy, rel=0.01)

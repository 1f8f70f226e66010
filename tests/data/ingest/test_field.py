"""Videos and frames as people have them: what containers, cameras, file names and calibrations do."""

import json
from fractions import Fraction
from io import BytesIO
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from benchmarks.doctor_faults import Frames, write_images, write_video, write_with_cover

from vection.data.clips.folder import ClipInfo
from vection.data.clips.given_intrinsics import resolve_intrinsics
from vection.data.ingest import IngestSettings, ingest
from vection.data.ingest.clock import FrameClock
from vection.data.ingest.video import VideoFile
from vection.data.synthetic import render_drive, turning
from vection.errors import DataError
from vection.inference.sources import open_sources


@pytest.fixture(scope="module")
def frames() -> Frames:
    """A drive, 160x96."""
    settings = turning(width=160, height=96, frames=24, antialias=False, frame_rate=10.0)
    return [frame.image for frame in render_drive(settings, seed=5)]


def clip_of(source: Path, out: Path, **settings: object) -> ClipInfo:
    given = {"width": 192, "height": 96, "intrinsics": "fov:70", "stride": 1, "drop_static": False} | settings
    (clip,) = ingest(source, out, settings=IngestSettings(**given)).clips
    assert clip.ingest is not None
    return clip


def said(clip: ClipInfo) -> str:
    return " ".join((clip.ingest or {})["actions"])


def test_pixels_that_are_not_square(frames, tmp_path):
    stored = [cv2.resize(image, (120, 90)) for image in frames]
    clip = clip_of(write_video(tmp_path / "a.mp4", stored, aspect=Fraction(4, 3)), tmp_path / "out")
    assert clip.ingest["source_size"] == [160, 90]
    assert clip.ingest["crop_box"] == [0, 5, 160, 80]
    fx, fy, _, _ = clip.frames[0].intrinsics
    assert fx == pytest.approx(fy)
    assert fx == pytest.approx(80 / np.tan(np.radians(35)) * 192 / 160)
    assert "square pixels" in said(clip)
    (source,) = open_sources(tmp_path / "a.mp4")
    assert next(iter(source)).image.shape == (90, 160, 3)


def test_a_stream_without_container(frames, tmp_path):
    video = write_video(tmp_path / "pi.h264", frames, codec="libx264", kind="h264")
    clip = clip_of(video, tmp_path / "out")
    assert len(clip) == len(frames)
    assert clip.frames[1].seconds == pytest.approx(0.04)
    assert "no frame rate, so 25 frames a second are assumed" in said(clip)
    clip = clip_of(video, tmp_path / "ten", frames_per_second=10.0)
    assert clip.frames[-1].seconds == pytest.approx((len(frames) - 1) / 10)
    assert "assumed" not in said(clip)


def test_a_recording_without_a_duration_has_its_own_times(frames, tmp_path):
    """Browsers and pipes write such files, in which nothing can be mended at the end."""
    stream, video = BytesIO(), tmp_path / "live.mkv"
    with av.open(Unseekable(stream), "w", format="matroska") as container:
        film = container.add_stream("mpeg4", rate=30)
        film.height, film.width = frames[0].shape[:2]
        film.pix_fmt, film.codec_context.time_base = "yuv420p", Fraction(1, 1000)
        for number, image in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            frame.pts, frame.time_base = 70 * number, Fraction(1, 1000)
            container.mux(film.encode(frame))
        container.mux(film.encode())
    video.write_bytes(stream.getvalue())
    (source,) = open_sources(video)
    assert source.assumed_rate is None
    assert [frame.seconds for frame in source][:3] == pytest.approx([0, 0.07, 0.14], abs=0.002)


class Unseekable:
    def __init__(self, stream: BytesIO) -> None:
        self.write = stream.write


def test_a_clock_that_does_not_begin_at_0(frames, tmp_path):
    height, width = frames[0].shape[:2]
    zooms = [max(1.0, 1.004 ** (number - 40)) for number in range(120)]
    matrices = [np.array([[z, 0, (1 - z) * width / 2], [0, z, (1 - z) * height / 2]]) for z in zooms]
    moving = [cv2.warpAffine(frames[0], matrix, (width, height), flags=cv2.INTER_CUBIC) for matrix in matrices]
    same = write_video(tmp_path / "same.ts", moving, codec="mpeg2video")
    late = write_video(tmp_path / "late.ts", moving, codec="mpeg2video", offset=20028)
    clips = [clip_of(video, tmp_path / video.stem, stride=None, drop_static=True) for video in (same, late)]
    assert "the clock of the file begins at 100" in said(clips[1])
    assert [len(clip) for clip in clips] == [len(clips[0])] * 2
    assert clips[0].ingest["stride"] == clips[1].ingest["stride"] > 1
    for one, other in zip(clips[0].frames, clips[1].frames, strict=True):
        assert one.seconds == pytest.approx(other.seconds)


@pytest.mark.parametrize("gap", [0, 60])
def test_times_of_decoding_are_not_those_of_showing(frames, tmp_path, gap):
    video = write_video(tmp_path / "b.avi", frames, codec="libx264", gap=gap)
    with av.open(str(video)) as container:
        times = [frame.time for frame in container.decode(video=0)]
    assert times != sorted(times)
    steps = np.diff([frame.seconds for frame in VideoFile(video)])
    assert np.sort(steps)[:-1] == pytest.approx(0.05)
    assert steps.max() >= 2 if gap else steps.max() == pytest.approx(0.05)
    for run in VideoFile(video).runs(count=2, length=6):
        assert np.diff([frame.seconds for frame in run]) == pytest.approx(0.05)


@pytest.mark.parametrize("suffix", [".ts", ".mpg"])
def test_a_clock_that_begins_anew_in_the_middle(frames, tmp_path, suffix):
    parts = [frames[:12], frames[12:]]
    videos = [write_video(tmp_path / f"{n}{suffix}", part, codec="mpeg2video") for n, part in enumerate(parts)]
    joined = tmp_path / f"joined{suffix}"
    joined.write_bytes(b"".join(video.read_bytes() for video in videos))
    steps = np.diff([frame.seconds for frame in VideoFile(joined)])
    assert np.delete(steps, 11) == pytest.approx(0.05)
    assert steps[11] > 1
    assert clip_of(joined, tmp_path / "out").breaks == (12,)
    (source,) = open_sources(joined)
    assert [index for index, frame in enumerate(source) if frame.begins_anew] == [12]


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ([None, 100.0, 100.1, None, 100.3], [0.0, 0.1, 0.2, 0.3, 0.4]),
        ([100.0, 100.1, None, None, 100.4], [0.0, 0.1, 0.2, 0.3, 0.4]),
        ([0.0, 0.1, 0.1, 0.2, 0.5], [0.0, 0.1, 0.11, 0.2, 0.5]),
        ([0.0, 0.1, 0.4, 0.45, 0.6], [0.0, 0.1, 0.4, 0.45, 0.6]),
        ([0.0, 0.1, 0.2, 0.6, 0.3], [0.0, 0.1, 0.2, 0.6, 0.7]),
    ],
    ids=["late", "untimed", "twice", "variable", "reordered"],
)
def test_times_increase(said, seconds):
    clock = FrameClock(rate=10.0, reordered=False, joinable=False)
    assert [clock.seconds(time) for time in said] == pytest.approx(seconds)


def test_numbers_that_are_missing(frames, tmp_path):
    numbers = [*range(10), *range(25, 33), *range(38, 44)]
    folder = write_images(tmp_path / "in", frames, [f"frame_{number:06d}.png" for number in numbers])
    clip = clip_of(folder, tmp_path / "out")
    assert clip.breaks == (10, 18)
    assert [clip.frames[index].seconds for index in (9, 10, 17, 18)] == pytest.approx([0.9, 2.5, 3.2, 3.8])
    seen = list(open_sources(folder)[0])
    assert [index for index, frame in enumerate(seen) if frame.begins_anew] == [10, 18]
    assert not seen[10].continues(seen[9])
    assert seen[11].continues(seen[10])
    assert [seen[index].seconds for index in (9, 10)] == pytest.approx([0.9, 2.5])


def test_names_that_are_seconds(frames, tmp_path):
    names = [f"{round(0.05 * number, 2)}.png" for number in range(20)]
    folder = write_images(tmp_path / "in", frames[:20], names)
    assert [frame.name for frame in open_sources(folder)[0]] == [name.removesuffix(".png") for name in names]
    clip = clip_of(folder, tmp_path / "out")
    assert clip.breaks == ()
    assert len(clip) == 20


def test_a_cover_picture_before_the_film(frames, tmp_path):
    video = write_with_cover(tmp_path / "drone.mp4", frames)
    with av.open(str(video)) as container:
        assert [stream.width for stream in container.streams.video] == [80, 160]
    clip = clip_of(video, tmp_path / "out")
    assert len(clip) == len(frames)
    assert "cover picture" in said(clip)
    (source,) = open_sources(video)
    assert [frame.image.shape for frame in source] == [(96, 160, 3)] * len(frames)


@pytest.mark.parametrize(("gain", "offset"), [(16, 0), (5, 29000)], ids=["12 bits", "thermal"])
def test_few_bits_in_16(frames, tmp_path, gain, offset):
    (tmp_path / "in").mkdir()
    greys = [cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.uint16) * gain + offset for image in frames]
    for number, grey in enumerate(greys):
        cv2.imwrite(str(tmp_path / "in" / f"{number:04d}.png"), grey)
    with pytest.raises(DataError, match=r"the 16-bit images hold values from \d+ to \d+ only.*stretch them first"):
        clip_of(tmp_path / "in", tmp_path / "out")


def test_suffixes_of_any_kind(frames, tmp_path):
    (tmp_path / "in").mkdir()
    write_video(tmp_path / "in/a.mp4", frames)
    write_video(tmp_path / "in/b.MTS", frames, codec="mpeg2video", kind="mpegts")
    write_video(tmp_path / "in/c.mjpeg", frames, codec="mjpeg", kind="mjpeg")
    settings = IngestSettings(width=192, height=96, intrinsics="fov:70", stride=1)
    assert [clip.name for clip in ingest(tmp_path / "in", tmp_path / "out", settings=settings).clips] == ["a", "b", "c"]


CAMERA = {"width": 160, "height": 96, "fx": 114.25, "fy": 114.25, "cx": 79.5, "cy": 47.5}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (CAMERA | {"distortion_model": "omni", "D": [0.21, -0.05, 0.02, 0.001]}, "D of the model omni"),
        (CAMERA | {"distortion_model": "equidistant", "D": [0.21, -0.05]}, "four numbers"),
        (CAMERA | {"distortion_model": "omni", "D": [0, 0, 0, 0]}, "a lens of the model omni"),
        (CAMERA | {"distortion": [-0.35, 0.15, 0, 0]}, "4 numbers; five are expected"),
        (CAMERA | {"k1": -0.35}, "states k1, which is not read"),
        (CAMERA | {"skew": -12.0}, "states skew, which is not read"),
        (CAMERA | {"camera_model": "omnidirectional"}, "states the camera_model omnidirectional, which is not read"),
        ({"width": 160, "height": 96, "K": [[114.25, -12, 79.5], [0, 114.25, 47.5], [0, 0, 1]]}, "skew are not read"),
    ],
)
def test_calibrations_that_are_no_pinhole_are_refused(frames, tmp_path, content, words):
    (tmp_path / "camera.json").write_text(json.dumps(content))
    folder = write_images(tmp_path / "in", frames[:8])
    for doctor in (True, False):
        with pytest.raises(DataError, match=words):
            clip_of(folder, tmp_path / "out", intrinsics=tmp_path / "camera.json", doctor=doctor)


@pytest.mark.parametrize("key", ["distortion", "D", "dist_k1k2p1p2k3"])
def test_distortion_is_read_under_its_usual_names(frames, tmp_path, key):
    calibration = CAMERA | {key: [-0.35, 0.15, 0, 0, -0.03], "distortion_model": "plumb_bob"}
    (tmp_path / "camera.json").write_text(json.dumps(calibration))
    folder = write_images(tmp_path / "in", frames[:8])
    clip = clip_of(folder, tmp_path / "out", intrinsics=tmp_path / "camera.json")
    assert clip.intrinsics_source == "given: camera.json; undistorted"
    assert clip.ingest["undistorted"]


def test_a_fisheye_is_straightened_and_what_is_unseen_is_masked(frames, tmp_path):
    (tmp_path / "camchain.yaml").write_text(
        "cam0: {camera_model: pinhole, intrinsics: [70, 70, 79.5, 47.5], distortion_model: equidistant,\n"
        "       distortion_coeffs: [0.02, -0.01, 0.0, 0.0], resolution: [160, 96]}"
    )
    folder = write_images(tmp_path / "in", frames[:8])
    given = {"intrinsics": f"{tmp_path}/camchain.yaml#cam0", "doctor": False, "mask": None}
    whole = clip_of(folder, tmp_path / "whole", **given)
    assert whole.intrinsics_source == "given: Kalibr's camchain.yaml, cam0; undistorted"
    assert whole.mask is None
    wide = clip_of(folder, tmp_path / "wide", rectified_field_of_view=130.0, **given)
    assert wide.intrinsics_source.endswith("undistorted to 130 degrees")
    assert wide.mask is not None
    usable = cv2.imread(str(tmp_path / "wide" / wide.mask), cv2.IMREAD_GRAYSCALE) > 0
    assert 0.3 < usable.mean() < 0.95


@pytest.mark.parametrize("coefficients", [{}, {"D": [0, 0, 0, 0]}], ids=["none", "zeros"])
def test_a_fisheye_without_coefficients_is_no_pinhole(coefficients: dict[str, list[int]], tmp_path: Path):
    file = tmp_path / "camera.json"
    file.write_text(json.dumps(CAMERA | {"distortion_model": "equidistant"} | coefficients))
    camera = resolve_intrinsics(file, width=160, height=96)
    assert camera.fisheye == (0, 0, 0, 0)
    assert not camera.is_pinhole

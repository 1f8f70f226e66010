"""Sources of the scale on predictions that are made up, and the files that they are read from."""

import re
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from vection.data.clips.folder import ClipInfo, FrameInfo, StereoInfo, write_rgb
from vection.data.clips.window import seen_pixels
from vection.errors import DataError, UsageError
from vection.formats.scale_file import ScaleReading
from vection.formats.window import Lens, Window
from vection.inference.prediction import Prediction
from vection.inference.sources import Frame
from vection.metric_scale.camera_height import CameraHeight
from vection.metric_scale.combine import combine, read_factors, reason_to_keep
from vection.metric_scale.evidence import Evidence, Factors
from vection.metric_scale.known_distances import KnownDistance, KnownDistances, read_known_distances
from vection.metric_scale.stereo import StereoBaseline
from vection.metric_scale.travel import Speeds, Travelled
from vection.metric_scale.travel_file import read_travel

IMAGE = np.zeros((64, 128, 3), np.uint8)
CAMERA = (100.0, 100.0, 63.5, 31.5)
UNIT = 4.0


def predicted(index: int, **values: object) -> tuple[Frame, Prediction]:
    frame = Frame(f"{index:06d}", IMAGE, seconds=0.1 * index, intrinsics=CAMERA)
    known = {"depth": np.ones((64, 128), np.float32), "unit": "up-to-scale", "scale_source": ""} | values
    return frame, Prediction(name=frame.name, image=IMAGE, seconds=frame.seconds, intrinsics=CAMERA, **known)


def drive_straight(evidence: Evidence, *, metres: float, frames: int, source: str = "measured") -> None:
    """A camera goes on by so many metres a frame, predicted in units of 4 m."""
    T_to_next = np.eye(4)
    T_to_next[2, 3] = -metres / UNIT
    for index in range(frames):
        T_camera_to_world = np.eye(4)
        T_camera_to_world[2, 3] = index * metres / UNIT
        evidence.observe(
            *predicted(index, T_to_next=T_to_next, T_camera_to_world=T_camera_to_world, motion_source=source)
        )


def ground(pitch: float) -> np.ndarray:
    """Depth of a plane 1.5 m below a camera that looks down by `pitch` degrees, in units of 4 m."""
    y = np.arange(64)[:, None] * np.ones((1, 128))
    slope = np.sin(np.radians(pitch)) + np.cos(np.radians(pitch)) * (y - CAMERA[3]) / CAMERA[1]
    return np.where(slope > 0.01, 1.5 / np.maximum(slope, 0.01), 100.0).astype(np.float32) / UNIT


def test_nothing_that_was_not_seen_is_ground():
    window = Window.of((64, 128), lens=Lens(*CAMERA, -0.3, 0.0, 0.0, 0.0, 0.0, field_of_view=110.0))
    seen = seen_pixels(window)
    assert seen is not None
    frame, prediction = predicted(0, depth=np.where(seen, ground(5.0), 2 * ground(5.0)))
    evidence = CameraHeight(1.5)
    evidence.observe(replace(frame, window=window), prediction)
    assert evidence.factors.values == [pytest.approx(UNIT, rel=0.02)]


@pytest.mark.parametrize("known", [None, 5.0])
def test_height_of_a_camera_that_looks_down(known):
    evidence = CameraHeight(1.5, pitch=known)
    evidence.observe(*predicted(0, depth=ground(5.0)))
    assert evidence.factors.values == [pytest.approx(UNIT, rel=1e-3)]


def test_a_frame_without_ground_says_nothing():
    evidence = CameraHeight(1.5)
    evidence.observe(*predicted(0, depth=np.full((64, 128), 3, np.float32)))
    assert evidence.factors.values == []
    with pytest.raises(DataError, match="in no frame: no plane fits the lower half"):
        read_factors(evidence.factors)


def write(path: Path, header: str, rows: list[tuple[float, ...]]) -> Path:
    path.write_text("\n".join([header, *(",".join(map(repr, map(float, row))) for row in rows)]))
    return path


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("seconds,speed", lambda time: (time, 12.0)),
        ("seconds,speed_kmh", lambda time: (time, 43.2)),
        ("Seconds, Distance", lambda time: (time, 100 + 12 * time)),
        ("latitude,longitude,seconds", lambda time: (49 + 12 * time * np.degrees(1 / 6378137.0), 8.0, time)),
    ],
)
def test_readings_of_every_kind(tmp_path, header, row):
    evidence = Travelled(read_travel(write(tmp_path / "a.csv", header, [row(0.5 * index) for index in range(20)])))
    drive_straight(evidence, metres=1.2, frames=90)
    np.testing.assert_allclose(evidence.factors.values, UNIT, rtol=1e-3)
    assert len(evidence.factors.values) >= 8


def test_gps_with_noise_and_a_clock_that_is_off(tmp_path):
    rng = np.random.default_rng(0)
    metre = np.degrees(1 / 6378137.0)
    rows = [
        (100 + 0.2 * i, 49 + (2.4 * i + rng.normal(0, 0.3)) * metre, 8 + rng.normal(0, 0.3) * metre) for i in range(150)
    ]
    readings = write(tmp_path / "gps.csv", "seconds,latitude,longitude", rows)
    evidence = Travelled(read_travel(readings, offset=-100.0))
    drive_straight(evidence, metres=1.2, frames=290)
    reading = read_factors(evidence.factors)
    assert reading.factor == pytest.approx(UNIT, rel=0.02)
    late = Travelled(read_travel(readings))
    drive_straight(late, metres=1.2, frames=290)
    with pytest.raises(DataError, match=r"in no frame: .*check the clocks"):
        read_factors(late.factors)


def test_repeated_steps_and_cuts_say_nothing(tmp_path):
    for source, metres in (("repeated", 1.2), ("cut", 1.2), ("standing", 0.0), ("measured", 0.0)):
        evidence = Travelled(read_travel(12.0))
        drive_straight(evidence, metres=metres, frames=20, source=source)
        assert evidence.factors.values == []


def test_slow_steps_that_show_later_are_counted():
    """At 0.5 m/s every third pair of frames shows the motion of three."""
    evidence, speeds = Travelled(read_travel(0.5)), Speeds()
    for index in range(91):
        T_to_next, T_camera_to_world = np.eye(4), np.eye(4)
        T_to_next[2, 3] = -0.15 / UNIT if index % 3 == 2 else 0
        T_camera_to_world[2, 3] = index // 3 * 0.15 / UNIT
        source = "measured" if index % 3 == 2 else "standing"
        seen = predicted(index, T_to_next=T_to_next, T_camera_to_world=T_camera_to_world, motion_source=source)
        evidence.observe(*seen)
        speeds.observe(*seen)
    assert len(evidence.factors.values) >= 7
    np.testing.assert_allclose(evidence.factors.values, UNIT, rtol=1e-6)
    assert speeds.median == pytest.approx(0.5 / UNIT)


@pytest.mark.parametrize("header", ["seconds,speed", "seconds,latitude,longitude"])
def test_nothing_is_known_over_a_gap(tmp_path, header):
    seconds = [*range(10), *range(100, 110)]  # a logger of one reading a second, switched off in between
    rows = [(time, 10.0) if header.endswith("speed") else (time, 48.0 + 1e-4 * time, 11.0) for time in seconds]
    travel = read_travel(write(tmp_path / "a.csv", header, rows))
    assert travel.between(7.5, 9.0) is not None
    assert travel.between(9.0, 9.5) is None
    assert travel.between(8.0, 101.0) is None
    assert travel.between(100.0, 108.5) is not None


def test_a_path_of_another_program(tmp_path):
    (tmp_path / "path.txt").write_text("".join(f"{0.1 * i} 0 0 {1.2 * i} 0 0 0 1\n" for i in range(20)))
    evidence = Travelled(read_travel(tmp_path / "path.txt"))
    drive_straight(evidence, metres=1.2, frames=20)
    np.testing.assert_allclose(evidence.factors.values, UNIT, rtol=1e-6)


def test_kitti_packets(tmp_path):
    (tmp_path / "oxts/data").mkdir(parents=True)
    for index in range(20):
        numbers = [49.0, 8.0, 110.0, *[0.0] * 5, 12.0, *[0.0] * 21]
        (tmp_path / f"oxts/data/{index:010d}.txt").write_text(" ".join(map(str, numbers)))
    stamps = [f"2011-09-26 13:17:{59 - 2 + index // 10:02d}.{index % 10}00000000" for index in range(20)]
    (tmp_path / "oxts/timestamps.txt").write_text("\n".join(stamps))
    evidence = Travelled(read_travel(tmp_path / "oxts"))
    drive_straight(evidence, metres=1.2, frames=20)
    np.testing.assert_allclose(evidence.factors.values, UNIT, rtol=1e-3)


def test_real_kitti_packets(shared_data: Path):
    travel = read_travel(shared_data / "kitti_raw/2011_09_26/2011_09_26_drive_0023_sync/oxts")
    metres = travel.between(float(travel.seconds[0]), float(travel.seconds[-1]))
    from vection.data.readers.kitti.oxts import read_oxts_pose

    packets = sorted((shared_data / "kitti_raw/2011_09_26/2011_09_26_drive_0023_sync/oxts/data").glob("*.txt"))
    places = [read_oxts_pose(packet, first_latitude=49.0)[:3, 3] for packet in (packets[0], packets[-1])]
    assert metres == pytest.approx(np.linalg.norm(places[1] - places[0]), rel=0.05)  # 0.6 s of RTK fixes


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "names no columns"),
        ("time,speed\n0,1\n1,1", "must name 'seconds'"),
        ("seconds,speed\n0,1", "fewer than two readings"),
        ("seconds,speed\n0,1\n0,1", "do not increase"),
        ("seconds,speed\n0,fast\n1,1", "has a line without numbers"),
        ("seconds,distance\n0,5\n1,4", "fall"),
    ],
)
def test_unusable_readings(tmp_path, text, sentence):
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(DataError, match=sentence):
        read_travel(tmp_path / "a.csv")


def test_a_file_of_known_distances(tmp_path):
    path = tmp_path / "known.csv"
    path.write_text("frame,x,y,metres\n0,63.5,31.5,4\n1,163.5,31.5,5\n")
    evidence = KnownDistances(read_known_distances(path))
    evidence.observe(*predicted(0))
    assert evidence.factors.values == [pytest.approx(4.0, rel=1e-3)]
    assert [one.frame for one in evidence.unseen] == ["1"]
    with pytest.raises(UsageError, match="lies outside"):
        evidence.observe(*predicted(1))
    path.write_text("frame,column,row,metres\n")
    with pytest.raises(DataError, match="must be frame,x,y,metres"):
        read_known_distances(path)


def test_points_of_a_clip_are_in_pixels_of_its_source(tmp_path):
    depth = np.ones((64, 128), np.float32)
    depth[32:] = 2
    window = Window(1280, 720, left=0, top=80, width=1280, height=640)
    frame, prediction = predicted(0, depth=depth)
    clip = ClipInfo(tmp_path, "a", 128, 64, "metres", "known", (FrameInfo("0.png", 0.0, CAMERA),), window=window)
    evidence = KnownDistances([KnownDistance("0", 639.5, 560.0, 12.0), KnownDistance("0", 639.5, 79.0, 12.0)])
    with pytest.raises(UsageError, match=r"639\.5, 79 lies outside of '000000', which is 128x64 and shows rows 80 to"):
        evidence.observe(replace(frame, clip=clip), prediction)
    assert evidence.factors.values == [pytest.approx(6.0, rel=0.02)]


@pytest.mark.parametrize("baseline", [0.5, -0.5])
def test_stereo_pairs(tmp_path, baseline):
    disparity = 10
    texture = np.random.default_rng(0).integers(0, 255, (64, 160, 3)).astype(np.uint8)
    texture = cv2.GaussianBlur(texture, (3, 3), 0)
    shift = disparity if baseline > 0 else -disparity
    own, other = texture[:, 16:144], texture[:, 16 + shift : 144 + shift]
    frame = FrameInfo("frames/000000.png", 0.0, CAMERA)
    (tmp_path / "stereo").mkdir()
    write_rgb(tmp_path / "stereo/000000.png", np.ascontiguousarray(other))
    T = ((1.0, 0.0, 0.0, -baseline), (0.0, 1.0, 0.0, 0.0), (0.0, 0.0, 1.0, 0.0), (0.0, 0.0, 0.0, 1.0))
    stereo = StereoInfo("stereo", T, CAMERA)
    clip = ClipInfo(tmp_path, "a", 128, 64, "metres", "known", (frame,), stereo=stereo)
    evidence = StereoBaseline()
    seen = Frame("000000", np.ascontiguousarray(own), intrinsics=CAMERA, clip=clip)
    evidence.observe(seen, predicted(0)[1])
    assert evidence.factors.values == [pytest.approx(100 * 0.5 / disparity, rel=0.01)]


def reading(factor: float, uncertainty: float, factors: tuple[float, ...] = ()) -> ScaleReading:
    return ScaleReading("test", factor, uncertainty, None, len(factors), ("0",) * len(factors), factors)


def test_sources_are_weighted_by_their_exactness_and_must_agree():
    factor, uncertainty = combine([reading(4.0, 0.01), reading(4.4, 0.1)])
    assert factor == pytest.approx(4.0, rel=0.002)
    assert 0.009 < uncertainty < 0.011
    combine([reading(4.0, 0.1), reading(6.0, 0.1)])  # too inexact to contradict each other
    with pytest.raises(DataError, match="contradict each other"):
        combine([reading(4.0, 0.01), reading(5.0, 0.01)])


def test_the_uncertainty_covers_the_error():
    """Of 200 draws with noise of 10 %, the true factor lies within two standard deviations in about 95 %."""
    rng = np.random.default_rng(0)
    names = [str(index) for index in range(60)]
    draws = [
        read_factors(Factors("test", 0.0, "", names, (4 * np.exp(rng.normal(0, 0.1, 60))).tolist())) for _ in range(200)
    ]
    within = [abs(np.log(one.factor / 4)) < 2 * one.uncertainty for one in draws]
    assert 0.85 < np.mean(within) < 1
    assert np.median([one.spread for one in draws]) == pytest.approx(0.1, abs=0.02)


def test_a_scale_that_does_not_hold_on_other_frames_is_refused():
    names = [str(index) for index in range(20)]
    values = [4.0 if index // 2 % 2 == 0 else 5.2 for index in range(20)]
    with pytest.raises(DataError, match="every other stretch of frames differs by 30 %"):
        read_factors(Factors("test", 0.0, "", names, values))


@pytest.mark.parametrize(
    ("new", "reason"),
    [
        (reading(4.0, 0.01, (4.0,) * 10), ""),
        (reading(4.4, 0.01, (4.4,) * 10), "errs no more on held-out frames"),
        (reading(4.2, 0.01, (4.0, 4.4) * 5), "errs no more on held-out frames"),  # one half does not say the other
        (reading(4.0, 0.07, (4.0,) * 40), r"as exact or more \(\+- 2\.0 %, the new one \+- 7\.0 %\)"),
        (reading(4.0, 0.01, (4.0,)), "fewer than 8 readings"),
    ],
)
def test_a_scale_stays_unless_the_new_one_is_more_exact_and_errs_less(new: ScaleReading, reason: str):
    kept = reason_to_keep(reading(4.4, 0.02), [new], uncertainty=new.uncertainty)
    assert re.search(reason, kept) if reason else not kept

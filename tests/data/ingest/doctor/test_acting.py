import json
from dataclasses import replace
from fractions import Fraction

import cv2
import numpy as np
import pytest
from benchmarks.doctor_faults import FAULTS, Frames, synthetic_frames, write_images, write_video

from vection.cli.main import main
from vection.data.clips.folder import read_clip
from vection.data.ingest import IngestSettings, ingest
from vection.data.ingest.continuity import Continuity, is_gap
from vection.data.ingest.doctor import examine
from vection.data.ingest.doctor.combing import are_combed
from vection.data.ingest.doctor.examination import examine_source
from vection.data.ingest.video import VideoFile, one_field, open_source
from vection.errors import DataError, UsageError
from vection.inference.sources import open_sources

SIZE = {"width": 128, "height": 64}


@pytest.fixture(scope="module")
def frames() -> Frames:
    return synthetic_frames(30)


def test_cut_and_gap_begin_anew(frames, tmp_path):
    cut = [*frames[:15], *(image[:, ::-1] for image in frames[15:])]
    video = write_video(tmp_path / "v.mp4", cut, gap=40)
    (clip,) = ingest(video, tmp_path / "out", settings=IngestSettings(**SIZE, stride=1)).clips
    assert clip.breaks == (15, 16)
    assert clip.ingest is not None
    assert any("begins anew 2 times" in line for line in clip.ingest["actions"])
    off = IngestSettings(**SIZE, stride=1, doctor=False)
    (clip,) = ingest(video, tmp_path / "off", settings=off).clips
    assert clip.breaks == ()
    assert clip.ingest is not None
    assert clip.ingest["doctor"] is None


def test_repeated_frames_are_left_out_and_said(frames, tmp_path):
    folder = write_images(tmp_path / "in", [image for image in frames[:12] for _ in range(2)])
    result = ingest(folder, tmp_path / "out", settings=IngestSettings(**SIZE, stride=1))
    assert len(result.clips[0]) == 12
    assert result.clips[0].breaks == ()
    assert any(line.startswith("in: 12 frames that repeat") for line in result.actions)
    stored = json.loads((tmp_path / "out/clip.json").read_text())["ingest"]
    assert "duplicate-frames" in [one["name"] for one in stored["doctor"]["findings"]]


@pytest.mark.parametrize("words", ["tripod", "camera only turns", "two cameras in turn", "lens cap"])
def test_what_cannot_teach_is_refused(words, frames, tmp_path):
    (fault,) = (fault for fault in FAULTS if fault.words == words)
    source, _ = fault.make(frames, tmp_path)
    with pytest.raises(DataError, match="doctor=False"):
        ingest(source, tmp_path / "out", settings=IngestSettings(**SIZE))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("says_so", [True, False])
def test_prediction_sees_one_field_as_well(frames, tmp_path, monkeypatch, says_so):
    """Where the file says that it is interlaced, and it is."""
    (fault,) = (fault for fault in FAULTS if fault.words == "interlaced")
    combed = [frame.image for frame in open_source(fault.make(frames, tmp_path)[0])]

    class Flagged(VideoFile):
        def __init__(self, path, **arguments):
            super().__init__(path, **arguments)
            self.facts = replace(self.facts, interlaced=says_so)

    monkeypatch.setattr("vection.data.ingest.video.VideoFile", Flagged)
    for name, images, expected in (("combed", combed, says_so), ("whole", frames, False)):
        video = write_video(tmp_path / f"{name}.mp4", images)
        stored, seen = next(iter(VideoFile(video))).image, next(iter(open_sources(video)[0])).image
        assert np.array_equal(seen, one_field(stored) if expected else stored), name


def test_interlaced_video_gives_one_field(frames, tmp_path):
    (fault,) = (fault for fault in FAULTS if fault.words == "interlaced")
    combed = fault.make(frames, tmp_path)[0]
    assert examine(combed).deinterlace


@pytest.mark.parametrize("turned", [False, True], ids=["of NTSC", "sideways"])
def test_fields_are_told_apart_before_pixels_are_stretched_and_turned(frames, tmp_path, turned):
    make = {fault.words: fault.make for fault in FAULTS}
    combed = [frame.image for frame in open_source(make["interlaced"](frames, tmp_path)[0])]
    if turned:
        path, _ = make["stored sideways"](combed, tmp_path)
    else:
        path = write_video(tmp_path / "v.mp4", combed, aspect=Fraction(8, 9))
    video = VideoFile(path)
    assert are_combed(video.windows(count=4, length=2))
    assert examine_source(video).deinterlace
    whole = next(iter(video))
    video.deinterlace = True
    field, (height, width) = one_field(whole.stored), whole.stored.shape[:2]
    expected = cv2.rotate(field, cv2.ROTATE_90_CLOCKWISE) if turned else cv2.resize(field, (width, height * 9 // 8))
    seen = next(iter(video))
    assert np.array_equal(seen.image, expected)
    assert np.array_equal(seen.stored, whole.stored)


@pytest.mark.parametrize("height", [96, 97])
def test_rows_of_a_field_stay_in_their_place(height):
    image = np.random.default_rng(0).integers(0, 255, (height, 64, 3), dtype=np.uint8)
    field = one_field(image)
    assert np.array_equal(field[::2], image[::2])
    between = image[:-2:2].astype(float) / 2 + image[2::2].astype(float) / 2
    assert np.abs(field[1 : 2 * len(between) : 2] - between).max() <= 0.5
    assert np.array_equal(field[-1], image[::2][-1])


def test_a_new_rate_becomes_the_usual_one():
    grey = np.zeros((192, 320), np.uint8)

    def breaks(steps: list[float]) -> list[int]:
        continuity = Continuity()
        times = np.cumsum([0.0, *steps]).tolist()
        return [index for index, time in enumerate(times) if continuity.begins_anew(time, grey, since=grey)]

    fast, slow = 1 / 30, 1 / 3.5
    assert breaks([fast] * 30 + [slow] * 30) == list(range(31, 37))
    assert breaks([fast] * 30 + [slow] * 30 + [fast] * 30 + [2.0] + [fast] * 5)[6:] == [91]
    now_and_then = ([fast] * 4 + [2.0]) * 6
    assert breaks(now_and_then) == list(range(5, 31, 5))


def test_continuity():
    rng = np.random.default_rng(0)
    grey, other = (cv2.resize(one, (320, 192)) for one in rng.integers(0, 255, (2, 12, 32), dtype=np.uint8))
    continuity = Continuity()
    shown = [continuity.begins_anew(0.1 * step, grey, since=grey) for step in range(4)]
    assert shown == [False] * 4
    assert continuity.begins_anew(1.3, grey, since=grey)
    assert not continuity.begins_anew(1.4, (0.4 * grey).astype(np.uint8), since=grey)
    assert continuity.begins_anew(1.5, other, since=grey)
    assert not is_gap(0.24, usual=0.04)
    assert is_gap(1.0, usual=0.04)
    assert not is_gap(2.0, usual=1.0)


def test_command(frames, tmp_path, capsys):
    folder = write_images(tmp_path / "in", frames[:2])
    assert main(["doctor", str(folder)]) == 3
    printed = capsys.readouterr()
    assert "too-short: there are 2 frames" in printed.out
    assert "is unusable: there are 2 frames; training needs at least 3." in printed.err
    assert main(["doctor", str(tmp_path / "absent")]) == 2
    with pytest.raises(UsageError, match="does not exist"):
        examine(tmp_path / "absent")


def test_clip_folder_is_examined_with_its_camera(tiny_clips, capsys):
    assert main(["doctor", str(tiny_clips), "--json"]) == 0
    sources = json.loads(capsys.readouterr().out)["sources"]
    assert len(sources) == 2
    assert sources[0]["camera"]["numbers"] == list(read_clip(tiny_clips / "drive_1").frames[0].intrinsics)

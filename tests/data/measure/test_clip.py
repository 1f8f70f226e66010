import json
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from vection.data.clips.folder import ClipInfo, read_clip, write_clip, write_rgb
from vection.data.ingest.clip_writer import IngestSettings
from vection.data.ingest.ingestion import ingest
from vection.data.measure import sequence
from vection.data.measure.clip import measure_clip, measured_geometry, stored_frames
from vection.data.measure.sequence import StoredFrames, measure_sequence
from vection.data.measure.settings import MeasureSettings
from vection.data.measure.views import View, narrowed
from vection.data.synthetic import render_drive, still_street, write_drive
from vection.errors import DataError, UsageError
from vection.formats.measured_geometry import FOLDER, read_measured

CAMERA = (90.0, 90.0, 128.0, 48.0)
SMALL = still_street(width=256, height=96, frames=6, antialias=False, route="straight")


@pytest.fixture
def clip(tmp_path: Path) -> ClipInfo:
    return write_drive(tmp_path / "drive", SMALL, seed=3)


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.glob("*.json"))}


def maps(folder: Path) -> list[np.ndarray]:
    measured = read_measured(folder)
    return [measured.read_depth(index).depth for index in range(len(measured.frames))]


def test_a_stopped_run_goes_on(clip, tmp_path, monkeypatch):
    whole = write_drive(tmp_path / "whole", SMALL, seed=3)
    measure_clip(whole.folder)
    monkeypatch.setattr(sequence, "CHUNK", 2)

    def stop(done: int, total: int | None) -> None:
        if done >= 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        measure_clip(clip.folder, progress=stop)
    assert len(list((clip.folder / FOLDER).glob("*.npz"))) == 4
    with pytest.raises(UsageError, match="is not measured"):
        read_measured(clip.folder)
    before = {path: path.stat().st_mtime_ns for path in (clip.folder / FOLDER).glob("*.npz")}
    seen: list[int] = []
    measure_clip(clip.folder, progress=lambda done, total: seen.append(done))
    assert seen == [4, 6]
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert files(clip.folder / FOLDER) == files(whole.folder / FOLDER)
    for resumed, uninterrupted in zip(maps(clip.folder), maps(whole.folder), strict=True):
        assert np.array_equal(resumed, uninterrupted)


def test_what_is_measured_is_not_measured_again(clip):
    first = measure_clip(clip.folder)
    assert measure_clip(clip.folder, progress=lambda done, total: pytest.fail("measured again")) == first
    with pytest.raises(UsageError, match="measured with other settings; remove that folder"):
        measure_clip(clip.folder, settings=MeasureSettings(parallax=2.0))


def test_a_run_of_other_settings_begins_anew(clip, monkeypatch):
    monkeypatch.setattr(sequence, "CHUNK", 2)

    def stop(done: int, total: int | None) -> None:
        if done >= 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        measure_clip(clip.folder, settings=MeasureSettings(parallax=2.0), progress=stop)
    seen: list[int] = []
    measure_clip(clip.folder, progress=lambda done, total: seen.append(done))
    assert seen[0] == 0


def test_processes_measure_the_same(clip, tmp_path):
    alone = write_drive(tmp_path / "alone", SMALL, seed=3)
    measure_clip(alone.folder)
    measure_clip(clip.folder, workers=1)
    assert files(clip.folder / FOLDER) == files(alone.folder / FOLDER)


def test_a_cut_and_a_halt_are_named(tmp_path):
    frames = [frame.image for frame in render_drive(replace(SMALL, frames=4), seed=3)]
    others = [frame.image for frame in render_drive(replace(SMALL, frames=3), seed=8)]
    images = [*frames, frames[-1], *others]
    views = [partial(View, np.ascontiguousarray(image.mean(axis=2).astype(np.uint8)), SMALL.camera) for image in images]
    names = tuple(f"{number:06d}" for number in range(len(views)))
    measured = measure_sequence(tmp_path, views, StoredFrames(names, (96, 256)), source="test")
    assert measured.pair(3, 4).reason == "standing"
    assert {pair.reason for pair in measured.pairs if pair.first < 5 <= pair.second} == {"cut"}
    assert [frame.segment for frame in measured.frames] == [0, 0, 0, 0, 0, 1, 1, 1]
    assert measured.T_camera_to_world(4) == pytest.approx(measured.T_camera_to_world(3), abs=0.02)
    assert measured.T_camera_to_world(5) == pytest.approx(np.eye(4))


def test_a_break_of_the_clip_is_a_cut(clip):
    write_clip(replace(clip, breaks=(3,)))
    measured = measure_clip(clip.folder)
    assert measured.pair(2, 3).reason == "cut"
    assert [frame.segment for frame in measured.frames] == [0, 0, 0, 1, 1, 1]


def test_what_is_not_usable_has_no_depth(clip):
    usable = np.full((96, 256, 3), 255, np.uint8)
    usable[64:] = 0
    write_rgb(clip.folder / "mask.png", usable)
    write_clip(replace(clip, mask="mask.png"))
    depth = measure_clip(clip.folder).read_depth(2)
    assert not depth.known[64:].any()
    assert depth.known[:64].any()


def test_one_view_is_not_enough(clip):
    view = partial(View, np.zeros((96, 256), np.uint8), SMALL.camera)
    with pytest.raises(DataError, match="there are 1 views"):
        measure_sequence(clip.folder, [view], StoredFrames(("a",), (96, 256)), source="test")


def test_views_of_two_sizes_are_refused(tmp_path):
    views = [partial(View, np.zeros((96, width), np.uint8), SMALL.camera) for width in (256, 128)]
    with pytest.raises(DataError, match="View 1 is 128x96 but those before it are 256x96"):
        measure_sequence(tmp_path, views, StoredFrames(("a", "b"), (96, 256)), source="test")


@pytest.mark.parametrize("wrong", [{"gaps": ()}, {"gaps": (2, 3)}, {"gaps": (1, 4), "wide_gap": 3}])
def test_gaps_must_make_a_chain(wrong):
    with pytest.raises(UsageError, match="gap"):
        MeasureSettings(**wrong)


@pytest.mark.parametrize("wrong", [-0.5, float("nan")])
def test_thresholds_are_not_negative(wrong):
    with pytest.raises(UsageError, match="`epipolar_distance` is"):
        MeasureSettings(epipolar_distance=wrong)


def test_ingest_measures_in_the_source(tmp_path):
    source = tmp_path / "source"
    source.mkdir()
    settings = replace(SMALL, width=384, height=144, frames=5)
    for number, frame in enumerate(render_drive(settings, seed=3)):
        write_rgb(source / f"{number}.png", frame.image)
    camera = ",".join(map(str, settings.camera))
    made = ingest(
        source,
        tmp_path / "clip",
        settings=IngestSettings(width=192, height=64, intrinsics=camera, mask=None, stride=1, measure=True),
    )
    (clip,) = made.clips
    measured = read_measured(clip.folder)
    assert (measured.listed.measured_width, measured.listed.measured_height) == (384, 128)
    assert measured.listed.source == "the source source"
    assert len(measured.frames) == len(clip)
    assert measured.read_depth(2).depth.shape == (64, 192)
    assert measured.read_depth(2).known.mean() > 0.3
    assert sorted(path.name for path in clip.folder.iterdir()) == ["clip.json", "frames", "measured"]
    assert measure_clip(clip.folder) == measured
    assert json.loads((clip.folder / "measured/measured.json").read_text())["format"] == 1


def test_a_wide_view_is_narrowed_with_its_camera():
    view = narrowed(View(np.zeros((400, 1664), np.uint8), (1000.0, 1000.0, 831.5, 199.5)))
    assert view.size == (200, 832)
    assert view.camera == (500.0, 500.0, 415.5, 99.5)


def test_stored_frames_are_named_as_the_clip_names_them(clip):
    stored = stored_frames(clip)
    assert stored.names == tuple(f"{number:06d}" for number in range(6))
    assert stored.size == (96, 256)


@pytest.mark.parametrize(
    "change",
    [
        lambda clip: replace(clip, breaks=(3,)),
        lambda clip: replace(clip, frames=tuple(replace(one, intrinsics=CAMERA) for one in clip.frames)),
        lambda clip: replace(clip, mask="mask.png"),
    ],
    ids=["breaks", "intrinsics", "mask"],
)
def test_what_was_measured_of_another_camera_is_refused(clip, change):
    measure_clip(clip.folder)
    assert measured_geometry(read_clip(clip.folder)).listed.inputs is not None
    write_rgb(clip.folder / "mask.png", np.pad(np.zeros((32, 256, 3), np.uint8), ((64, 0), (0, 0), (0, 0))) + 1)
    write_clip(change(clip))
    with pytest.raises(DataError, match="measured with other intrinsics, breaks or another mask than"):
        measured_geometry(read_clip(clip.folder))


def test_the_lock_of_a_killed_process_goes_when_it_finds_the_clip_measured(clip):
    measure_clip(clip.folder)
    lock = clip.folder / ".lock-vection-measured"
    lock.touch()
    assert sequence.is_done(clip.folder)
    assert not lock.exists()

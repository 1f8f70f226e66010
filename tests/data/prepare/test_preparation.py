import csv
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import cv2
import pytest
from tests.data.readers.fake_kitti import DRIVE, truncate, write_image, write_raw_drive

from vection.data.clips.folder import CLIP_FILE, read_clip
from vection.data.prepare.claim import SETTINGS_FILE, claim
from vection.data.prepare.data_sets import DATA_SETS, DataSet, get_data_set
from vection.data.prepare.preparation import SKIPPED_FILE, prepare
from vection.data.readers.sequences import DataSequence, Listing, PrepareSettings, SequenceFrame, SourceFrame
from vection.data.sets.clip_dataset import ClipDataset
from vection.errors import DataError, UsageError
from vection.formats.measured_geometry import read_measured

SMALL = PrepareSettings(width=128, height=64)
CLIP = f"{DRIVE}/image_02"
prepare_here = partial(prepare, "kitti-raw", workers=0)


def listed(out: Path) -> list[dict[str, str]]:
    with (out / SKIPPED_FILE).open() as file:
        return list(csv.DictReader(file))


def times_written(folder: Path) -> dict[str, int]:
    return {file.name: file.stat().st_mtime_ns for file in folder.glob("[!.]*.jpg")}


def test_clip_of_a_drive(tmp_path):
    write_raw_drive(tmp_path / "raw")
    seen: list[tuple[int, int | None]] = []
    made = prepare_here(tmp_path / "raw", tmp_path / "out", settings=SMALL, progress=lambda *now: seen.append(now))
    assert [clip.folder for clip in made.clips] == [tmp_path / "out" / CLIP]
    assert (made.frames, made.written, made.skipped) == (5, 5, ())
    assert seen[-1] == (5, 5)
    clip = read_clip(tmp_path / "out" / CLIP)
    assert [frame.stem for frame in clip.frames] == [f"{index:010d}" for index in range(5)]
    assert [frame.seconds for frame in clip.frames] == pytest.approx([0, 0.11, 0.22, 0.33, 0.44])
    assert clip.breaks == ()
    assert clip.targets is None
    assert abs(int(clip.read_image(3)[-1, 0, 0]) - 30) <= 2
    assert listed(tmp_path / "out") == []
    assert not (clip.folder / ".prepare").exists()


def test_bad_files_are_left_out_and_listed(tmp_path):
    raw, out = tmp_path / "raw", tmp_path / "out"
    write_raw_drive(raw, frames=range(7))
    write_raw_drive(raw, drive="2011_09_28/2011_09_28_drive_0002_sync")
    write_raw_drive(raw, drive="2011_09_29/2011_09_29_drive_0003_sync", scans=False)
    folder = raw / DRIVE
    truncate(folder / "image_02/data/0000000002.png")
    (folder / "velodyne_points/data/0000000004.bin").unlink()
    (raw / "2011_09_28/calib_cam_to_cam.txt").write_text("P_rect_02: 0 0 0 0 0 0 0 0 0 0 0 0\n")
    made = prepare_here(raw, out, settings=SMALL)
    entries = {(entry["sequence"], entry["frame"], entry["what"]): entry["reason"] for entry in listed(out)}
    assert set(entries) == {
        (CLIP, "0000000002", "left out"),
        (CLIP, "0000000004", "kept"),
        ("2011_09_28/2011_09_28_drive_0002_sync/image_02", "", "left out"),
    }
    assert "cut off" in entries[CLIP, "0000000002", "left out"]
    assert "0000000004.bin" in entries[CLIP, "0000000004", "kept"]
    assert [len(clip) for clip in made.clips] == [6, 5]
    # no neighbours across the lost frame
    clip = read_clip(out / CLIP)
    assert clip.breaks == (2,)
    assert not clip.has_truth(3)
    dataset = ClipDataset(out)
    assert [dataset.target_frame(index) for index in range(len(dataset))][:2] == [(CLIP, 3), (CLIP, 4)]
    # a second run reads nothing anew and still tells
    again = prepare_here(raw, out, settings=SMALL)
    assert again.written == 0
    assert again.skipped == made.skipped
    assert len(listed(out)) == 3


def test_killed_in_the_middle_goes_on(tmp_path):
    count = 2000
    raw, out = tmp_path / "raw", tmp_path / "out"
    write_raw_drive(raw, frames=range(1), suffix=".jpg", scans=False)
    images = raw / DRIVE / "image_02/data"
    (images.parent / "timestamps.txt").unlink()  # of fewer frames
    for frame in range(1, count):
        os.link(images / "0000000000.jpg", images / f"{frame:010d}.jpg")
    words = ["prepare", "kitti-raw", raw, out, "--width", 128, "--height", 64, "--workers", 1, "--json"]
    command = [sys.executable, "-m", "vection", *map(str, words)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    records = out / CLIP / ".prepare"
    deadline = time.monotonic() + 300
    while len(list(records.glob("[!.]*.json"))) < 200 and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    time.sleep(0.3)  # the worker sees that its parent is gone, and ends
    done = {file.stem for file in records.glob("[!.]*.json")}
    assert 200 <= len(done) < count
    assert not (out / CLIP / CLIP_FILE).exists()
    before = times_written(out / CLIP / "frames")
    time.sleep(0.2)
    assert times_written(out / CLIP / "frames") == before

    finished = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
    said = json.loads(finished.stdout)
    assert said["frames"] == count
    assert said["written"] == count - len(done)
    after = times_written(out / CLIP / "frames")
    assert len(after) == count
    assert all(after[f"{name}.jpg"] == before[f"{name}.jpg"] for name in done)
    assert len(read_clip(out / CLIP)) == count


def test_frames_whose_records_another_process_removes_are_told(tmp_path):
    write_raw_drive(tmp_path / "raw")

    def another(done: int, total: int) -> None:
        if done == total:
            (tmp_path / "out" / CLIP / ".prepare/0000000002.json").unlink()

    with pytest.raises(DataError, match=r"lacks 1 frames; does another process work there\?"):
        prepare_here(tmp_path / "raw", tmp_path / "out", settings=SMALL, progress=another)
    assert prepare_here(tmp_path / "raw", tmp_path / "out", settings=SMALL).frames == 5


def test_repaired_files_are_read_while_the_clip_is_open(tmp_path):
    raw, out = tmp_path / "raw", tmp_path / "out"
    write_raw_drive(raw)
    for frame in range(5):
        truncate(raw / DRIVE / f"image_02/data/{frame:010d}.png")
    with pytest.raises(DataError, match=r"No sequence of .* is usable"):
        prepare_here(raw, out, settings=SMALL)
    assert len(listed(out)) == 6
    write_image(raw / DRIVE / "image_02/data/0000000001.png", value=3)
    assert prepare_here(raw, out, settings=SMALL).frames == 1


def test_list_of_targets_takes_their_neighbours_along(tmp_path):
    raw, out = tmp_path / "raw", tmp_path / "out"
    write_raw_drive(raw, frames=range(7))
    lists = tmp_path / "lists"
    lists.mkdir()
    (lists / "train_files.txt").write_text(f"{DRIVE} 1 l\n{DRIVE} 5 l\n{DRIVE} 3 r\n")
    (lists / "val_files.txt").write_text(f"{DRIVE} 9 l\n{DRIVE} 3 l\n")
    made = prepare_here(raw, out, settings=replace(SMALL, split=str(lists)))
    assert [clip.name for clip in made.clips] == [f"train/{CLIP}", f"val/{CLIP}", f"train/{DRIVE}/image_03"]
    first = made.clips[0]
    assert [int(frame.stem) for frame in first.frames] == [0, 1, 2, 4, 5, 6]
    assert first.targets == (1, 4)
    assert first.breaks == (3,)
    assert [(entry.frame, entry.kept) for entry in made.skipped] == [("0000000009", False)]
    one = prepare_here(raw, tmp_path / "one", settings=replace(SMALL, split=f"{lists}:train"))
    assert [clip.name for clip in one.clips] == [CLIP, f"{DRIVE}/image_03"]
    (raw / "splits").mkdir()
    lists.rename(raw / "splits/mine")
    near = prepare_here(raw, tmp_path / "near", settings=replace(SMALL, split="mine:train"))
    assert [len(clip) for clip in near.clips] == [len(clip) for clip in one.clips]
    lists = raw / "splits/mine"
    alone = prepare_here(raw, tmp_path / "alone", settings=replace(SMALL, split=str(lists), neighbours=False))
    assert [int(frame.stem) for frame in alone.clips[0].frames] == [1, 5]
    dataset = ClipDataset(out)
    assert dataset.sequences == [(f"train/{CLIP}", 2), (f"train/{DRIVE}/image_03", 1), (f"val/{CLIP}", 1)]


def test_a_changed_list_or_camera_is_refused(tmp_path):
    raw, out, chosen = tmp_path / "raw", tmp_path / "out", tmp_path / "list.txt"
    write_raw_drive(raw)
    settings = replace(SMALL, split=str(chosen), neighbours=False)
    chosen.write_text(f"{DRIVE} 1 l\n")
    prepare_here(raw, out, settings=settings)
    chosen.write_text(f"{DRIVE} 3 l\n")
    with pytest.raises(UsageError, match=r"another content of the list list\.txt"):
        prepare_here(raw, out, settings=settings)
    assert str(tmp_path) not in (out / SETTINGS_FILE).read_text()
    chosen.write_text(f"{DRIVE} 1 l\n")
    assert prepare_here(raw, out, settings=settings).written == 0
    camera = tmp_path / "camera.json"
    settings = replace(SMALL, intrinsics=str(camera))
    claim_here = partial(claim, tmp_path / "v", data_set="videos", source=raw, settings=settings, listing=Listing(()))
    camera.write_text('{"fx": 1}')
    claim_here()
    camera.write_text('{"fx": 2}')
    with pytest.raises(UsageError, match="another content of the file of the intrinsics"):
        claim_here()


def test_another_source_is_refused_and_a_moved_one_goes_on(tmp_path):
    raw, out = tmp_path / "raw", tmp_path / "out"
    write_raw_drive(raw)
    prepare_here(raw, out, settings=SMALL)
    for other in (tmp_path / "other", tmp_path / "other/raw"):
        write_raw_drive(other, drive="2011_09_28/2011_09_28_drive_0002_sync")
        with pytest.raises(UsageError, match=rf"from another folder \(raw\).*{CLIP} in it is none of"):
            prepare_here(other, out, settings=SMALL)
    moved = raw.rename(tmp_path / "moved")
    assert prepare_here(moved, out, settings=SMALL).written == 0
    (moved / DRIVE).rename(tmp_path / "gone")  # of the same folder, more may come and go
    write_raw_drive(moved, drive="2011_09_29/2011_09_29_drive_0003_sync")
    assert prepare_here(moved, out, settings=SMALL).written == 5


def test_outputs_of_older_versions_go_on(tmp_path):
    raw, out, chosen = tmp_path / "raw", tmp_path / "out", tmp_path / "list.txt"
    write_raw_drive(raw)
    chosen.write_text(f"{DRIVE} 1 l\n")
    settings = replace(SMALL, split=str(chosen))
    prepare_here(raw, out, settings=settings)
    content = json.loads((out / SETTINGS_FILE).read_text())
    del content["inputs"]
    (out / SETTINGS_FILE).write_text(json.dumps({**content, "split": str(chosen)}))
    assert prepare_here(raw, out, settings=settings).written == 0
    (out / SETTINGS_FILE).write_text(json.dumps({**content, "inputs": {"source": 3}}))
    with pytest.raises(DataError, match=r"not valid at inputs\."):
        prepare_here(raw, out, settings=settings)


def test_names_that_would_meet_are_refused(tmp_path):
    frame = SequenceFrame("7", 0.0, SourceFrame)
    for sequences, says in (
        ((DataSequence("a", (frame,)), DataSequence("a", (frame,))), "two sequences a,"),
        ((DataSequence("a", (frame, frame)),), "two frames 7;"),
    ):
        data_set = DataSet("twice", "", lambda *_, found=sequences: Listing(found))
        with pytest.raises(DataError, match=says):
            prepare(data_set, tmp_path, tmp_path / "out", settings=SMALL, workers=0)


def test_refusals(tmp_path):
    raw, out = tmp_path / "raw", tmp_path / "out"
    with pytest.raises(UsageError, match="no data set at"):
        prepare_here(raw, out, settings=SMALL)
    raw.mkdir()
    with pytest.raises(DataError, match="DATE/DRIVE"):
        prepare_here(raw, out, settings=SMALL)
    write_raw_drive(raw)
    with pytest.raises(UsageError, match="multiples of 32"):
        prepare_here(raw, out, settings=replace(SMALL, width=65))
    with pytest.raises(UsageError, match="holds the source"):
        prepare_here(raw, tmp_path, settings=SMALL)
    with pytest.raises(UsageError, match="no variant 'best'"):
        prepare_here(raw, out, settings=replace(SMALL, variant="best"))
    prepare_here(raw, out, settings=SMALL)
    with pytest.raises(UsageError, match="width 128 instead of 96"):
        prepare_here(raw, out, settings=replace(SMALL, width=96))
    (tmp_path / "other").mkdir()
    (tmp_path / "other/thesis.tex").write_text("")
    with pytest.raises(UsageError, match="not of vection prepare"):
        prepare_here(raw, tmp_path / "other", settings=SMALL)
    with pytest.raises(UsageError, match="did you mean kitti-raw"):
        get_data_set("kitti_raw")
    with pytest.raises(UsageError, match="did you mean train"):
        prepare("cityscapes", raw, tmp_path / "x", settings=replace(SMALL, split="trian"), workers=0)
    (raw / "2011_09_26/calib_cam_to_cam.txt").write_text("")
    with pytest.raises(DataError, match=r"2011_09_26_drive_\d+_sync.*: .*not a KITTI calibration"):
        prepare_here(raw, tmp_path / "x", settings=SMALL)


def test_unwritable_output_is_one_error(tmp_path):
    write_raw_drive(tmp_path / "raw")
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="Cannot write"):
        prepare_here(tmp_path / "raw", tmp_path / "file/out", settings=SMALL)


def test_errors_of_worker_processes_arrive(tmp_path):
    write_raw_drive(tmp_path / "raw")
    (tmp_path / "out").mkdir()
    made = prepare("kitti-raw", tmp_path / "raw", tmp_path / "out", settings=SMALL, workers=1)
    assert made.frames == 5


@pytest.mark.parametrize("data_set", [data_set.name for data_set in DATA_SETS])
def test_every_reader_says_that_an_empty_folder_is_not_its_data(tmp_path, data_set):
    (tmp_path / "empty").mkdir()
    known = get_data_set(data_set)
    assert all(length % 32 == 0 for length in known.size)
    with pytest.raises((UsageError, DataError), match="empty"):
        prepare(data_set, tmp_path / "empty", tmp_path / "out", settings=SMALL, workers=0)
    assert not (tmp_path / "out").exists()


def test_geometry_is_measured_in_the_images_of_the_data_set(tmp_path):
    write_raw_drive(tmp_path / "raw")
    made = prepare_here(tmp_path / "raw", tmp_path / "out", settings=SMALL, measure=True)
    measured = read_measured(made.clips[0].folder)
    size = cv2.imread(str(tmp_path / "raw" / DRIVE / "image_02/data/0000000000.png")).shape[:2]
    assert (measured.listed.measured_height, measured.listed.measured_width) == size
    assert (measured.listed.height, measured.listed.width) == (64, 128)
    assert [frame.name for frame in measured.frames] == [frame.stem for frame in made.clips[0].frames]
    written = (measured.folder / "measured.json").stat().st_mtime_ns
    prepare_here(tmp_path / "raw", tmp_path / "out", settings=SMALL, measure=True)
    assert (measured.folder / "measured.json").stat().st_mtime_ns == written

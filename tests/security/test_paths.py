"""Paths that files of ours or of others name never leave their folder: not upwards, not to a root, not by a link."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from tests.cli.conftest import SMALL

from vection.cli.main import main
from vection.data.clips.folder import ClipInfo, read_clip
from vection.data.prepare.data_sets import DataSet
from vection.data.prepare.preparation import prepare
from vection.data.readers.sequences import DataSequence, Listing, PrepareSettings, SequenceFrame
from vection.data.splits.list_file import read_image_list, read_lines, read_split, read_static_frames
from vection.data.synthetic.drive import write_drive
from vection.errors import DataError
from vection.evaluation.predictions.read import read_prediction_folder
from vection.evaluation.truth.truth_set import clip_truth
from vection.files import inside
from vection.formats.measured_geometry import MeasuredFrame, MeasuredList, read_measured, write_measured_list
from vection.formats.prediction_folder import (
    PredictedFrame,
    PredictionList,
    read_prediction_list,
    write_prediction_list,
)

OUTSIDE = ("../secret.jpg", "frames/../../secret.jpg", "/etc/hostname", "C:\\secret.jpg", "..\\secret.jpg", "..", "")


def changed(file: Path, change: Callable[[dict[str, Any]], object]) -> None:
    content = json.loads(file.read_text())
    change(content)
    file.write_text(json.dumps(content))


@pytest.fixture(scope="module")
def drive(tmp_path_factory: pytest.TempPathFactory) -> ClipInfo:
    """A clip that is copied for each test."""
    return write_drive(tmp_path_factory.mktemp("drive") / "clip", SMALL, seed=1)


@pytest.fixture
def clip(tmp_path: Path, drive: ClipInfo) -> Path:
    """A clip with everything a clip can name, and a secret beside it."""
    shutil.copytree(drive.folder, tmp_path / "clip")
    cv2.imwrite(str(tmp_path / "secret.jpg"), np.zeros((64, 96, 3), np.uint8))
    size = np.full((64, 96), 255, np.uint8)
    (tmp_path / "clip/classes").mkdir()
    for frame in drive.frames:
        cv2.imwrite(str(tmp_path / f"clip/classes/{frame.stem}.png"), size)
    cv2.imwrite(str(tmp_path / "clip/mask.png"), size)
    changed(tmp_path / "clip/clip.json", lambda content: content.update(mask="mask.png", classes="classes"))
    return tmp_path / "clip"


@pytest.mark.parametrize("name", OUTSIDE)
@pytest.mark.parametrize("key", ["file", "mask", "truth", "classes"])
def test_a_clip_names_nothing_outside(clip: Path, key: str, name: str):
    read_clip(clip)

    def change(content: dict[str, Any]) -> None:
        (content["frames"][0] if key == "file" else content)[key] = name

    changed(clip / "clip.json", change)
    with pytest.raises(DataError, match=rf"clip\.json is not valid at '.*{key}.*no path below"):
        read_clip(clip)


@pytest.mark.parametrize("link", ["frames/000001.jpg", "truth/000001.npz", "classes/000001.png", "mask.png"])
def test_a_link_out_of_a_clip_is_not_followed(clip: Path, link: str):
    outside = (clip / link).rename(clip.parent / Path(link).name)
    (clip / link).symlink_to(outside)
    info = read_clip(clip)
    reads: dict[str, Callable[[], object]] = {
        "frames": lambda: info.read_image(1),
        "truth": lambda: info.read_truth(1),
        "classes": lambda: info.read_classes(1),
        "mask.png": info.read_usable,
    }
    with pytest.raises(DataError, match="is a link that leads out of"):
        reads[Path(link).parts[0]]()


def test_a_folder_that_is_a_link_out_is_not_followed(clip: Path):
    (clip / "frames").rename(clip.parent / "frames")
    (clip / "frames").symlink_to(clip.parent / "frames")
    with pytest.raises(DataError, match="is a link that leads out of"):
        read_clip(clip).read_image(0)
    with pytest.raises(DataError, match="is a link that leads out of"):
        clip_truth(clip).read("000000")


def test_a_clip_may_be_reached_by_a_link(clip: Path, tmp_path: Path):
    (tmp_path / "linked").symlink_to(clip)
    assert read_clip(tmp_path / "linked").read_image(0).shape == (64, 96, 3)
    assert inside(tmp_path / "linked", "frames/000000.jpg").is_file()


@pytest.mark.parametrize("name", OUTSIDE)
@pytest.mark.parametrize("key", ["name", "file", "object_flow", "scene_flow", "motion_mask", "classes"])
def test_predictions_name_nothing_outside(tmp_path: Path, key: str, name: str):
    frame = PredictedFrame("a", "depth/a.npy")
    write_prediction_list(tmp_path, PredictionList("metres", (frame,)))
    changed(tmp_path / "predictions.json", lambda content: content["frames"][0].update({key: name}))
    with pytest.raises(DataError, match=rf"predictions\.json is not valid at 'frames\.0\.{key}'.*no path below"):
        read_prediction_list(tmp_path)


def test_a_link_out_of_predictions_is_not_followed(tmp_path: Path):
    np.save(tmp_path / "secret.npy", np.ones((4, 4), np.float32))
    folder = tmp_path / "predictions"
    write_prediction_list(folder, PredictionList("metres", (PredictedFrame("a", "a.npy"),)))
    (folder / "a.npy").symlink_to(tmp_path / "secret.npy")
    with pytest.raises(DataError, match="is a link that leads out of"):
        read_prediction_folder(folder).read("a")


def test_measured_geometry_names_nothing_outside(tmp_path: Path):
    frames = (MeasuredFrame("../../a"),)
    listed = MeasuredList(96, 64, 96, 64, source="", settings={}, frames=frames, pairs=())
    (tmp_path / "measured").mkdir()
    write_measured_list(tmp_path / "measured", listed)
    with pytest.raises(DataError, match=r"measured\.json is not valid at 'frames\.0\.name'.*no path below"):
        read_measured(tmp_path)


@pytest.mark.parametrize("folder", ["../../secret", "/secret", "..\\..\\secret", "a/../../secret"])
@pytest.mark.parametrize("read", [read_split, read_lines, read_image_list, read_static_frames])
def test_lists_name_nothing_outside(tmp_path: Path, read: Callable[[Path], object], folder: str):
    words = f"{folder} drive 1" if read is read_static_frames else f"{folder} 1 l"
    (tmp_path / "list.txt").write_text(f"{words}\n")
    with pytest.raises(DataError, match=r"list\.txt, line 1: .* leads out of the data set"):
        read(tmp_path / "list.txt")


@pytest.mark.parametrize(("sequence", "frame"), [("../../escaped", "1"), ("/escaped", "1"), ("good", "../../escaped")])
def test_a_data_set_writes_nothing_outside(tmp_path: Path, sequence: str, frame: str):
    def never() -> Any:
        raise AssertionError

    def list_sequences(source: Path, settings: PrepareSettings) -> Listing:
        return Listing((DataSequence(sequence, (SequenceFrame(frame, 0.0, never),)),))

    data_set = DataSet("hostile", "anything", list_sequences)
    with pytest.raises(DataError, match="would lead out of the output"):
        prepare(data_set, tmp_path, tmp_path.parent / f"{tmp_path.name}-out", workers=0)
    assert not list(tmp_path.parent.glob("*escaped*"))


def test_an_export_writes_nothing_outside(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    folder = tmp_path / "predictions"
    (folder / "depth").mkdir(parents=True)
    np.save(folder / "depth/a.npy", np.ones((4, 4), np.float32))
    write_prediction_list(folder, PredictionList("metres", (PredictedFrame("../../escaped", "depth/a.npy"),)))
    assert main(["export", str(folder), "--to", "pfm", "--out", str(tmp_path / "out")]) == 3
    assert "no path below" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["predictions"]


def test_a_link_at_the_output_is_replaced_and_not_followed(tmp_path: Path, clip: Path):
    precious = tmp_path / "precious"
    precious.write_text("mine")
    (tmp_path / "scores.json").symlink_to(precious)
    maps = {f"{index:06d}": np.full((64, 96), 3.0, np.float32) for index in range(8)}
    np.savez(tmp_path / "disps.npz", **maps)
    words = ("evaluate", tmp_path / "disps.npz", "--truth", clip, "--protocol", "synthetic", "--out")
    assert main([*map(str, words), str(tmp_path / "scores.json"), "--no-baselines"]) == 0
    assert precious.read_text() == "mine"
    assert not (tmp_path / "scores.json").is_symlink()

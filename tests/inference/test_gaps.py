"""What lies between two frames of a clip that do not follow each other is not known, and nobody makes it up."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.data.conftest import write_grey_clip
from tests.inference.test_predictor import Scenic

from vection.data.clips.folder import write_clip
from vection.errors import UsageError
from vection.formats.camera_path import TRUE_FILE, kitti_text
from vection.inference.predictor import Predictor
from vection.inference.sources import Frame, open_sources
from vection.inference.write import write_predictions
from vection.runs import odometry as odometry_module
from vection.runs.odometry import odometry

STEP = np.array([1.0, 0.0, 2.0])
"""What the camera of the method moves from frame to frame."""


def frames(folder: Path, *, breaks: tuple[int, ...], count: int = 5) -> list[Frame]:
    write_clip(replace(write_grey_clip(folder, frames=count), breaks=breaks))
    return list(open_sources(folder)[0])


def test_motion_stops_before_a_gap_and_begins_behind_it(tmp_path: Path) -> None:
    method = Scenic()
    predictions = list(Predictor(method, height=8, width=16).stream(frames(tmp_path / "a", breaks=(2,))))
    assert [one.motion_source for one in predictions] == ["network", "cut", "network", "network", None]
    assert [one.object_flow is not None for one in predictions] == [True, False, True, True, False]
    assert [one.motion_mask is not None for one in predictions] == [True, False, True, True, False]
    assert predictions[1].T_to_next is None
    assert predictions[1].depth.shape == (8, 16)
    places = [one.T_camera_to_world[:3, 3] for one in predictions]
    np.testing.assert_allclose(places, [0 * STEP, STEP, STEP, 2 * STEP, 3 * STEP], atol=1e-6)
    greys = [tuple(None if grey is None else round(25.5 * grey) for grey in pair) for pair in method.pairs]
    assert greys == [(0, 1, None), (2, 3, None), (3, 4, 2)]  # what is before the gap is not before frame 2


def test_frames_of_two_clips_do_not_follow_each_other(tmp_path: Path) -> None:
    both = frames(tmp_path / "a", breaks=(), count=2) + frames(tmp_path / "b", breaks=(), count=2)
    predictions = list(Predictor(Scenic(), height=8, width=16).stream(both))
    assert [one.motion_source for one in predictions] == ["network", "cut", "network", None]


def test_left_out_frames_are_no_gap_but_a_gap_among_them_is(tmp_path: Path) -> None:
    first, _, _, _, last = frames(tmp_path / "a", breaks=(2,))
    assert not last.continues(first)
    assert last.continues(frames(tmp_path / "b", breaks=())[3]) is False
    assert frames(tmp_path / "c", breaks=(1,))[4].continues(frames(tmp_path / "d", breaks=())[0]) is False
    steady = frames(tmp_path / "e", breaks=(1,))
    assert steady[4].continues(steady[1])
    assert Frame("alone", first.image).continues(first)


def test_single_images_have_no_path(tmp_path: Path) -> None:
    single = frames(tmp_path / "a", breaks=(1, 2, 3, 4))
    predictions = Predictor(Scenic(), height=8, width=16).stream(single)
    folder = write_predictions(predictions, tmp_path / "out", model="scenic", video=False)
    assert not (folder / "path_kitti.txt").exists()
    assert len(json.loads((folder / "predictions.json").read_text())["frames"]) == 5


def test_each_stretch_of_a_clip_has_a_path_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    frames(tmp_path / "clips/a", breaks=(2,))
    poses = [np.eye(4) for _ in range(5)]
    for number, pose in enumerate(poses):
        pose[:3, 3] = (STEP if number < 2 else 7 * STEP) + number * STEP  # far away behind the gap
    (tmp_path / "clips/a" / TRUE_FILE).write_text(kitti_text(poses))
    monkeypatch.setattr(odometry_module, "load_predictor", lambda *_, **__: Predictor(Scenic(), height=8, width=16))
    monkeypatch.setattr(odometry_module, "find_run_checkpoint", lambda *_, **__: tmp_path)
    compared = odometry("run", tmp_path / "clips", out=tmp_path / "out", align=["scale"])
    assert [score.name for score in compared.scores] == ["a/000000-000001", "a/000002-000004"]
    assert [folder.relative_to(tmp_path / "out").as_posix() for folder in compared.folders] == [
        "a/000000-000001",
        "a/000002-000004",
    ]
    behind = np.loadtxt(compared.folders[1] / "path_kitti.txt").reshape(-1, 3, 4)[:, :, 3]
    np.testing.assert_allclose(behind, [0 * STEP, STEP, 2 * STEP], atol=1e-6)
    with pytest.raises(UsageError, match="has gaps"):
        odometry("run", tmp_path / "clips", out=tmp_path / "more", first_frame=3)
    write_clip(replace(write_grey_clip(tmp_path / "single", frames=2), breaks=(1,)))
    with pytest.raises(UsageError, match="no two frames that follow each other"):
        odometry("run", tmp_path / "single", out=tmp_path / "none")

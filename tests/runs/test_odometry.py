import tracemalloc
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pytest
from tests.evaluation.paths.test_camera_path import write_predicted
from tests.evaluation.paths.test_trajectory import winding_path

from vection.data.clips.image_file import write_rgb
from vection.errors import UsageError
from vection.evaluation.paths.protocol import ODOMETRY
from vection.formats.camera_path import kitti_text, tum_text
from vection.inference.motion.source import MotionChoice
from vection.inference.prediction import FramePose
from vection.inference.predictor import Predictor
from vection.inference.sources import Frame, FrameSource, open_sources
from vection.inference.window_rule import WindowRule
from vection.progress import no_bars
from vection.runs.odometry import _chosen, _named, odometry
from vection.runs.prediction.paths import predict_paths


def test_places_of_equal_names_are_told_apart():
    places = ["x/path_tum.txt", "y/path_tum.txt", "y/path_tum.txt", "y/path_tum.csv", Path("mine.txt")]
    assert list(_named(places)) == ["x/path_tum.txt", "y/path_tum.txt", "path_tum.csv", "mine"]


class Walker(Predictor):
    """Goes a metre a frame."""

    def __init__(self) -> None:
        self.unit = "metres"
        self.rule = WindowRule(100, 200)

    def path(self, frames: Iterable[Frame], *, motion: MotionChoice | None = None) -> Iterator[FramePose]:
        for number, frame in enumerate(frames):
            pose = np.eye(4)
            pose[2, 3] = number
            yield FramePose(frame, pose, "measured")


def test_images_are_forgotten_on_the_way():
    def frames() -> Iterator[Frame]:
        for number in range(60):
            yield Frame(f"{number:06d}", np.zeros((500, 500, 3), np.uint8))

    source = FrameSource("drive", "drive.mp4", None, frames)
    tracemalloc.start()
    chosen = {"motion": None, "first_frame": None, "divides": True, "progress": no_bars}
    paths, _, warnings = predict_paths(Walker(), Path("nowhere"), [source], **chosen)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert paths["drive"].poses[:, 2, 3].tolist() == list(range(60))
    assert peak < 10 * 750_000  # of ten images
    assert len(warnings) == 1
    assert warnings[0].startswith("drive.mp4: Frames of 500x500 were squeezed to the 200x100")


def test_times_that_are_assumed_find_no_true_poses(tmp_path: Path):
    for number in range(3):
        write_rgb(tmp_path / "frames" / f"{number}.png", np.zeros((8, 12, 3), np.uint8))
    timed, counted = tmp_path / "tum.txt", tmp_path / "kitti.txt"
    timed.write_text(tum_text(list(winding_path(3)), [0.0, 0.03, 0.07]))
    counted.write_text(kitti_text(list(winding_path(3))))
    sources = open_sources(tmp_path / "frames")
    with pytest.raises(UsageError, match=r"found by times, and nothing states .* 10 are assumed.*`frames_per_second`"):
        _chosen(sources, ODOMETRY, truth=timed)
    assert _chosen(sources, ODOMETRY, truth=counted) == _chosen(sources, ODOMETRY, truth=None) == sources
    _chosen(open_sources(tmp_path / "frames", frames_per_second=30.0), ODOMETRY, truth=timed)
    chosen = {"motion": None, "first_frame": None, "divides": True, "progress": no_bars}
    _, _, warnings = predict_paths(Walker(), tmp_path, sources, **chosen)
    assert "so 10 are assumed and times may be wrong" in warnings[0]
    with pytest.raises(UsageError, match="found by times"):
        odometry("street", tmp_path / "frames", truth=timed, out=tmp_path / "out", device="cpu")


def test_a_predicted_path_with_a_cut_is_scored_in_stretches(tmp_path: Path):
    """Between frames 2 and 3 the true camera went far, which the predicted path cannot know."""
    true = winding_path(6)
    poses = np.concatenate([true[:3], true[2] @ np.linalg.inv(true[3]) @ true[3:]])
    write_predicted(tmp_path / "p", cuts=(2,), poses=poses)
    (tmp_path / "truth.txt").write_text(tum_text(list(true), [0.1 * number for number in range(6)]))
    compared = odometry(tmp_path / "p", truth=tmp_path / "truth.txt", out=tmp_path / "out", beside=[tmp_path / "p"])
    names = ["000000-000002", "000003-000005"]
    assert [score.name for score in compared.scores] == names
    assert [folder.name for folder in compared.folders] == names
    for score in compared.scores:
        assert score.aligned[0].ate == pytest.approx(0, abs=1e-6)
    assert len(odometry(tmp_path / "p", truth=tmp_path / "truth.txt", first_frame=0).scores) == 1
    # One sequence, however many stretches it has.
    assert len(odometry(tmp_path / "p", truth=tmp_path / "truth.txt", sequences=1).scores) == 2


def test_a_truth_without_times_finds_no_stretches(tmp_path: Path):
    write_predicted(tmp_path / "p", cuts=(2,), poses=winding_path(6))
    write_predicted(tmp_path / "q", cuts=(3,), poses=winding_path(6))
    (tmp_path / "09.txt").write_text(kitti_text(list(winding_path(6))))
    (score,) = odometry(tmp_path / "p", truth=tmp_path / "09.txt", out=tmp_path / "out", beside=[tmp_path / "q"]).scores
    assert score.aligned[0].ate == pytest.approx(0, abs=1e-6)


def test_scores_of_other_paths_do_not_stay(tmp_path: Path):
    (tmp_path / "paths").mkdir()
    for name in ("09.txt", "10.txt"):
        (tmp_path / "paths" / name).write_text(kitti_text(list(winding_path(6))))
    odometry(tmp_path / "paths", truth=tmp_path / "paths", out=tmp_path / "out")
    assert (tmp_path / "out" / "odometry.json").exists()
    odometry(tmp_path / "paths", out=tmp_path / "out")
    assert not (tmp_path / "out" / "odometry.json").exists()


def test_what_would_do_nothing_is_refused(tmp_path: Path):
    file = tmp_path / "09.txt"
    file.write_text(kitti_text(list(winding_path(6))))
    of_scores = {"csv": "s.csv", "align": ["scale"], "snippets": [5], "first_frame": 0, "protocol": "kitti-odometry"}
    for name, value in of_scores.items():
        with pytest.raises(UsageError, match=f"`{name}` is one of scores"):
            odometry(file, out=tmp_path / "out", **{name: value})
    of_runs = {
        "motion": "auto",
        "frames_per_second": 5.0,
        "intrinsics": "fov:70",
        "window": "whole",
        "device": "cpu",
        "checkpoint": "last",
    }
    for name, value in of_runs.items():
        with pytest.raises(UsageError, match=f"`{name}` is one of a run"):
            odometry(file, truth=file, **{name: value})
    odometry(file, out=tmp_path / "out", protocol="dynamo-snippets")  # says how many sequences count

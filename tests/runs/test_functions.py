"""What the commands do, called from Python; docs/library.md runs the usual way from a video to numbers."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.evaluation.paths.test_trajectory import scaled, winding_path

import vection
from vection.cli.main import main
from vection.errors import UsageError
from vection.evaluation import (
    GroundTruth,
    PredictedMap,
    PredictionReader,
    get_protocol,
    predictions_in_memory,
    truths_in_memory,
)
from vection.evaluation.predictions.kinds import PredictedObjects
from vection.formats.camera_path import kitti_text
from vection.runs.device import choose_device

TRUE = np.linspace(2, 60, 48, dtype=np.float32).reshape(6, 8)
TRUTHS = truths_in_memory([GroundTruth("a/0", TRUE, group="a"), GroundTruth("b/0", 1.1 * TRUE, group="b")])
PREDICTIONS = predictions_in_memory({"a/0": 0.5 * TRUE, "b/0": 0.5 * TRUE})


def test_evaluation_in_memory_writes_what_is_asked_for(tmp_path: Path) -> None:
    protocol = replace(get_protocol("synthetic"), name="mine", ground_truth="my laser")
    comparison = vection.evaluate(
        PREDICTIONS, TRUTHS, protocol, out=tmp_path / "scores.json", csv=str(tmp_path / "scores.csv")
    )
    assert [result.name for result in comparison.results] == ["model", "constant depth", "row-mean depth"]
    assert comparison.left_out == ()
    assert comparison.model.ratio_median == pytest.approx(2.1)
    assert "my laser" in (tmp_path / "scores.json").read_text()
    assert (tmp_path / "scores.csv").read_text().splitlines()[1].startswith("a/0,all,48,")


def test_a_factor_replaces_that_of_the_protocol() -> None:
    comparison = vection.evaluate(PREDICTIONS, TRUTHS, "kitti-eigen-stereo", factor=2.0, baselines=False)
    assert comparison.model.factor == 2
    with pytest.raises(UsageError, match=r"`factor=-1` is no scale"):
        vection.evaluate(PREDICTIONS, TRUTHS, "synthetic", factor=-1.0)


def test_a_protocol_without_truth_in_kitti_raw_takes_no_list(tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("d/a_sync 5 l\n")
    with pytest.raises(UsageError, match=r"no truth in KITTI raw; leave `truth_list` out"):
        vection.evaluate(PREDICTIONS, tmp_path, "synthetic", truth_list=tmp_path / "list.txt")


def test_masks_alone_in_memory() -> None:
    moving = TRUE > 30
    truths = truths_in_memory([GroundTruth("a", TRUE, moving=moving, ignored=np.zeros_like(moving))])

    def no_depth(name: str) -> PredictedMap:
        raise AssertionError(name)

    masks = PredictionReader(
        "masks", ("a",), no_depth, read_objects=lambda _: PredictedObjects(motion_mask=moving.astype(np.float32))
    )
    scores = vection.evaluate_maps(masks, truths, "motion-segmentation").scores
    assert scores.motion is not None
    assert scores.motion.f1[scores.motion.best] == pytest.approx(1)
    with pytest.raises(UsageError, match="did you mean miou"):
        vection.evaluate_maps(masks, truths, "miuo")


def test_odometry_scores_and_writes_paths(tmp_path: Path) -> None:
    poses = winding_path(60)
    for name, factor in (("true", 1.0), ("predicted", 0.1)):
        (tmp_path / f"{name}.txt").write_text(kitti_text(list(scaled(poses, factor))))
    predicted, out = tmp_path / "predicted.txt", tmp_path / "out"
    comparison = vection.odometry(str(predicted), truth=tmp_path / "true.txt", out=out, align=("scale",))
    assert comparison.folders == (out,)
    assert comparison.protocol.alignments == ("scale",)
    assert comparison.scores[0].aligned[0].scale == pytest.approx(10)
    assert {"odometry.json", "path.csv", "path.png"} <= {file.name for file in out.iterdir()}
    with pytest.raises(UsageError, match="give `truth` to score the path, or `out` to write it"):
        vection.odometry(predicted)
    with pytest.raises(UsageError, match="larger `snippets`"):
        vection.odometry(predicted, truth=predicted, snippets=(1,))


def test_settings_that_would_change_nothing_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"`motion` needs the path that `path=False` leaves out"):
        vection.predict(tmp_path, tmp_path, tmp_path / "out", motion="measured", path=False)
    known = vection.ScaleSources(camera_height=1.5, speed_offset=2.0)
    with pytest.raises(UsageError, match="`speed_offset` belongs to `speed`"):
        vection.scale(tmp_path, tmp_path, known)


@pytest.mark.parametrize(
    "words",
    [("--factor", "3"), ("--names", "a.txt"), ("--kind", "depth"), ("--truth-factor", "7")],
)
def test_what_is_said_of_depth_is_refused_where_masks_are_compared(
    words: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["evaluate", str(tmp_path), "--truth", str(tmp_path), "--protocol", "motion-segmentation", *words]
    assert main(command) == 2
    assert f"{words[0]} is for depth, and motion-segmentation compares none" in capsys.readouterr().err


def test_a_device_that_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert [choose_device(name) for name in ("cuda", "cuda:1")] == ["cuda", "cuda:1"]
    with pytest.raises(UsageError, match=r"no GPU 'cuda:9': PyTorch finds 2"):
        choose_device("cuda:9")
    with pytest.raises(UsageError, match="no GPU of Apple"):
        choose_device("mps")


def test_scene_flow_needs_the_path(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"`scene_flow` needs the path that `path=False` leaves out"):
        vection.predict(tmp_path, tmp_path, tmp_path / "out", scene_flow=True, path=False)


def test_a_training_starts_from_a_name_or_a_run(tmp_path: Path, tiny_clips: Path) -> None:
    run = vection.train("monodepth2-debug", data=str(tiny_clips), out=str(tmp_path / "run"), device="cpu")
    assert run == tmp_path / "run"
    again = vection.train(str(run), data=tiny_clips, out=tmp_path / "again", device="cpu")
    assert str(run) in (again / "recipe.json").read_text()
    with pytest.raises(UsageError, match="monodepth2-debug"):
        vection.train("monodepth2-debg", data=tiny_clips, out=tmp_path / "other")

"""From a prediction folder that says what moves to the table, evaluation.json and the report."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from vection.cli.main import main
from vection.data.clips.folder import read_clip
from vection.data.synthetic import drive_settings, write_drive
from vection.inference.prediction import Prediction
from vection.inference.write import write_predictions

SCALE = 8.0
HOLE = 2.5


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("street") / "drive"
    write_drive(folder, drive_settings("street", width=96, height=64, frames=4), seed=3)
    return folder


@pytest.fixture
def run(clip: Path, tmp_path: Path) -> Path:
    """A run folder whose predictions are the truth in another unit, with holes where something moves."""
    (tmp_path / "run").mkdir()
    write_predictions(oracle(clip), tmp_path / "run" / "predictions", model="oracle")
    return tmp_path / "run"


def oracle(clip: Path) -> Iterator[Prediction]:
    info = read_clip(clip)
    for index, frame in enumerate(info.frames):
        truth = info.read_truth(index)
        moving = truth.category == 2
        depth = np.where(truth.depth > 0, truth.depth, 500) * np.where(moving, HOLE, 1) / SCALE
        found = {}
        if index < len(info) - 1:
            flow = np.ascontiguousarray(truth.object_flow.transpose(1, 2, 0)) / np.float32(SCALE)
            found = {"object_flow": flow, "motion_mask": moving.astype(np.float32), "T_to_next": np.eye(4)}
        classes = np.where(truth.semantics == 255, 0, truth.semantics).astype(np.uint8)
        yield Prediction(
            *(frame.stem, info.read_image(index), depth.astype(np.float32), "up-to-scale", "none"),
            seconds=frame.seconds,
            classes=classes,
            T_camera_to_world=np.eye(4),
            **found,
        )


def test_everything_that_moves_is_scored(capsys: pytest.CaptureFixture[str], run: Path, clip: Path) -> None:
    assert main(["evaluate", str(run), "--truth", str(clip), "--protocol", "synthetic", "--no-baselines"]) == 0
    table = capsys.readouterr().out
    for part in ("pred/true", "motion F1", "flow error if nothing moved", "mIoU", "best of 150 thresholds"):
        assert part in table
    model = json.loads((run / "evaluation.json").read_text())["results"][0]
    objects = model["objects"]
    assert objects["motion"]["images"] == objects["flow"]["images"] == 3
    assert objects["motion"]["best_f1"] == pytest.approx(1)
    assert 0 < objects["motion"]["moving_share"] < 0.5
    assert objects["flow"]["error_if_nothing_moved"]["moving"] > 0.1
    assert objects["flow"]["error"]["moving"] < 0.05 * objects["flow"]["error_if_nothing_moved"]["moving"]
    assert objects["segmentation"] == objects["segmentation"] | {"images": 4, "mean_iou": 1.0}
    assert model["depth_ratio"]["moving objects"] == pytest.approx(HOLE, rel=0.05)
    assert model["depth_ratio"]["static background"] == pytest.approx(1, rel=0.02)


def test_the_report_shows_it(capsys: pytest.CaptureFixture[str], run: Path, clip: Path) -> None:
    main(["evaluate", str(run), "--truth", str(clip), "--protocol", "synthetic", "--json"])
    line = json.loads(capsys.readouterr().out)
    assert "curve" not in line["results"][0]["objects"]["motion"]
    assert line["results"][1]["objects"] is None
    assert main(["report", str(run)]) == 0
    page = (run / "report.html").read_text()
    for part in ("What moves", "predicted motion", "true motion", "true object flow", "in red"):
        assert part in page


def test_scene_flow_needs_motion(capsys: pytest.CaptureFixture[str], run: Path, clip: Path, tmp_path: Path) -> None:
    words = ["predict", str(run), str(clip), "--out", str(tmp_path / "out"), "--scene-flow", "--no-path"]
    assert main(words) == 2
    assert "--scene-flow needs the path that --no-path leaves out" in capsys.readouterr().err

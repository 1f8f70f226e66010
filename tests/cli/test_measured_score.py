"""Predictions against depth measured in the clips: table, JSON, files and report, without any truth."""

import json
from pathlib import Path

import numpy as np
import pytest
from tests.cli.test_commands import succeeds
from tests.cli.test_wrong_input import fails

from vection.data.clips.folder import read_clip
from vection.data.measure import measure_clip
from vection.data.synthetic import still_street, turning, write_drive
from vection.evaluation import evaluate_depth, get_protocol, measured_truth, predictions_in_memory
from vection.formats.evaluation_file import read_evaluation
from vection.reports.examples import read_examples

Capture = pytest.CaptureFixture[str]
SIZE = {"width": 256, "height": 96, "frames": 4, "antialias": False}


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two measured drives and one that is not measured."""
    root = tmp_path_factory.mktemp("measured")
    write_drive(root / "straight", still_street(route="straight", **SIZE), seed=3)
    write_drive(root / "turn", turning(**SIZE), seed=5)
    for name in ("straight", "turn"):
        measure_clip(root / name)
    write_drive(root / "other", still_street(**SIZE), seed=6)
    return root


def blended(clip: Path, share: float) -> dict[str, np.ndarray]:
    """True inverse depth, this share of it replaced by its mean over the image."""
    info = read_clip(clip)
    maps = {}
    for index, frame in enumerate(info.frames):
        depth = info.read_truth(index).depth
        inverse = np.where(depth > 0, 1 / np.maximum(depth, 1), 1 / 80)
        maps[frame.stem] = (1 / ((1 - share) * inverse + share * inverse.mean())).astype(np.float32)
    return maps


def test_a_run_is_scored_without_truth(capsys: Capture, tmp_path: Path, measured: Path) -> None:
    (tmp_path / "recipe.json").write_text('{"name": "made up"}')
    for clip in ("straight", "turn"):
        (tmp_path / "predictions" / clip).mkdir(parents=True)
        for name, depth in blended(measured / clip, 0.2).items():
            np.save(tmp_path / "predictions" / clip / f"{name}.npy", depth / 7)
    words = ("evaluate", tmp_path, "--truth", measured, "--protocol", "measured")
    table = " ".join(succeeds(capsys, *words).split())
    assert "row-mean depth" in table
    assert (
        "(measured in 8 of 8 frames); 1 of 3 clips are not measured: vection ingest and prepare measure on request"
        in table
    )
    content = json.loads(succeeds(capsys, *words, "--json"))
    model, constant, rows = content["results"]
    assert content["protocol"]["ground_truth"] == "measured"
    assert 0.2 < model["share"] < 0.9
    assert f"compared: {100 * model['share']:.1f} % of the pixels of 8 images" in table
    errors = [result["errors"]["all"]["abs_rel"] for result in (model, rows, constant)]
    assert errors == sorted(errors)
    assert read_evaluation(tmp_path / "evaluation.json").results[0].share == model["share"]
    assert {example.unit for example in read_examples(tmp_path / "examples")} == {"up-to-scale"}
    page = Path(succeeds(capsys, "report", tmp_path).strip()).read_text()
    assert "On 8 evaluated images the predicted depth differs from the measured one by" in page
    assert f"Compared were {100 * model['share']:.1f} % of the pixels" in page
    assert "measured depth" in page
    assert "true depth of" not in page
    assert "metres is" not in page


def test_what_cannot_be_compared(capsys: Capture, tmp_path: Path, measured: Path) -> None:
    np.save(tmp_path / "000000.npy", np.ones((96, 256), np.float32))
    words = ("evaluate", tmp_path, "--protocol", "measured", "--truth")
    assert "vection ingest and prepare measure on request" in fails(capsys, *words, measured / "other", code=2)
    assert "lacks 3 of the 4 images" in fails(capsys, *words, measured / "turn", code=2)


@pytest.mark.parametrize("clip", ["straight", "turn"])
def test_worse_depth_scores_worse(measured: Path, clip: str) -> None:
    truths = measured_truth(measured / clip)
    errors = []
    for share in np.linspace(0.1, 1, 12):
        predictions = predictions_in_memory(blended(measured / clip, float(share)))
        result = evaluate_depth(predictions, truths, get_protocol("measured"))
        errors.append(result.categories["all"].mean.abs_rel)
    ranks = np.argsort(np.argsort(errors))
    assert np.corrcoef(ranks, np.arange(12))[0, 1] > 0.8
    assert errors[0] < 0.6 * errors[-1]

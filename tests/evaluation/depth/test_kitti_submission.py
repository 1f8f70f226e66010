import json

import cv2
import numpy as np
import pytest

from vection.cli.main import main
from vection.errors import DataError, UsageError
from vection.evaluation.depth.kitti_submission import SIZE, write_submission
from vection.evaluation.predictions.kinds import PredictedMap, PredictionReader
from vection.evaluation.predictions.read import read_depth_png

DISPARITY = np.linspace(0.01, 1, 24, dtype=np.float32).reshape(4, 6)


def reader(names=("0000000000", "0000000001"), *, values=DISPARITY, unit="up-to-scale") -> PredictionReader:
    return PredictionReader("test", names, lambda _: PredictedMap(values, "inverse-depth"), unit=unit)


def test_inverse_depth_is_resized_scaled_and_cut(tmp_path):
    out = write_submission(reader(), tmp_path / "new" / "out", factor=5.4, images=2)
    assert sorted(path.name for path in out.iterdir()) == ["0000000000.png", "0000000001.png"]
    depth = read_depth_png(out / "0000000001.png")
    expected = np.minimum(5.4 / cv2.resize(DISPARITY, SIZE[::-1]), 80)
    assert depth.shape == SIZE
    assert depth.max() == 80
    np.testing.assert_allclose(depth, expected, atol=1 / 256)
    assert [path.name for path in out.parent.iterdir()] == ["out"]


def test_what_the_server_would_refuse(tmp_path):
    with pytest.raises(UsageError, match="give `factor`"):
        write_submission(reader(), tmp_path / "out", images=2)
    with pytest.raises(UsageError, match="2 maps; a submission has 500"):
        write_submission(reader(), tmp_path / "out", factor=1.0)
    with pytest.raises(UsageError, match="'a' is no name"):
        write_submission(reader(("0000000000", "a")), tmp_path / "out", factor=1.0, images=2)
    with pytest.raises(DataError, match="not finite"):
        write_submission(reader(values=np.zeros((4, 6), np.float32)), tmp_path / "out", factor=1.0, images=2)
    assert not list(tmp_path.iterdir())
    assert write_submission(reader(unit="metres"), tmp_path / "out", images=2).is_dir()
    with pytest.raises(UsageError, match="exists already"):
        write_submission(reader(), tmp_path / "out", factor=1.0, images=2)


def test_the_command(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("vection.evaluation.depth.kitti_submission.SIZE", (4, 6))
    np.save(tmp_path / "disps_benchmark_split.npy", np.tile(DISPARITY, (500, 1, 1)))
    words = ["submission", str(tmp_path / "disps_benchmark_split.npy"), "--out", str(tmp_path / "out"), "--json"]
    assert main(words) == 2
    assert "--factor" in capsys.readouterr().err
    assert main([*words, "--factor", "5.4"]) == 0
    assert json.loads(capsys.readouterr().out) == {"submission": str(tmp_path / "out"), "images": 500}
    assert len(list((tmp_path / "out").glob("*.png"))) == 500


@pytest.mark.parametrize("cap", [0.0, -1.0, float("nan")])
def test_a_cut_that_leaves_nothing_is_refused(tmp_path, cap):
    with pytest.raises(UsageError, match=r"`max_depth=.*` would cut all depth"):
        write_submission(reader(unit="metres"), tmp_path / "out", images=2, max_depth=cap)

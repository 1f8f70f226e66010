"""Depth of `vection predict` by an exported file is that of the run; a file of something else is refused."""

from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.runs.networks.test_export import HEIGHT, WIDTH, make_run, needs

from vection.errors import UsageError
from vection.formats.checkpoint import weights_digest
from vection.formats.prediction_folder import read_prediction_list
from vection.formats.scale_file import RunScale, ScaleReading, write_scale
from vection.metric_scale.stored import scale_file
from vection.runs.load import find_run_checkpoint, load_predictor
from vection.runs.networks import engine as engines
from vection.runs.networks.engine import open_engine
from vection.runs.networks.export import export_network
from vection.runs.predict import predict

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")


@pytest.fixture
def images(tmp_path: Path) -> Path:
    generator = np.random.default_rng(0)
    folder = tmp_path / "images"
    folder.mkdir()
    for number in range(3):
        cv2.imwrite(str(folder / f"{number}.png"), generator.integers(0, 256, (2 * HEIGHT, 2 * WIDTH, 3), np.uint8))
    return folder


def test_predictions_by_a_file_are_those_of_the_run(images: Path, tmp_path: Path):
    run = make_run(tmp_path / "run")
    (exported,) = export_network(run, to="torch")
    plain = predict(run, images, tmp_path / "plain", video=False)[0]
    fast = predict(run, images, tmp_path / "fast", video=False, engine=str(exported.file.parent))[0]
    for path in (plain / "depth").iterdir():
        np.testing.assert_allclose(np.load(fast / "depth" / path.name), np.load(path), rtol=1e-4)
    assert read_prediction_list(fast).model.endswith("depth by PyTorch in fp32")


def test_a_file_from_before_the_scale_was_found_predicts_in_metres(images: Path, tmp_path: Path):
    run = make_run(tmp_path / "run")
    (exported,) = export_network(run, to="torch")
    checkpoint = find_run_checkpoint(run)
    reading = ScaleReading("camera height", 3.0, 0.01, None, 1, ("0",), (3.0,))
    scale = RunScale(3.0, 0.01, (reading,), checkpoint.name, weights_digest(checkpoint), WIDTH, HEIGHT)
    write_scale(scale_file(checkpoint), scale)
    plain, fast = load_predictor(run), load_predictor(run)
    fast.networks.engine, _ = open_engine(str(exported.file), fast, checkpoint=checkpoint, frames=images)
    image = images / "0.png"
    assert (fast.unit, fast.depth_scale) == ("metres", 3.0)
    np.testing.assert_allclose(fast.predict(image).depth, plain.predict(image).depth, rtol=1e-4)


def test_auto_takes_the_fastest_run_time_that_is_installed(
    images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    needs("onnx")
    run = make_run(tmp_path / "run")
    predictor, checkpoint = load_predictor(run), find_run_checkpoint(run)
    few = open_engine("auto", predictor, checkpoint=checkpoint, frames=images)
    assert few == (None, "PyTorch")  # not worth an export
    monkeypatch.setattr(engines, "FRAMES_WORTH_AN_EXPORT", 2)
    monkeypatch.setattr(engines, "NEEDED", {"openvino": ("no such package",), "onnx": ("onnxruntime",)})
    engine, words = open_engine("auto", predictor, checkpoint=checkpoint, frames=images)
    assert engine is not None
    assert words == "ONNX Runtime in fp32"


def test_auto_counts_the_frames_that_are_predicted(images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    run = make_run(tmp_path / "run")
    predictor, checkpoint = load_predictor(run), find_run_checkpoint(run)
    (tmp_path / "many").mkdir()
    images.rename(tmp_path / "many" / "good")
    (tmp_path / "many" / "bad.mp4").write_bytes(b"no video")
    (tmp_path / "many" / "broken").mkdir()
    for number in range(5):
        (tmp_path / "many" / "broken" / f"{number}.png").write_bytes(b"no image")
    monkeypatch.setattr(engines, "FRAMES_WORTH_AN_EXPORT", 3)
    monkeypatch.setattr(engines, "NEEDED", {"onnx": ()})
    auto = partial(open_engine, "auto", predictor, checkpoint=checkpoint, frames=tmp_path / "many")
    assert auto() == (None, "PyTorch")  # frames to try it on cannot be read
    monkeypatch.setattr(engines, "export_network", lambda *_, **named: pytest.fail(str(named["frames"])))
    assert auto(stride=5, max_frames=1) == (None, "PyTorch") == auto(stride=9)
    with pytest.raises(pytest.fail.Exception, match="broken"):
        auto(max_frames=4)


def test_a_file_of_another_run_or_size_is_refused(images: Path, tmp_path: Path):
    run = make_run(tmp_path / "run")
    (exported,) = export_network(run, to="torch", size=(96, 128))
    with pytest.raises(UsageError, match="takes images of 128x96"):
        predict(run, images, tmp_path / "out", engine=str(exported.file))
    predict(run, images, tmp_path / "larger", engine=str(exported.file), width=128, height=96, video=False)
    with pytest.raises(UsageError, match="not the depth network of"):
        predict(make_run(tmp_path / "other", "street"), images, tmp_path / "out", engine=str(exported.file))
    with pytest.raises(UsageError, match="There is no file"):
        predict(run, images, tmp_path / "out", engine=str(tmp_path / "nowhere.onnx"))

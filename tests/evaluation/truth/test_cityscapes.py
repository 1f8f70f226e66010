import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from vection.data.readers.cityscapes.camera import depth_from_disparity
from vection.errors import DataError, UsageError
from vection.evaluation.depth.evaluate import evaluate_depth
from vection.evaluation.depth.protocol import CITYSCAPES_WINDOW, Crop
from vection.evaluation.depth.protocols import CITYSCAPES, CITYSCAPES_TOP
from vection.evaluation.predictions.kinds import PredictedMap, PredictionReader
from vection.evaluation.truth.cityscapes import cityscapes_truth

NAME = "val/ulm/ulm_000001_000019"
SIZE = (64, 128)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for part in ("disparity", "camera", "leftImg8bit"):
        (tmp_path / part / "val" / "ulm").mkdir(parents=True)
    stored = np.repeat(np.linspace(2000, 9000, SIZE[0]).astype(np.uint16)[:, None], SIZE[1], axis=1)
    stored[0] = 0
    cv2.imwrite(str(tmp_path / "disparity" / f"{NAME}_disparity.png"), stored)
    camera = {"intrinsic": {"fx": 2000.0, "fy": 2000.0, "u0": 30.0, "v0": 14.0}, "extrinsic": {"baseline": 0.2}}
    (tmp_path / "camera" / f"{NAME}_camera.json").write_text(json.dumps(camera))
    return tmp_path


def test_depth_of_stored_disparities():
    depth = depth_from_disparity(np.array([[0, 1, 257, 25601]], np.uint16), focal=2000.0, baseline=0.2)
    np.testing.assert_allclose(depth, [[0, 0, 400, 4]])


def test_the_window_is_that_of_the_full_image():
    assert CITYSCAPES_WINDOW.window(1024, 2048) == (256, 768, 192, 1856)
    assert Crop.of_pixels("any", (7, 41, 3, 99), height=47, width=101).window(47, 101) == (7, 41, 3, 99)


def test_truth_is_read_from_the_layout_of_the_data_set(root: Path):
    truths = cityscapes_truth(root)
    assert truths.names == (NAME,)
    truth = truths.read(NAME)
    assert truth.depth[0, 0] == 0
    assert truth.depth[-1, 0] == pytest.approx(2000 * 0.2 * 256 / 8999)
    assert truth.group == "val/ulm/ulm_000001"
    assert truth.image is None


@pytest.mark.parametrize("protocol", [CITYSCAPES, CITYSCAPES_TOP])
def test_predictions_of_a_part_of_the_image(root: Path, protocol):
    truths = cityscapes_truth(root)
    top, bottom, left, right = protocol.seen.window(*SIZE)
    depth = truths.read(NAME).depth[top:bottom, left:right]
    perfect = PredictedMap(np.maximum(depth, 1) / 10)
    result = evaluate_depth(PredictionReader("test", truths.names, lambda _: perfect), truths, protocol)
    assert result.rows[0].pixels == 32 * 104
    assert result.categories["all"].mean.abs_rel == pytest.approx(0, abs=1e-6)
    assert result.rows[0].ratio == pytest.approx(10, rel=1e-6)
    assert protocol.seen.name in protocol.describe()


def test_missing_parts_are_named(root: Path, tmp_path: Path):
    with pytest.raises(UsageError, match="disparity has no SPLIT/CITY"):
        cityscapes_truth(tmp_path / "camera")
    camera = root / "camera" / f"{NAME}_camera.json"
    camera.write_text("{}")
    with pytest.raises(DataError, match=r"intrinsic\.fx"):
        cityscapes_truth(root).read(NAME)
    camera.unlink()
    with pytest.raises(DataError, match="Cannot read"):
        cityscapes_truth(root).read(NAME)

import json

import cv2
import numpy as np
import pytest

from vection.errors import DataError, UsageError
from vection.evaluation.predictions import open_predictions

DEPTH = np.array([[1.5, 2.0], [4.0, 80.0]], np.float32)


def make_folder(folder, names=("000000", "000001"), unit="up-to-scale"):
    (folder / "depth").mkdir(parents=True)
    frames = []
    for name in names:
        np.save(folder / "depth" / f"{name}.npy", DEPTH)
        frames.append({"name": name, "file": f"depth/{name}.npy", "seconds": 0.0, "intrinsics": None})
    (folder / "predictions.json").write_text(json.dumps({"format": 1, "unit": unit, "frames": frames}))


def test_prediction_folder(tmp_path):
    make_folder(tmp_path / "out", unit="metres")
    reader = open_predictions(tmp_path / "out")
    assert reader.names == ("000000", "000001")
    assert reader.unit == "metres"
    np.testing.assert_array_equal(reader.read("000001").values, DEPTH)


def test_folders_below_prefix_the_names(tmp_path):
    make_folder(tmp_path / "a")
    make_folder(tmp_path / "b")
    assert open_predictions(tmp_path).names == ("a/000000", "a/000001", "b/000000", "b/000001")
    make_folder(tmp_path / "c", unit="metres")
    with pytest.raises(DataError, match="different units"):
        open_predictions(tmp_path)


def test_broken_listing_and_missing_map(tmp_path):
    make_folder(tmp_path / "out")
    (tmp_path / "out" / "depth" / "000001.npy").unlink()
    reader = open_predictions(tmp_path / "out")
    with pytest.raises(DataError, match="missing or broken"):
        reader.read("000001")
    (tmp_path / "out" / "predictions.json").write_text("{")
    with pytest.raises(DataError, match="not a list of predictions"):
        open_predictions(tmp_path / "out")


def test_folder_of_npy_and_png(tmp_path):
    np.save(tmp_path / "a.npy", DEPTH[None])
    (tmp_path / "sub").mkdir()
    cv2.imwrite(str(tmp_path / "sub" / "b.png"), (DEPTH * 256).astype(np.uint16))
    reader = open_predictions(tmp_path)
    assert reader.names == ("a", "sub/b")
    for name in reader.names:
        np.testing.assert_array_equal(reader.read(name).values, DEPTH)
    np.save(tmp_path / "sub" / "b.npy", DEPTH)
    with pytest.raises(DataError, match="same name"):
        open_predictions(tmp_path)


def test_coloured_pictures_are_not_depth(tmp_path):
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((2, 2, 3), np.uint8))
    with pytest.raises(DataError, match="16-bit"):
        open_predictions(tmp_path).read("a")
    np.save(tmp_path / "b.npy", np.zeros((2, 2), np.uint8))
    with pytest.raises(DataError, match="uint8"):
        open_predictions(tmp_path).read("b")


def test_disparity_file_of_monodepth2(tmp_path):
    np.save(tmp_path / "disps.npy", 1 / np.stack([DEPTH, DEPTH]))
    reader = open_predictions(tmp_path / "disps.npy", names=["x", "y"])
    assert reader.read("y").kind == "inverse-depth"
    np.testing.assert_allclose(reader.read("y").values, 1 / DEPTH)
    with pytest.raises(UsageError, match="names 1 images"):
        open_predictions(tmp_path / "disps.npy", names=["x"])
    with pytest.raises(UsageError, match="maps without names"):
        open_predictions(tmp_path / "disps.npy")


def test_nothing_there(tmp_path):
    with pytest.raises(UsageError, match="no predictions at"):
        open_predictions(tmp_path / "none")
    with pytest.raises(UsageError, match="neither"):
        open_predictions(tmp_path)

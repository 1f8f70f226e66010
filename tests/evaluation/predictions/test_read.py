import json

import cv2
import numpy as np
import pytest

from vection.errors import DataError, UsageError
from vection.evaluation.predictions.read import open_predictions

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
    with pytest.raises(DataError, match="not valid JSON"):
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
    with pytest.raises(DataError, match="two maps of 'sub/b'"):
        open_predictions(tmp_path)


def test_coloured_pictures_are_not_depth(tmp_path):
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((2, 2, 3), np.uint8))
    with pytest.raises(DataError, match="16-bit"):
        open_predictions(tmp_path).read("a")
    np.save(tmp_path / "b.npy", np.zeros((2, 2), np.uint8))
    with pytest.raises(DataError, match="uint8"):
        open_predictions(tmp_path).read("b")


def test_names_and_kinds_of_foreign_folders(tmp_path):
    np.save(tmp_path / "10_disp.npy", 1 / DEPTH[None, None])
    np.save(tmp_path / "9_depth.npy", DEPTH[None, None])
    cv2.imwrite(str(tmp_path / "11.pfm"), DEPTH)
    reader = open_predictions(tmp_path)
    assert reader.names == ("9", "10", "11")
    assert [reader.read(name).kind for name in reader.names] == ["depth", "inverse-depth", "depth"]
    np.testing.assert_array_equal(reader.read("11").values, DEPTH)
    assert open_predictions(tmp_path, kind="inverse-depth").read("11").kind == "inverse-depth"
    (tmp_path / "11.pfm").write_text("PF\n")
    with pytest.raises(DataError, match="cannot be decoded"):
        reader.read("11")


def test_maps_in_order(tmp_path):
    for index in range(3):
        np.save(tmp_path / f"{index}.npy", DEPTH + index)
    reader = open_predictions(tmp_path, names=["x", "y", "z"], in_order=True)
    assert reader.names == ("x", "y", "z")
    np.testing.assert_array_equal(reader.read("z").values, DEPTH + 2)
    assert reader.read_objects("z").empty
    with pytest.raises(UsageError, match=r"3 maps, .* 2 images"):
        open_predictions(tmp_path, names=["x", "y"], in_order=True)


def test_maps_of_an_archive_in_order(tmp_path):
    np.savez(tmp_path / "depths.npz", **{f"frame_{index}": DEPTH + index for index in range(3)})
    reader = open_predictions(tmp_path / "depths.npz", names=["x", "y", "z"], in_order=True)
    np.testing.assert_array_equal(reader.read("z").values, DEPTH + 2)


def test_nothing_there(tmp_path):
    with pytest.raises(UsageError, match="no predictions at"):
        open_predictions(tmp_path / "none")
    with pytest.raises(UsageError, match="neither"):
        open_predictions(tmp_path)


def test_times_of_the_frames_where_any_is_known(tmp_path):
    make_folder(tmp_path / "a")
    make_folder(tmp_path / "b")
    path = tmp_path / "b" / "predictions.json"
    content = json.loads(path.read_text())
    content["frames"][1]["seconds"] = 0.1
    path.write_text(json.dumps(content))
    reader = open_predictions(tmp_path)
    assert reader.seconds == {"b/000000": 0.0, "b/000001": 0.1}
    assert open_predictions(tmp_path, names=("1", "2", "3", "4"), in_order=True).seconds == {}


def test_the_kind_of_own_predictions_is_known(tmp_path):
    make_folder(tmp_path)
    with pytest.raises(UsageError, match="known to be depth; leave `kind` out"):
        open_predictions(tmp_path, kind="inverse-depth")


def test_times_as_names_are_in_order(tmp_path):
    for index, name in enumerate(("0.0", "0.05", "0.1")):
        cv2.imwrite(str(tmp_path / f"{name}.png"), np.full((1, 2), 256 * (index + 1), np.uint16))
    reader = open_predictions(tmp_path, names=("a", "b", "c"), in_order=True)
    assert [reader.read(name).values[0, 0] for name in reader.names] == [1, 2, 3]

import numpy as np
import pytest

from vection.errors import DataError, UsageError
from vection.evaluation.predictions.read import open_predictions

DEPTH = np.array([[1.5, 2.0, 3.0], [4.0, 80.0, 5.0]], np.float32)
STACK = np.stack([DEPTH, 2 * DEPTH])


@pytest.mark.parametrize(
    ("file", "kind"),
    [("disps_eigen_split.npy", "inverse-depth"), ("predictions.npy", "depth"), ("my_depth.npy", "depth")],
)
def test_the_name_of_the_file_says_what_it_holds(tmp_path, file, kind):
    np.save(tmp_path / file, STACK)
    reader = open_predictions(tmp_path / file, names=["x", "y"])
    assert reader.read("y").kind == kind
    np.testing.assert_array_equal(reader.read("y").values, 2 * DEPTH)


def test_what_no_name_tells_must_be_said(tmp_path):
    np.save(tmp_path / "out.npy", STACK.astype(np.float64))
    with pytest.raises(UsageError, match="say `kind=depth`"):
        open_predictions(tmp_path / "out.npy", names=["x", "y"])
    assert open_predictions(tmp_path / "out.npy", names=["x", "y"], kind="depth").read("x").kind == "depth"


def test_counts_and_shapes_are_checked(tmp_path):
    np.save(tmp_path / "disps.npy", STACK[:, None])
    assert open_predictions(tmp_path / "disps.npy", names=["x", "y"]).read("x").values.shape == (2, 3)
    with pytest.raises(UsageError, match="2 maps, but the truth or list has 1"):
        open_predictions(tmp_path / "disps.npy", names=["x"])
    with pytest.raises(UsageError, match="maps without names"):
        open_predictions(tmp_path / "disps.npy")
    with pytest.raises(UsageError, match="twice"):
        open_predictions(tmp_path / "disps.npy", names=["x", "x"])
    np.save(tmp_path / "disps.npy", DEPTH)
    with pytest.raises(DataError, match="image x row x column"):
        open_predictions(tmp_path / "disps.npy", names=["x", "y"])
    np.save(tmp_path / "disps.npy", np.array([DEPTH, None], object), allow_pickle=True)
    with pytest.raises(DataError, match="missing or broken"):
        open_predictions(tmp_path / "disps.npy", names=["x", "y"])


def test_archives(tmp_path):
    np.savez(tmp_path / "a.npz", disps=STACK)
    assert open_predictions(tmp_path / "a.npz", names=["x", "y"]).read("x").kind == "inverse-depth"
    np.savez(tmp_path / "b.npz", pred=STACK)
    with pytest.raises(UsageError, match="say `kind=depth`"):
        open_predictions(tmp_path / "b.npz", names=["x", "y"])
    assert open_predictions(tmp_path / "b.npz", names=["x", "y"], kind="inverse-depth").names == ("x", "y")
    np.savez(tmp_path / "depth.npz", x=DEPTH[None], y=2 * DEPTH)
    reader = open_predictions(tmp_path / "depth.npz")
    assert reader.names == ("x", "y")
    assert reader.read("x").kind == "depth"
    np.testing.assert_array_equal(reader.read("y").values, 2 * DEPTH)


def test_archives_that_are_none(tmp_path):
    np.savez(tmp_path / "a.npz", disp=STACK, depth=STACK)
    with pytest.raises(DataError, match="disp, depth"):
        open_predictions(tmp_path / "a.npz", names=["x", "y"])
    np.savez(tmp_path / "b.npz", pred=np.array([DEPTH, None], object))
    with pytest.raises(DataError, match="pickled"):
        open_predictions(tmp_path / "b.npz", names=["x", "y"], kind="depth")
    np.savez(tmp_path / "depth.npz", x=DEPTH[0])
    with pytest.raises(DataError, match="not one map"):
        open_predictions(tmp_path / "depth.npz").read("x")
    (tmp_path / "c.npz").write_text("text")
    with pytest.raises(DataError, match="missing or broken"):
        open_predictions(tmp_path / "c.npz", kind="depth")

import numpy as np

from vection.inference.colour import ColourRange
from vection.reports.pictures import ERROR_LIMIT, colour_depth, colour_error, depth_range


def test_near_is_bright_and_unknown_is_grey() -> None:
    depth = np.array([[2.0, 10.0, 50.0, 0.0]], np.float32)
    colours = colour_depth(depth, ColourRange(near=2.0, far=50.0)).astype(int).sum(axis=-1)[0]
    assert colours[0] > colours[1] > colours[2]
    assert colours[3] == 3 * 128


def test_error_saturates_at_the_limit() -> None:
    truth = np.full((1, 3), 10.0, np.float32)
    depth = truth * np.array([[1.0, 1 + ERROR_LIMIT, 3.0]], np.float32)
    colours = colour_error(depth, truth=truth)[0]
    assert (colours[1] == colours[2]).all()
    assert (colours[0] != colours[1]).any()


def test_range_ignores_unknown_depth() -> None:
    depth = np.concatenate([np.zeros(100), np.linspace(5, 10, 100)])[None].astype(np.float32)
    limits = depth_range(depth)
    assert 5.0 < limits.near < 5.2
    assert 9.8 < limits.far < 10.0
    assert depth_range(np.zeros((2, 2), np.float32)) == ColourRange(near=1.0, far=2.0)

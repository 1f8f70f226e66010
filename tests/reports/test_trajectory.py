from pathlib import Path

import numpy as np

from vection.reports.trajectory import read_places, scale_onto


def test_places_are_relative_to_the_first_camera(tmp_path: Path) -> None:
    # The first camera looks along the world's x: its z is the world's x, its x the world's -z.
    first = np.array([[0.0, 0, 1, 5], [0, 1, 0, 6], [-1, 0, 0, 7]])
    second = first.copy()
    second[:, 3] += [2, 0, 0]
    np.savetxt(tmp_path / "path.txt", np.stack([first, second]).reshape(2, 12))
    assert np.allclose(read_places(tmp_path / "path.txt"), [[0, 0, 0], [0, 0, 2]])


def test_scale_is_least_squares_over_the_shorter_path() -> None:
    truth = np.array([[0.0, 0, 0], [0, 0, 2], [0, 0, 4], [9, 9, 9]])
    assert np.allclose(scale_onto(truth[:3] / 5, truth), truth[:3])

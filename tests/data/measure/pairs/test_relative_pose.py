import cv2
import numpy as np
import pytest

from vection.data.measure.pairs.relative_pose import decompositions, essential_pose, share_in_front

K = np.array([[480.0, 0, 415.5], [0, 480.0, 127.5], [0, 0, 1]])


def tracks(direction: list[float], *, length: float, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Points 5 to 60 m away, tracked to 0.05 pixels, and the rotation of a camera that turns a little."""
    rng = np.random.default_rng(seed)
    pixels = np.stack([rng.uniform(0, 832, 700), rng.uniform(0, 256, 700)], axis=1)
    depth = np.exp(rng.uniform(np.log(5), np.log(60), 700))
    points = np.c_[pixels, np.ones(700)] @ np.linalg.inv(K).T * depth[:, None]
    R = np.asarray(cv2.Rodrigues(np.array([0, 0.01, 0]))[0])
    seen = (points @ R.T + length * np.array(direction)) @ K.T
    noise = 0.05 * rng.standard_normal((2, 700, 2))
    return pixels + noise[0], seen[:, :2] / seen[:, 2:] + noise[1], R


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("direction", "length"), [([0, 0, -1.0], 0.1), ([0, 0, -1.0], 1.0), ([-1.0, 0, 0], 0.07)])
def test_a_slow_camera_goes_where_it_goes(direction, length, seed):
    first, second, R = tracks(direction, length=length, seed=seed)
    pose = essential_pose(first, second, K, K)
    assert pose.agrees.mean() > 0.9
    assert np.trace(pose.R_first_to_second @ R.T) > 2.999
    assert pose.direction @ np.array(direction) > 0.99


def test_points_are_in_front_in_one_of_four_motions():
    first, second, R = tracks([0, 0, -1.0], length=1.0, seed=1)
    rays = [np.c_[pixels, np.ones(700)] @ np.linalg.inv(K).T for pixels in (first, second)]
    E = np.array([[0, 1.0, 0], [-1.0, 0, 0], [0, 0, 0]]) @ R
    shares = sorted(share_in_front(*motion, *rays) for motion in decompositions(E))
    assert shares[-1] > 0.99
    assert shares[-2] < 0.01

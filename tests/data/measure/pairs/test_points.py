import numpy as np

from vection.data.measure.pairs.measure import TrackedPair
from vection.data.measure.pairs.points import triangulate_tracks
from vection.formats.measured_geometry import MeasuredPair, rows_of

K_FIRST = np.array([[300.0, 0, 160], [0, 280.0, 60], [0, 0, 1]])
K_SECOND = np.array([[310.0, 0, 150], [0, 305.0, 64], [0, 0, 1]])


def project(points: np.ndarray, K: np.ndarray) -> np.ndarray:
    pixels = points @ K.T
    return pixels[:, :2] / pixels[:, 2:]


def test_points_get_their_depth_in_both_views():
    random = np.random.default_rng(3)
    points = np.stack([random.uniform(-3, 3, 50), random.uniform(-2, 2, 50), random.uniform(3, 40, 50)], axis=1)
    angle = 0.05
    R = np.array([[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]])
    direction = np.array([0.1, -0.02, -1.0])
    direction /= np.linalg.norm(direction)
    seen = points @ R.T + direction
    pair = MeasuredPair(0, 1, rotation=rows_of(R), direction=tuple(direction.tolist()))
    tracked = TrackedPair(pair, project(points, K_FIRST), project(seen, K_SECOND))
    found = triangulate_tracks(tracked, K_first=K_FIRST, K_second=K_SECOND)
    np.testing.assert_allclose(found.depth_first, points[:, 2], rtol=1e-6)
    np.testing.assert_allclose(found.depth_second, seen[:, 2], rtol=1e-6)
    turned = project(points @ R.T, K_SECOND)
    np.testing.assert_allclose(found.parallax, np.linalg.norm(tracked.second - turned, axis=1), atol=1e-9)
    # A point that moves against its parallax would have to be behind the camera.
    behind = TrackedPair(pair, tracked.first[:1], 2 * turned[:1] - tracked.second[:1])
    assert len(triangulate_tracks(behind, K_first=K_FIRST, K_second=K_SECOND).depth_first) == 0


def test_a_pair_without_translation_has_no_points():
    pair = MeasuredPair(0, 1, reason="standing", rotation=rows_of(np.eye(3)))
    tracked = TrackedPair(pair, np.zeros((0, 2)), np.zeros((0, 2)))
    assert len(triangulate_tracks(tracked, K_first=K_FIRST, K_second=K_SECOND).first) == 0

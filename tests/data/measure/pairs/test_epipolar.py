from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest

from vection.data.measure.pairs.epipolar import epipolar_inliers, essential_matrix

K = np.array([[200.0, 0.0, 160.0], [0.0, 200.0, 60.0], [0.0, 0.0, 1.0]])
WRONG = 5


@pytest.fixture
def tracks() -> tuple[np.ndarray, np.ndarray]:
    """80 points before a camera that moves to the left and forward; the first few are wrong."""
    rng = np.random.default_rng(0)
    points = rng.uniform((-4, -1.5, 4), (4, 1.5, 12), (80, 3))
    moved = points + np.array([0.4, 0.0, -0.3])
    first, second = ((seen @ K.T)[:, :2] / seen[:, 2:] for seen in (points, moved))
    second[:WRONG] += (0.0, 25.0)
    return first, second


def without_magsac(find: Callable[..., Any]) -> Callable[..., Any]:
    """OpenCV's function as it is where MAGSAC loses its model."""

    def failing(*given: object) -> Any:
        if any(one is cv2.USAC_MAGSAC for one in given):
            raise cv2.error("Assertion failed")
        return find(*given)

    return failing


@pytest.mark.parametrize("magsac", [True, False])
def test_tracks_that_agree(tracks, magsac, monkeypatch):
    for name in ("findEssentialMat", "findFundamentalMat"):
        if not magsac:
            monkeypatch.setattr(cv2, name, without_magsac(getattr(cv2, name)))
    found = essential_matrix(*tracks, K, distance=1.0, confidence=0.999)
    assert found is not None
    E, agrees = found
    rays = [np.linalg.solve(K, np.column_stack([seen, np.ones(len(seen))]).T).T for seen in tracks]
    assert np.abs(np.einsum("ni,ij,nj->n", rays[1], E, rays[0]))[WRONG:].max() < 0.01
    for mask in (agrees, epipolar_inliers(*tracks, distance=1.0)):
        assert not mask[:WRONG].any()
        assert mask[WRONG:].mean() > 0.9

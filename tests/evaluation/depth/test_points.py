from dataclasses import replace

import numpy as np
import pytest

from vection.evaluation.depth.evaluate import score
from vection.evaluation.depth.points import DYNAMO_LABELS, PointTruth, compare_points
from vection.evaluation.depth.protocol import Crop, DepthProtocol
from vection.evaluation.predictions.kinds import PredictedMap

PROTOCOL = DepthProtocol("points", "made up", median="lower", categories=("all", *DYNAMO_LABELS))
DEPTH = np.arange(1, 13, dtype=np.float32).reshape(3, 4)


def test_points_read_the_pixel_that_holds_them():
    points = np.array([[0.9, 1.9, 4.0], [0.1, 1.0, 6.0], [2.0, 3.99, 24.0]])
    pixels = compare_points(PredictedMap(DEPTH), PointTruth(points, (3, 4)), PROTOCOL)
    assert pixels.predicted.tolist() == [2, 2, 12]
    assert pixels.truth.tolist() == [4, 6, 24]
    assert pixels.ratio == 3  # 6 / 2
    even = compare_points(PredictedMap(DEPTH), PointTruth(points[:2], (3, 4)), PROTOCOL)
    assert even.ratio == 2  # the lower of 4 and 6
    middle = compare_points(PredictedMap(DEPTH), PointTruth(points[:2], (3, 4)), replace(PROTOCOL, median="middle"))
    assert middle.ratio == 2.5


def test_window_and_caps():
    points = np.array([[1.0, 0.0, 5.0], [0.99, 0.0, 5.0], [1.0, 1.0, 90.0], [2.0, 2.0, 7.0]])
    protocol = replace(
        PROTOCOL, truth_below=80.0, crop=Crop("window", top=1 / 3 + 1e-6, bottom=1.0, left=0.0, right=0.5)
    )
    pixels = compare_points(PredictedMap(DEPTH), PointTruth(points, (3, 4)), protocol)
    assert pixels.truth.tolist() == [5]
    assert compare_points(PredictedMap(DEPTH), PointTruth(points[1:2], (3, 4)), protocol) is None


def test_categories_by_label():
    labels = np.array([[0, 1, 2, 3]] * 3, np.uint8)
    points = np.array([[0.0, column, column + 1] for column in range(4)])
    pixels = compare_points(PredictedMap(DEPTH), PointTruth(points, (3, 4), labels), PROTOCOL)
    rows = score("a", pixels, PROTOCOL, scale=1.0)
    assert [(row.category, row.pixels) for row in rows] == [
        ("all", 4),
        ("static background", 1),
        ("moving objects", 1),
        ("static objects", 1),
    ]
    assert all(row.errors.abs_rel == pytest.approx(0) for row in rows)

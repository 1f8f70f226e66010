import numpy as np
import pytest

from vection.errors import DataError
from vection.evaluation.objects.segmentation import CLASSES, confusion_matrix, segmentation_scores


def ids(*values: int) -> np.ndarray:
    return np.array([values], np.uint8)


def test_there_are_19_classes():
    assert len(CLASSES) == len(set(CLASSES)) == 19
    assert (CLASSES[0], CLASSES[10], CLASSES[13], CLASSES[18]) == ("road", "sky", "car", "bicycle")


def test_scores_by_hand():
    confusion = confusion_matrix(ids(0, 0, 1, 1, 2), ids(0, 0, 0, 1, 255), classes=4)
    assert confusion.tolist() == [[2, 1, 0, 0], [0, 1, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]]
    scores = segmentation_scores(confusion)
    np.testing.assert_allclose(scores.iou, [2 / 3, 1 / 2, np.nan, np.nan])
    np.testing.assert_allclose(scores.recall, [2 / 3, 1, np.nan, np.nan])
    np.testing.assert_allclose(scores.precision, [1, 1 / 2, np.nan, np.nan])
    assert scores.mean_iou == pytest.approx(7 / 12)
    assert scores.accuracy == pytest.approx(3 / 4)
    assert scores.weighted_iou == pytest.approx(0.75 * 2 / 3 + 0.25 / 2)


def test_a_class_that_is_only_predicted_counts_as_0():
    perfect = segmentation_scores(confusion_matrix(ids(0, 1, 1), ids(0, 1, 1)))
    assert perfect.mean_iou == 1
    spoiled = segmentation_scores(confusion_matrix(ids(0, 1, 2), ids(0, 1, 1)))
    assert spoiled.mean_iou == pytest.approx((1 + 1 / 2 + 0) / 3)


def test_ids_beyond_the_classes_are_refused():
    with pytest.raises(DataError, match="id 19"):
        confusion_matrix(ids(19), ids(0))
    with pytest.raises(DataError, match="id 33"):
        confusion_matrix(ids(0), ids(33))
    assert confusion_matrix(ids(19), ids(0), classes=20)[0, 19] == 1
    assert confusion_matrix(ids(254), ids(255)).sum() == 0


def test_nothing_known_gives_no_mean():
    assert np.isnan(segmentation_scores(confusion_matrix(ids(3), ids(255))).mean_iou)

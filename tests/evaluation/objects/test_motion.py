import numpy as np
import pytest

from vection.data.clips.resizing import resize_map
from vection.evaluation.objects.motion import flow_errors, motion_curve, motion_thresholds, ratio_counts


def test_thresholds_begin_below_0_and_end_below_1():
    thresholds = motion_thresholds(5)
    np.testing.assert_allclose(thresholds, [-0.25, 0, 0.25, 0.5, 0.75])


def test_counts_by_hand():
    mask = np.array([[0.9, 0.6], [0.5, 0.1]], np.float32)
    moving = np.array([[True, False], [True, False]])
    curve = motion_curve(mask, moving=moving, thresholds=np.array([0.0, 0.5, 0.8, 0.95]))
    # Strictly above the threshold: 0.5 is not above 0.5.
    assert curve.true_positive.tolist() == [2, 1, 1, 0]
    assert curve.false_positive.tolist() == [2, 1, 0, 0]
    assert curve.false_negative.tolist() == [0, 1, 1, 2]
    np.testing.assert_allclose(curve.precision, [0.5, 0.5, 1, 0])
    np.testing.assert_allclose(curve.recall, [1, 0.5, 0.5, 0])
    np.testing.assert_allclose(curve.f1, [2 / 3, 0.5, 2 / 3, 0], rtol=1e-6)
    assert curve.best == 0


def test_nothing_counts_against_the_mask_where_the_truth_is_ignored():
    mask = np.ones((2, 2), np.float32)
    moving = np.array([[True, False], [False, False]])
    ignored = np.array([[True, True], [False, False]])
    curve = motion_curve(mask, moving=moving, ignored=ignored)
    assert curve.false_positive[1] == 2
    assert curve.true_positive[1] == 1


def test_images_are_pooled_not_averaged():
    perfect = motion_curve(np.ones((1, 1), np.float32), moving=np.ones((1, 1), bool))
    wrong = motion_curve(np.ones((1, 9), np.float32), moving=np.zeros((1, 9), bool))
    both = perfect + wrong
    assert both.precision[0] == pytest.approx(0.1)
    assert both.f1[both.best] == pytest.approx(2 * 0.1 / 1.1)


def test_masks_are_resized_to_the_truth():
    curve = motion_curve(np.array([[0.0, 1.0]], np.float32), moving=np.array([[False, False, True, True]]))
    assert curve.f1[curve.best] == pytest.approx(1)  # 0, 1/4, 3/4, 1
    assert resize_map(np.zeros((2, 3, 3), np.float32), (4, 6)).shape == (4, 6, 3)


def test_flow_errors_by_hand():
    truth = np.zeros((1, 4, 3), np.float32)
    truth[0, 0] = [3, 0, 4]
    predicted = np.zeros_like(truth)
    predicted[0, 1] = [0, 1, 0]
    known = np.array([[True, True, True, False]])
    moving = np.array([[True, False, False, False]])
    errors = flow_errors(predicted, truth, known=known, moving=moving, scale=2.0)
    assert errors.mean == pytest.approx((7 / 3, 1, 5))
    twice = errors + flow_errors(truth / 2, truth, known=known, moving=moving, scale=2.0)
    assert twice.mean == pytest.approx((7 / 6, 0.5, 2.5))


def test_without_moving_pixels_their_error_is_unknown():
    flow = np.zeros((1, 2, 3), np.float32)
    errors = flow_errors(flow, flow, known=np.ones((1, 2), bool), moving=np.zeros((1, 2), bool))
    assert errors.mean[:2] == (0, 0)
    assert np.isnan(errors.mean[2])


@pytest.mark.parametrize("ratio", [0.02, 0.5, 1.0, 3.0, 40.0])
def test_median_of_the_ratios_is_nearly_exact(ratio):
    values = ratio * np.exp(np.random.default_rng(0).normal(0, 0.2, 1001))
    truth = np.full(1001, 7.0)
    counts = ratio_counts(values[:400] * 7, truth[:400]) + ratio_counts(values[400:] * 7, truth[400:])
    assert counts.median == pytest.approx(np.median(values), rel=0.003)


def test_ratios_beyond_the_histogram_are_clipped():
    assert ratio_counts(np.full(3, 1e6), np.ones(3)).median == pytest.approx(100, rel=0.01)
    assert ratio_counts(np.full(3, 1e-6), np.ones(3)).median == pytest.approx(0.01, rel=0.01)

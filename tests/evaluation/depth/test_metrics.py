import numpy as np
import pytest

from vection.evaluation.depth.metrics import (
    METRICS,
    abs_rel,
    accuracy,
    bootstrap_interval,
    depth_errors,
    mean_errors,
    mean_server_errors,
    rmse,
    rmse_log,
    server_errors,
    server_table,
    sq_rel,
)
from vection.formats.evaluation_file import DepthErrors

TRUTH = np.array([1.0, 2.0, 4.0])
PREDICTED = np.array([2.0, 2.0, 3.0])


def test_hand_values():
    assert abs_rel(PREDICTED, TRUTH) == pytest.approx((1 + 0 + 0.25) / 3)
    assert sq_rel(PREDICTED, TRUTH) == pytest.approx((1 + 0 + 0.25) / 3)
    assert rmse(PREDICTED, TRUTH) == pytest.approx(np.sqrt(2 / 3))
    assert rmse_log(PREDICTED, TRUTH) == pytest.approx(np.sqrt((np.log(2) ** 2 + np.log(4 / 3) ** 2) / 3))
    assert accuracy(PREDICTED, TRUTH, power=1) == pytest.approx(1 / 3)  # 4/3 > 1.25
    assert accuracy(PREDICTED, TRUTH, power=2) == pytest.approx(2 / 3)  # 4/3 < 1.5625
    assert accuracy(PREDICTED, TRUTH, power=3) == pytest.approx(2 / 3)  # 2 > 1.953


def test_sq_rel_divides_by_the_depth_not_its_square():
    assert sq_rel(np.array([30.0]), np.array([20.0])) == pytest.approx(5.0)


def test_accuracy_is_strict():
    assert accuracy(np.array([5.0]), np.array([4.0]), power=1) == 0


def test_all_together_in_the_order_of_the_names():
    errors = depth_errors(PREDICTED, TRUTH)
    assert METRICS == ("abs_rel", "sq_rel", "rmse", "rmse_log", "a1", "a2", "a3")
    np.testing.assert_array_equal(errors.as_array(), [getattr(errors, name) for name in METRICS])
    assert depth_errors(TRUTH, TRUTH) == DepthErrors(0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0)


def test_different_sizes_are_refused():
    with pytest.raises(Exception, match=r"[Tt]ype"):
        depth_errors(PREDICTED, TRUTH[:2])


def test_mean_with_weights():
    low, high = DepthErrors(*[0.0] * 7), DepthErrors(*[1.0] * 7)
    assert mean_errors([low, high], np.array([3.0, 1.0])).rmse == pytest.approx(0.25)


def test_bootstrap_interval_holds_the_mean_and_narrows_with_more_images():
    rng = np.random.default_rng(1)

    def width(count: int) -> float:
        errors = [DepthErrors(*rng.uniform(0, 1, 7).tolist()) for _ in range(count)]
        mean = mean_errors(errors, np.ones(count))
        low, high = bootstrap_interval(errors, np.ones(count))
        assert low.abs_rel < mean.abs_rel < high.abs_rel
        assert bootstrap_interval(errors, np.ones(count)) == (low, high)
        return high.abs_rel - low.abs_rel

    assert width(400) < 0.5 * width(25)
    assert width(400) == pytest.approx(2 * 1.96 * np.sqrt(1 / 12 / 400), rel=0.2)


def test_server_errors_by_hand():
    errors = server_errors(PREDICTED, TRUTH)
    assert errors.mae == pytest.approx(2 / 3)
    assert errors.rmse == pytest.approx(np.sqrt(2 / 3))
    assert errors.inverse_mae == pytest.approx((1 / 2 + 1 / 12) / 3)
    assert errors.inverse_rmse == pytest.approx(np.sqrt((1 / 4 + 1 / 144) / 3))
    assert errors.abs_rel == pytest.approx((1 + 1 / 4) / 3)
    assert errors.sq_rel == pytest.approx((1 + 1 / 16) / 3)  # divided by the square
    logs = np.array([-np.log(2), 0, np.log(4 / 3)])
    assert errors.log_mae == pytest.approx(np.abs(logs).mean())
    assert errors.silog == pytest.approx(np.sqrt((logs**2).mean() - logs.mean() ** 2))


def test_silog_knows_no_scale_within_an_image():
    assert server_errors(3 * TRUTH, TRUTH).silog == pytest.approx(0, abs=1e-12)
    assert server_errors(3 * PREDICTED, TRUTH).silog == pytest.approx(server_errors(PREDICTED, TRUTH).silog)


def test_the_servers_table_has_its_units():
    one, other = server_errors(PREDICTED, TRUTH), server_errors(TRUTH, TRUTH)
    table = server_table(mean_server_errors([one, other]))
    assert table["SILog"] == pytest.approx(100 * one.silog / 2)
    assert table["absErrorRel"] == pytest.approx(100 * one.abs_rel / 2)
    assert table["sqErrorRel"] == pytest.approx(100 * one.sq_rel / 2)
    assert table["iRMSE"] == pytest.approx(1000 * one.inverse_rmse / 2)

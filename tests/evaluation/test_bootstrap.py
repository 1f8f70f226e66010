"""Intervals of the bootstrap: the same draw every time, 95 % of the resampled values inside."""

import numpy as np

from vection.evaluation.bootstrap import draws, interval


def test_every_draw_takes_as_many_things_as_there_are():
    drawn = draws(7, resamples=50)
    assert drawn.shape == (50, 7)
    assert (drawn.sum(axis=1) == 7).all()
    assert (drawn >= 0).all()


def test_the_draw_is_the_same_every_time():
    assert (draws(5, resamples=20) == draws(5, resamples=20)).all()


def test_interval_cuts_a_fortieth_at_each_end():
    low, high = interval(np.arange(1001.0))
    assert (float(low), float(high)) == (25.0, 975.0)


def test_interval_of_several_numbers_leaves_undefined_values_out():
    values = np.stack([np.arange(1001.0), np.where(np.arange(1001) % 2, np.nan, np.arange(1001.0))], axis=1)
    low, high = interval(values)
    np.testing.assert_allclose(low, [25, 25])
    np.testing.assert_allclose(high, [975, 975])


def test_interval_of_a_mean_has_the_width_of_statistics():
    values = np.random.default_rng(1).normal(size=400)
    low, high = interval(draws(400, resamples=2000) @ values / 400)
    np.testing.assert_allclose(high - low, 2 * 1.96 * values.std() / np.sqrt(400), rtol=0.05)

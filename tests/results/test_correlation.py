"""Correlations over models, against scipy on the models that a draw holds."""

import numpy as np
import pytest
import scipy.stats

from robustbench_seg.results.statistics.correlation import (
    draw_weights,
    partial_correlation,
    pearson,
    percentile_interval,
    spearman,
)

FAMILIES = ["a", "a", "b", "c", "c", "c", "d"]
X = np.array([3.0, 5.0, 4.0, 9.0, 7.0, 7.0, 1.0])
Y = np.array([2.0, 6.0, 6.0, 7.0, 9.0, 8.0, 1.0])


@pytest.mark.parametrize("resample", ["models", "families"])
@pytest.mark.parametrize(
    ("ours", "theirs"), [(pearson, scipy.stats.pearsonr), (spearman, scipy.stats.spearmanr)]
)
def test_each_draw_is_what_scipy_gives_for_the_models_drawn(resample, ours, theirs):
    weights = draw_weights(FAMILIES, resample)
    found = ours(X, Y, weights)
    assert len(found) == 1001
    for value, counts in zip(found, weights.astype(int), strict=True):
        x, y = np.repeat(X, counts), np.repeat(Y, counts)
        if np.ptp(x) == 0 or np.ptp(y) == 0:
            assert np.isnan(value)
        else:
            assert value == pytest.approx(theirs(x, y).statistic, abs=1e-9)


def test_draws_are_of_as_many_units_as_there_are():
    models = draw_weights(FAMILIES, "models")
    assert (models[0] == 1).all()
    assert (models.sum(axis=1) == len(FAMILIES)).all()
    families = draw_weights(FAMILIES, "families")
    assert (families[0] == 1).all()
    assert (families[:, 0] == families[:, 1]).all()  # the bootstrap draws whole families
    assert (families[:, 3] == families[:, 5]).all()
    one_each = families[:, [0, 2, 3, 6]]
    assert (one_each[1:].sum(axis=1) == 4).all()
    assert np.array_equal(families, draw_weights(FAMILIES, "families"))


def test_partial_correlation_is_that_of_the_residuals():
    rng = np.random.default_rng(1)
    given = rng.normal(size=30)
    x, y = given + rng.normal(size=30), 2 * given + rng.normal(size=30)
    design = np.stack([np.ones(30), given], axis=1)
    left = [v - design @ np.linalg.lstsq(design, v, rcond=None)[0] for v in (x, y)]
    assert partial_correlation(x, y, given) == pytest.approx(scipy.stats.pearsonr(*left).statistic)
    assert np.isnan(partial_correlation(given, y, given))


def test_a_correlation_needs_a_spread():
    weights = np.ones((1, 3))
    flat, line = np.array([5.0, 5, 5]), np.array([1.0, 2, 3])
    assert np.isnan(pearson(flat, line, weights)).all()
    assert np.isnan(spearman(flat, line, weights)).all()
    assert pearson(line, 2 * line, weights).tolist() == pytest.approx([1])
    assert spearman(line, -(line**3), weights).tolist() == pytest.approx([-1])


def test_limits_are_percentiles_of_the_draws_that_have_a_value():
    draws = np.concatenate([[99.0], np.arange(101.0), [np.nan]])
    assert percentile_interval(draws) == pytest.approx((2.5, 97.5))
    assert np.isnan(percentile_interval(np.array([0.5, np.nan]))).all()

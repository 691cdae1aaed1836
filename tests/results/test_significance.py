import numpy as np
import pytest
import scipy.stats

from robustbench_seg.records.protocol import load_protocol
from robustbench_seg.results.significance import holm, p_value, resamples_for


def test_a_p_value_by_hand():
    # Of 9 draws 1 is at or below 0; with the observed score 2 of 10, on either side.
    draws = np.array([3.0, 1, 2, 3, -1, 2, 2, 2, 2, 2])
    assert p_value(draws, 50) == pytest.approx(0.4)
    assert p_value(-draws, 50) == pytest.approx(0.4)
    assert p_value(np.r_[3.0, np.ones(999)], 50) == pytest.approx(2 / 1000)
    assert p_value(np.zeros(1000), 50) == 1
    assert np.isnan(p_value(np.array([1.0, np.nan, 2]), 50))


def test_it_is_about_that_of_a_t_test():
    rng = np.random.default_rng(0)
    for shift in (0.05, 0.2, 0.35):
        sample = rng.normal(shift, 1, 100)
        means = rng.choice(sample, (4000, 100)).mean(1)
        expected = scipy.stats.ttest_1samp(sample, 0).pvalue
        assert p_value(np.r_[sample.mean(), means], 100) == pytest.approx(expected, abs=0.03)


def test_few_units_decide_nothing():
    # Three of three heads: 1 of 4 fair coins does as well, two-sided; no draw of them knows better.
    assert p_value(np.ones(1001), 3) == 0.25
    assert p_value(np.ones(1001), 1) == 1
    assert p_value(np.ones(1001), 9) == 2 / 2**9
    assert 16 * p_value(np.ones(1001), 9) > 0.05 > 16 * p_value(np.ones(1001), 10)


def test_holm_by_hand():
    # Sorted .005 x 4, .01 x 3, .03 x 2, .04 x 1: then none is below the one before.
    adjusted = holm(np.array([0.01, 0.04, 0.03, 0.005]))
    assert adjusted.tolist() == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm(np.array([0.5, 0.6])).tolist() == [1, 1]
    assert holm(np.array([])).size == 0


def test_holm_finds_all_that_bonferroni_finds_and_more():
    rng = np.random.default_rng(1)
    for _ in range(20):
        p = rng.random(16) ** 3
        assert (holm(p) <= np.minimum(1, 16 * p) + 1e-12).all()
        assert (holm(p) >= p).all()
        assert (np.argsort(holm(p), kind="stable")[0]) == np.argmin(p)


@pytest.mark.parametrize("units", [10, 15, 30])
def test_sixteen_true_hypotheses_are_seldom_rejected(units):
    """Differences without a mean, the sixteen of one unit alike: at most 5 % find anything."""
    rng = np.random.default_rng(2)
    weights = np.vstack([np.ones(units), rng.multinomial(units, np.full(units, 1 / units), 1000)])
    alone = together = 0
    for _ in range(200):
        differences = 0.6 * rng.normal(size=(units, 1)) + 0.8 * rng.normal(size=(units, 16))
        p = np.array([p_value(draws, units) for draws in (weights @ differences / units).T])
        alone += bool((p < 0.05).any())
        together += bool((holm(p) < 0.05).any())
    assert alone > 60
    assert together <= 18  # 10 expected at most; 18 in less than 1 % of cases


def test_there_are_draws_enough_for_a_verdict():
    for questions in (1, len(load_protocol().names), 75):
        smallest = 2 / (resamples_for(questions) + 1)
        assert questions * smallest < 0.05
    assert resamples_for(16) == 1000

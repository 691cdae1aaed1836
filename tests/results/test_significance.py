from types import SimpleNamespace

import numpy as np
import pytest
import scipy.stats

from robustbench_seg.results.comparisons.verdicts import ScoreDifference
from robustbench_seg.results.statistics.intervals import (
    UNBOUNDED,
    degrees_of_ratio,
    interval,
    score_interval,
)
from robustbench_seg.results.statistics.significance import holm, p_value


def one_training(draws):
    """Draws of a model with one training: all draws of trainings are its score."""
    return np.r_[draws, np.full(len(draws) - 1, draws[0])]


def test_a_p_value_by_hand():
    # 1 of 10 draws is at or below 0; the test is two-sided.
    draws = one_training([3.0, 1, 2, 3, -1, 2, 2, 2, 2, 2, 2])
    assert p_value(draws, 50) == pytest.approx(0.2)
    assert p_value(-draws, 50) == pytest.approx(0.2)
    assert p_value(one_training(np.zeros(1000)), 50) == 1
    assert np.isnan(p_value(np.array([1.0, np.nan, 2]), 50))


def test_beyond_the_draws_a_t_test_goes_on():
    """No draw is on the far side of 0: the p-value is Student's, and never 0."""
    images = np.random.default_rng(0).normal(3, 0.5, 1000)
    draws = one_training([3.0, *images])
    error = images.std() * np.sqrt(20 / 19)
    assert p_value(draws, 20) == pytest.approx(2 * scipy.stats.t.sf(3 / error, 19))


def test_few_trainings_count_as_few():
    """Two trainings each, far from each other: a t-test on four numbers, two degrees of freedom."""
    images = np.full(1000, 3.0)
    trainings = np.array([2.0, 4.0] * 500)  # variance 1
    draws = np.r_[3.0, images, trainings]
    assert p_value(draws, 500, degrees=2) == pytest.approx(2 * scipy.stats.t.sf(3, 2))
    assert p_value(np.r_[0.0, images, trainings], 500, degrees=2) == 1
    assert interval(draws, 500, 2) == pytest.approx(3 + scipy.stats.t.ppf([0.025, 0.975], 2))
    # If images and trainings have equal variance, the quantile is the mean of both (Cochran 1964).
    draws = np.r_[3.0, trainings, trainings]
    mean = (scipy.stats.t.ppf(0.975, 499) * 500 / 499 + scipy.stats.t.ppf(0.975, 2)) / (
        1 + 500 / 499
    )
    low, high = interval(draws, 500, 2)
    assert (high - low) / 2 == pytest.approx(mean * np.sqrt(1 + 500 / 499))


def test_a_score_stays_within_its_range():
    trainings = np.array([1.0, 5.0] * 500)
    low, high = interval(np.r_[3.0, np.full(1000, 3.0), trainings], 500, 1)
    assert low < 0
    assert score_interval(np.r_[3.0, np.full(1000, 3.0), trainings], 500, 1) == (0, high)
    draws = np.r_[97.0, np.full(1000, 97.0), 94 + trainings]
    assert score_interval(draws, 500, 1)[1] == 100
    assert score_interval(draws, 500, 1, limits=UNBOUNDED)[1] > 100
    assert np.isnan(score_interval(draws, 1)).all()


@pytest.mark.parametrize("trainings", [2, 3])
def test_equal_recipes_are_seldom_told_apart(trainings):
    """Trainings vary as much as images do: at most 5 % of equal recipes get a verdict."""
    rng = np.random.default_rng(4)
    units, found = 100, 0
    for _ in range(400):
        weights = rng.multinomial(units, np.full(units, 1 / units), 300) / units
        total = np.zeros(601)
        for sign in (1, -1):
            scores = rng.normal(0, 0.5, (trainings, 1)) + rng.normal(0, 5, units)
            shares = rng.multinomial(trainings - 1, np.full(trainings, 1 / trainings), 300)
            means = scores.mean(1)
            drawn = shares @ means / (trainings - 1)
            total += sign * np.r_[means.mean(), weights @ scores.mean(0), drawn]
        found += p_value(total, units, 2 * (trainings - 1)) < 0.05
    assert found <= 31  # 20 expected at most; 31 in less than 1 % of cases


def test_it_is_about_that_of_a_t_test():
    rng = np.random.default_rng(0)
    for shift in (0.05, 0.2, 0.35):
        sample = rng.normal(shift, 1, 100)
        means = rng.choice(sample, (4000, 100)).mean(1)
        expected = scipy.stats.ttest_1samp(sample, 0).pvalue
        assert p_value(one_training([sample.mean(), *means]), 100) == pytest.approx(
            expected, abs=0.03
        )


def test_few_units_decide_nothing():
    # Three units with the same sign: a two-sided sign test gives 1/4, and p is never below that.
    assert p_value(np.ones(2001), 3) == 0.25
    assert p_value(np.ones(2001), 1) == 1
    assert p_value(np.ones(2001), 9) == 2 / 2**9
    assert 16 * p_value(np.ones(2001), 9) > 0.05 > 16 * p_value(np.ones(2001), 10)


def test_holm_by_hand():
    # Sorted .005 x 4, .01 x 3, .03 x 2, .04 x 1; each is then at least the one before.
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
        p = np.array(
            [p_value(one_training(draws), units) for draws in (weights @ differences / units).T]
        )
        alone += bool((p < 0.05).any())
        together += bool((holm(p) < 0.05).any())
    assert alone > 60
    assert together <= 18  # 10 expected at most; 18 in less than 1 % of cases


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ([39.1, 40.3], [26.0, 27.1]),  # equal variances: two degrees of freedom
        ([39.1, 39.4], [24.0, 29.1]),  # unequal variances: little more than one
        ([39.1, 39.4, 39.2], [24.0, 29.1]),
    ],
)
def test_trainings_of_unequal_spread_are_judged_by_welchs_test(a, b):
    scores = []
    for model, signs in ((a, [1, 1, -1, -1] * 250), (b, [1, -1] * 500)):  # uncorrelated
        mean, error = np.mean(model), np.std(model, ddof=1) / np.sqrt(len(model))
        draws = np.r_[mean, np.full(1000, mean), mean + error * np.array(signs)]
        scores.append((draws, SimpleNamespace(units=500, degrees=len(model) - 1)))
    (of_a, model_a), (of_b, model_b) = scores
    difference = ScoreDifference.of(model_a, model_b, of_a, of_b)
    welch = scipy.stats.ttest_ind(a, b, equal_var=False)
    assert difference.p == pytest.approx(welch.pvalue)
    assert difference.interval == pytest.approx(welch.confidence_interval(0.95))


def test_a_score_relative_to_another_has_the_fewest_degrees_of_both():
    assert degrees_of_ratio(2, 1) == 1
    assert degrees_of_ratio(0, 2) == 2  # one training of the model itself
    assert degrees_of_ratio(0, 0) == 0

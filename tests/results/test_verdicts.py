"""Verdicts and leads against numbers computed by hand."""

from types import SimpleNamespace

import numpy as np
import pytest
import scipy.stats

from robustbench_seg.results.comparisons.lead import lead_of
from robustbench_seg.results.comparisons.verdicts import ScoreDifference, verdicts


def difference(points, deviation, units=50, training_deviation=0.0, degrees=0):
    """A difference with draws of exactly these standard deviations."""
    wave = np.tile([1.0, -1.0], 500)
    images = points + deviation * wave
    return ScoreDifference(
        np.r_[points, images, points + training_deviation * wave], units, degrees
    )


def test_a_verdict_names_the_better_one():
    sure, reverse, even = difference(5, 1), difference(-5, 1), difference(0.5, 1)
    for family, better in (([sure], "A"), ([reverse], "B"), ([even], "open")):
        (verdict,) = verdicts(family)
        assert verdict.better == better
        assert verdict.is_established == (better != "open")
    (missing,) = verdicts([ScoreDifference(np.full(2001, np.nan), 50, 0)])
    assert (missing.better, missing.is_established, missing.needed) == ("", False, None)


def test_the_questions_of_a_family_are_adjusted_together():
    alone = difference(2.3, 1)
    (verdict,) = verdicts([alone])
    assert verdict.better == "A"
    judged = verdicts([alone, difference(0, 1), difference(0.1, 1)])
    assert judged[0].better == "open"
    assert judged[0].p == pytest.approx(3 * alone.p)
    assert (judged[0].low, judged[0].high) == (verdict.low, verdict.high)  # not adjusted


def test_the_units_that_are_needed():
    # The mean of 50 units has the standard error 1 / sqrt(49 / 50); with n units its square is
    # 50 / n times as large. 80 % power at 5 % needs a ratio of 1.96 + 0.84.
    (verdict,) = verdicts([difference(1, 1)])
    ratio = scipy.stats.norm.ppf(0.975) + scipy.stats.norm.ppf(0.8)
    assert verdict.needed == int(np.ceil(50 * (50 / 49) * ratio**2))
    # This number of units establishes the difference in about four of five studies.
    rng = np.random.default_rng(1)
    means = 1 + rng.normal(size=4000) * np.sqrt(50 * (50 / 49) / verdict.needed)
    assert (means * np.sqrt(verdict.needed / (50 * 50 / 49)) > 1.96).mean() == pytest.approx(
        0.8, abs=0.03
    )
    # A sign test on five units cannot reach 5 %, however large the difference.
    (few,) = verdicts([difference(50, 0.001, units=3)])
    assert (few.better, few.needed) == ("open", 6)


def test_no_number_of_images_makes_up_for_the_luck_of_training():
    (verdict,) = verdicts([difference(1, 0.1, 500, training_deviation=1, degrees=2)])
    assert (verdict.better, verdict.needed) == ("open", None)


def model(scores, deviation=0.1):
    wave = deviation * np.tile([1.0, -1.0], 500)
    draws = {n: np.r_[s, s + wave * place, np.full(1000, s)] for place, (n, s) in scores}
    return SimpleNamespace(units=50, degrees=0, summary=SimpleNamespace(perturbations=draws))


def test_what_carries_a_lead():
    """A is ahead by 12, 3 and 0 points, and behind by 3: 12 of 12 come from fog."""
    ahead = {"fog": 62.0, "snow": 43.0, "frost": 40.0, "blur": 37.0}
    a = model([*((place % 2, each) for place, each in enumerate(ahead.items())), (0, ("pgd", 90))])
    others = [(1, ("fog", 50.0)), (0, ("snow", 40.0)), (1, ("frost", 40.0)), (0, ("blur", 40.0))]
    b = model([*others, (1, ("pgd", 1.0))])
    lead = lead_of(a, b, list(ahead))  # pgd is not averaged
    assert (lead.ahead, lead.behind) == (("fog", "snow"), ("blur",))
    assert (lead.higher, lead.perturbations) == (2, 4)
    assert (lead.largest, lead.share, lead.rest) == ("fog", pytest.approx(100), pytest.approx(0))


def test_the_lead_without_its_largest_part():
    """It is a mean over the other corruptions; of a single corruption nothing is left."""
    a = model([(0, ("fog", 52.0)), (0, ("snow", 44.0)), (0, ("frost", 42.0))])
    b = model([(1, (name, 40.0)) for name in ("fog", "snow", "frost")])
    lead = lead_of(a, b, ["fog", "snow", "frost"])
    assert (lead.largest, lead.share) == ("fog", pytest.approx(100 * 12 / 18))
    assert lead.rest == pytest.approx((4 + 2) / 2)
    assert lead_of(a, b, ["snow"]).rest == 0

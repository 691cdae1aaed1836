"""Scores from histograms of confidence, compared with scikit-learn and closed forms."""

import numpy as np
import pytest
from sklearn import metrics

from robustbench_seg.measures import CONFIDENCE, SCALED_CONFIDENCE, Confidence, Prediction
from robustbench_seg.measures.confidence_histogram import (
    BINS,
    LEVELS,
    POOLED_CENTRES,
    POOLED_STARTS,
    UNIT,
    level_edges,
)

BOUND = 1 / 240
"""Width of a merged level."""


def draw(kind, count=40_000, seed=0):
    """Confidence of pixels and whether they are right, on a clean street and in heavy noise."""
    generator = np.random.default_rng(seed)
    if kind == "clean":
        doubt = 10 ** -generator.exponential(3, count) / 2
        chance = 1 - doubt * 1.2
    else:
        doubt = 1 - generator.beta(4, 2, count)
        chance = 1.2 * (1 - doubt) ** 1.5 - 0.2
    right = generator.random(count) < chance
    return np.minimum(doubt, 0.95).astype(np.float32), right


def predicted(doubt, right, nll=None, brier=None, void=0):
    """An image of one row; its first `void` pixels are not scored."""
    truth = np.zeros((1, len(doubt)), np.uint8)
    truth[0, :void] = 255
    labels = np.where(right, 0, 1).astype(np.uint8)[None]
    confidence = Confidence(doubt[None], nll, brier)
    return Prediction(labels, truth, 2, confidence, confidence)


def scored(*images):
    observed = [CONFIDENCE.observe(None, image) for image in images]
    pooled = np.sum([CONFIDENCE.pooled(one).astype(np.float64) for one in observed], axis=0)
    return {name: float(value) for name, value in CONFIDENCE.compute(pooled).items()}


def ece_by_hand(p, right):
    """Bins (lo, hi], as the definition has it."""
    gaps, shares = [], []
    for b in range(BINS):
        here = (p > b / BINS) & (p <= (b + 1) / BINS)
        if here.any():
            gaps.append(abs(p[here].mean() - right[here].mean()))
            shares.append(here.mean())
    return 100 * np.dot(gaps, shares), 100 * max(gaps)


@pytest.mark.parametrize("kind", ["clean", "noise"])
def test_calibration_errors_on_raw_values(kind):
    doubt, right = draw(kind)
    p = 1 - doubt.astype(np.float64)
    found = scored(predicted(doubt, right))
    ece, mce = ece_by_hand(p, right)
    assert found["ece"] == pytest.approx(ece, abs=1e-5)
    assert found["mce"] == pytest.approx(mce, abs=1e-4)
    order = np.argsort(p, kind="stable")
    gap = np.cumsum((p - right)[order]) / len(p)
    assert found["ks"] == pytest.approx(100 * np.abs(gap).max(), abs=100 * BOUND / 2)
    ends = np.append(0, gap)[np.linspace(0, len(p), BINS + 1).astype(int)]
    assert found["adaptive_ece"] == pytest.approx(100 * np.abs(np.diff(ends)).sum(), abs=0.3)


@pytest.mark.parametrize("kind", ["clean", "noise"])
def test_detection_of_errors_beside_scikit_learn(kind):
    doubt, right = draw(kind)
    found = scored(predicted(doubt, right))
    # -log doubt has the same order as p, without rounding.
    sure = -np.log(doubt.astype(np.float64))
    counts = pooled_levels(doubt, right)
    shares = counts / counts.sum(1, keepdims=True)
    bound = 100 * (shares[0] * shares[1]).sum() / 2
    auroc = 100 * metrics.roc_auc_score(right, sure)
    assert abs(found["auroc"] - auroc) <= bound + 1e-9
    assert bound < 0.4
    success = 100 * metrics.average_precision_score(right, sure)
    error = 100 * metrics.average_precision_score(~right, -sure)
    assert abs(found["aupr_success"] - success) <= precision_bound(counts[0], counts[1], down=True)
    assert abs(found["aupr_error"] - error) <= precision_bound(counts[1], counts[0], down=False)
    fpr, tpr, _ = metrics.roc_curve(right, sure)
    level = 100 * shares[1].max()
    assert abs(found["fpr95"] - 100 * fpr[np.argmax(tpr >= 0.95)]) <= level


def precision_bound(hits, others, *, down):
    """A bound of the change of precision inside levels, over the steps of recall."""
    hits, others = (each[::-1] if down else each for each in (hits, others))
    after, chosen = np.cumsum(hits), np.cumsum(hits + others)
    before, first = after - hits, chosen - hits - others
    best = np.maximum(after, 1) / np.maximum(first + hits, 1)
    least = np.where(first + others > 0, before / np.maximum(first + others, 1), 0)
    bound = 100 * (hits * (best - least)).sum() / hits.sum()
    assert bound < 4
    return bound


@pytest.mark.parametrize("kind", ["clean", "noise"])
def test_detection_equals_scikit_learn_on_levels(kind):
    """Values without an order inside a level: no error remains."""
    doubt, right = draw(kind)
    place = pooled_places(doubt)
    found = scored(predicted(doubt, right))
    assert found["auroc"] == pytest.approx(100 * metrics.roc_auc_score(right, place))
    success = metrics.average_precision_score(right, place)
    assert found["aupr_success"] == pytest.approx(100 * success)
    error = metrics.average_precision_score(~right, -place)
    assert found["aupr_error"] == pytest.approx(100 * error)


@pytest.mark.parametrize("kind", ["clean", "noise"])
def test_risk_and_coverage_on_raw_values(kind):
    doubt, right = draw(kind)
    found = scored(predicted(doubt, right))
    wrong = ~right[np.argsort(doubt, kind="stable")]
    kept, errors = np.arange(1, len(wrong) + 1), np.cumsum(wrong)
    risk = errors / kept
    assert found["aurc"] == pytest.approx(100 * risk.mean(), abs=0.05)
    general = (errors / len(wrong)).mean()
    assert found["augrc"] == pytest.approx(100 * general, abs=0.02)
    fine = np.flatnonzero(risk <= 0.05)
    coverage = 100 * (fine[-1] + 1) / len(wrong) if len(fine) else 0
    width = 100 * pooled_levels(doubt, right).sum(0).max() / len(wrong)
    assert abs(found["coverage_at_5_risk"] - coverage) <= width
    assert found["risk_at_80_coverage"] == pytest.approx(
        100 * risk[round(0.8 * len(risk)) - 1], abs=0.3
    )
    error = wrong.mean()
    prr = 100 * (error / 2 - general) / (error / 2 - error**2 / 2)
    assert found["prr"] == pytest.approx(prr, abs=0.3)


def pooled_places(doubt):
    """The merged level of each value, by a search among its edges: 1 - p in [1 - hi, 1 - lo)."""
    ends = np.append(level_edges()[POOLED_STARTS], -1)
    return len(ends) - 1 - np.searchsorted(ends[::-1], doubt.astype(np.float64), side="right")


def pooled_levels(doubt, right):
    place = np.maximum(pooled_places(doubt), 0)
    return np.stack(
        [np.bincount(place[each], minlength=len(POOLED_CENTRES)) for each in (right, ~right)]
    )


@pytest.mark.parametrize("kind", ["clean", "noise"])
def test_levels_are_half_open(kind):
    doubt, right = draw(kind)
    on_edges = level_edges()[1:-1].astype(np.float32)
    doubt = np.append(doubt, on_edges)
    right = np.append(right, np.ones(len(on_edges), bool))
    observed = CONFIDENCE.observe(None, predicted(doubt, right))
    edges = level_edges()
    place = len(edges) - 1 - np.searchsorted(edges[::-1], doubt.astype(np.float64), side="right")
    expected = [np.bincount(place[each], minlength=LEVELS) for each in (right, ~right)]
    assert np.array_equal(observed[: 2 * LEVELS], np.concatenate(expected))
    p, bins = 1 - doubt.astype(np.float64), np.minimum(place // 64, BINS - 1)
    sums = observed[2 * LEVELS : 2 * LEVELS + BINS] * UNIT
    assert np.allclose(sums, np.bincount(bins, p, BINS), atol=UNIT)


def test_perfect_orders_and_none():
    doubt = np.repeat(np.float32([0.1, 0.4]), [75, 25])
    found = scored(predicted(doubt, doubt < 0.2))
    for name in ("auroc", "aupr_success", "aupr_error", "prr"):
        assert found[name] == pytest.approx(100), name
    assert found["fpr95"] == 0
    assert found["coverage_at_5_risk"] == pytest.approx(75 / 0.95)
    assert found["risk_at_80_coverage"] == pytest.approx(100 * 5 / 80)
    assert found["augrc"] == pytest.approx(100 * 0.25**2 / 2)
    assert found["ece"] == pytest.approx(0.75 * 10 + 0.25 * 60)
    assert found["mce"] == pytest.approx(60)
    reversed_ = scored(predicted(doubt, doubt > 0.2))
    assert reversed_["auroc"] == 0
    assert reversed_["prr"] == pytest.approx(-100)
    assert reversed_["coverage_at_5_risk"] == 0
    alike = scored(predicted(np.full(100, 0.3, np.float32), np.arange(100) < 70))
    assert alike["auroc"] == 50
    assert alike["prr"] == pytest.approx(0)
    assert alike["aurc"] == pytest.approx(30)
    assert alike["ece"] == pytest.approx(0, abs=1e-4)


@pytest.mark.parametrize("sign", [1, -1])
def test_gaps_count_in_every_bin_and_in_both_directions(sign):
    """As many groups of pixels as bins of the adaptive ECE, of one confidence and gap each."""
    p = np.linspace(0.45, 0.95, 15)
    gaps = sign * np.where(np.arange(15) % 2, 0.02, -0.04)
    gaps[-1] = 0.3  # the most confident are overconfident
    gaps[0] = -0.5  # the least confident are right
    counts = np.round(1000 * (p - gaps)).astype(int)
    right = np.concatenate([np.arange(1000) < count for count in counts])
    doubt = np.repeat(1 - p, 1000).astype(np.float32)
    found = scored(predicted(doubt, right))
    assert found["adaptive_ece"] == pytest.approx(100 * np.abs(gaps).mean(), abs=0.3)
    assert found["ece"] == pytest.approx(ece_by_hand(1 - doubt.astype(float), right)[0], abs=1e-3)
    assert found["mce"] == pytest.approx(50, abs=0.1), "of the least sure, who are underconfident"


def blocks(*each):
    """Pixels in blocks of (confidence, number of right pixels, number of wrong ones)."""
    doubt = np.concatenate([np.full(r + w, 1 - p, np.float32) for p, r, w in each])
    right = np.concatenate([np.arange(r + w) < r for _, r, w in each])
    return scored(predicted(doubt, right))


def test_underconfidence_is_a_gap_as_well():
    found = blocks((0.5, 90, 10))
    for name in ("ece", "mce", "adaptive_ece", "ks"):
        assert found[name] == pytest.approx(40, abs=0.3), name


def test_bins_of_the_adaptive_ece_begin_inside_levels():
    """Of 15 bins of 20 pixels the eighth is half of one level, half of the other."""
    found = blocks((0.3, 15, 135), (0.8, 150, 0))
    assert found["adaptive_ece"] == pytest.approx(100 * 14 * 20 * 0.2 / 300, abs=0.3)


def test_coverage_goes_on_after_a_risk_that_was_too_high():
    """10 of 100 are wrong, of 500 as well, and every one after them."""
    found = blocks((0.9, 90, 10), (0.7, 400, 0), (0.4, 0, 100), (0.2, 0, 10))
    further = (0.05 * 500 - 10) / 0.95
    assert found["coverage_at_5_risk"] == pytest.approx(100 * (500 + further) / 610)


def test_fpr95_is_that_of_the_first_threshold_at_which_95_percent_are_found():
    """19 of 20 right pixels, exactly 95 %, are surer than the wrong ones in the middle."""
    doubt = np.float32([0.1] * 19 + [0.4] * 5 + [0.7] * 2)
    right = np.array([True] * 19 + [False] * 5 + [True, False])
    fpr, tpr, _ = metrics.roc_curve(right, 1 - doubt, drop_intermediate=False)
    assert fpr[np.argmax(tpr >= 0.95)] == 0
    assert scored(predicted(doubt, right))["fpr95"] == 0


def test_nothing_wrong_and_nothing_scored():
    doubt = np.full(10, 1e-4, np.float32)
    found = scored(predicted(doubt, np.ones(10, bool)))
    for name in ("auroc", "aupr_success", "aupr_error", "fpr95", "prr", "nll", "brier"):
        assert np.isnan(found[name]), name
    assert found["coverage_at_5_risk"] == 100
    assert found["aurc"] == found["risk_at_80_coverage"] == 0
    empty = scored(predicted(doubt, np.ones(10, bool), void=10))
    assert all(np.isnan(value) for value in empty.values())


def test_losses_are_means_over_scored_pixels_with_probabilities():
    doubt, right = draw("noise", 1000)
    one = predicted(doubt, right, nll=300.25, brier=100.5, void=250)
    without = predicted(doubt, right)
    assert scored(one)["nll"] == pytest.approx(300.25 / 750)
    assert scored(one)["brier"] == pytest.approx(100.5 / 750)
    assert scored(one, without)["nll"] == pytest.approx(300.25 / 750)


def test_counts_add_up_over_images_and_stay_countable():
    (doubt, right), (other, more) = draw("clean", 500), draw("noise", 800, seed=3)
    together = scored(predicted(np.append(doubt, other), np.append(right, more)))
    apart = scored(predicted(doubt, right), predicted(other, more))
    for name, value in together.items():
        assert apart[name] == pytest.approx(value, abs=1e-4, nan_ok=True), name
    huge = CONFIDENCE.observe(None, predicted(doubt, right, nll=1e300, brier=1.0))
    assert huge.max() < 2**53


def test_scores_of_many_sums_at_once():
    images = [predicted(*draw("noise", 300, seed=seed)) for seed in range(4)]
    pooled = np.stack([CONFIDENCE.pooled(CONFIDENCE.observe(None, image)) for image in images])
    assert pooled.shape == (4, 566)
    stacked = CONFIDENCE.compute(pooled.reshape(2, 2, -1))
    for place, image in enumerate(images):
        for name, value in scored(image).items():
            assert stacked[name].ravel()[place] == pytest.approx(value, nan_ok=True), name


def test_after_temperature_scaling_the_names_end_in_t():
    doubt, right = draw("noise", 300)
    image = predicted(doubt, right)
    counts = SCALED_CONFIDENCE.pooled(SCALED_CONFIDENCE.observe(None, image))
    raw = scored(image)
    for name, value in SCALED_CONFIDENCE.compute(counts).items():
        assert value == pytest.approx(raw[name.removesuffix("_t")], nan_ok=True)
    assert [info.higher_is_better for info in SCALED_CONFIDENCE.infos] == [
        info.higher_is_better for info in CONFIDENCE.infos
    ]

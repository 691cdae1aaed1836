"""Reliability and risk of pooled counts, compared with sums over raw values and with the scores."""

import numpy as np
import pytest

from robustbench_seg.measures import CONFIDENCE, COVERAGES, Confidence, Prediction, Reliability

BINS = 15


def counted(doubt, right):
    labels = np.where(right, 0, 1).astype(np.uint8)[None]
    truth = np.zeros_like(labels)
    observed = CONFIDENCE.observe(
        None, Prediction(labels, truth, 2, Confidence(doubt.astype(np.float32)[None]))
    )
    return CONFIDENCE.pooled(observed)


@pytest.fixture
def pixels():
    generator = np.random.default_rng(0)
    doubt = (1 - generator.beta(4, 2, 50_000)).astype(np.float32)
    return doubt, generator.random(len(doubt)) < (1 - doubt) ** 1.5


def test_bins_have_the_accuracy_and_confidence_of_their_pixels(pixels):
    doubt, right = pixels
    p = 1 - doubt.astype(np.float64)
    found = Reliability.of(counted(*pixels))
    for b in range(BINS):
        here = (p > b / BINS) & (p <= (b + 1) / BINS)
        assert found.share[b] == pytest.approx(here.mean(), abs=1e-4)
        if here.any():
            assert found.accuracy[b] == pytest.approx(right[here].mean(), abs=2e-3)
            assert found.confidence[b] == pytest.approx(p[here].mean(), abs=1e-4)
    gaps = np.abs(found.confidence - found.accuracy) * found.share
    ece = float(CONFIDENCE.compute(counted(*pixels).astype(np.float64))["ece"])
    assert 100 * np.nansum(gaps) == pytest.approx(ece, abs=1e-6)


def test_risk_is_the_error_rate_of_the_most_confident(pixels):
    doubt, right = pixels
    found = Reliability.of(counted(*pixels))
    wrong = ~right[np.argsort(doubt, kind="stable")]
    for coverage, risk in zip(COVERAGES, found.risk, strict=True):
        kept = round(coverage * len(wrong))
        assert risk == pytest.approx(wrong[:kept].mean(), abs=0.01)
    scores = CONFIDENCE.compute(counted(*pixels).astype(np.float64))
    assert 100 * found.risk[79] == pytest.approx(float(scores["risk_at_80_coverage"]), abs=1e-9)
    assert found.risk[-1] == pytest.approx(1 - right.mean())
    assert np.all(np.diff(found.risk[5:]) > 0), "the surest are right more often here"


def test_a_bin_without_pixels_has_no_accuracy():
    found = Reliability.of(counted(np.full(10, 0.05), np.arange(10) < 8))
    assert found.share.tolist() == [0] * 14 + [1]
    assert np.isnan(found.accuracy[:14]).all()
    assert found.accuracy[14] == pytest.approx(0.8)
    assert found.confidence[14] == pytest.approx(0.95, abs=1e-6)
    assert found.risk == pytest.approx(np.full(100, 0.2))

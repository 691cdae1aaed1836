"""Averages of a score, compared with sums by hand."""

from dataclasses import replace

import numpy as np
import pytest

from robustbench_seg.records.cards.protocol import load_protocol
from robustbench_seg.records.values.condition import CLEAN, Condition
from robustbench_seg.results.summaries.summary import summarise

PROTOCOL = load_protocol()
AVERAGES = ("clean", "mean", "retention")


@pytest.fixture
def cells():
    """Three draws of every severity, scored or not."""
    rng = np.random.default_rng(0)
    conditions = [CLEAN, *(Condition(name, s) for name in PROTOCOL.names for s in range(1, 6))]
    return {condition: rng.uniform(10, 80, 3) for condition in conditions}


def test_the_mean_is_over_the_scored_severities(cells):
    found = summarise(cells, PROTOCOL)
    scored = [
        np.mean([cells[Condition(each.name, s)] for s in each.scored], axis=0)
        for each in PROTOCOL.perturbations
    ]
    assert found.mean == pytest.approx(np.mean(scored, axis=0))
    assert found.retention == pytest.approx(100 * np.mean(scored, axis=0) / cells[CLEAN])


def test_no_condition_is_as_one_whose_score_is_nan():
    unknown = summarise({CLEAN: np.full(3, np.nan)}, PROTOCOL)
    nothing = summarise({}, PROTOCOL, (3,))
    for name in AVERAGES:
        np.testing.assert_array_equal(getattr(nothing, name), getattr(unknown, name))
        assert np.isnan(getattr(nothing, name)).all()
    for name in ("perturbations", "categories"):
        one, other = getattr(nothing, name), getattr(unknown, name)
        assert list(one) == list(other)
        for key, values in one.items():
            np.testing.assert_array_equal(values, other[key])


def test_without_clean_images_or_any_right_pixel_there_is_no_retention(cells):
    missing = summarise({c: v for c, v in cells.items() if c != CLEAN}, PROTOCOL)
    zero = summarise({**cells, CLEAN: np.zeros(3)}, PROTOCOL)
    assert np.isnan(missing.clean).all()
    for found in (missing, zero):
        assert np.isnan(found.retention).all()
        assert np.isfinite(found.mean).all()


def test_a_control_has_a_score_and_enters_no_mean(cells):
    *others, control = PROTOCOL.perturbations
    shown = replace(PROTOCOL, perturbations=(*others, replace(control, averaged=False)))
    found, alone = (
        summarise(cells, shown),
        summarise(cells, replace(PROTOCOL, perturbations=tuple(others))),
    )
    for name in AVERAGES:
        np.testing.assert_array_equal(getattr(found, name), getattr(alone, name))
    every = summarise(cells, PROTOCOL)
    np.testing.assert_array_equal(
        found.perturbations[control.name], every.perturbations[control.name]
    )
    assert not np.allclose(found.mean, every.mean)

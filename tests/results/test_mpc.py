"""mPC and rPC, compared with sums by hand."""

from dataclasses import replace

import numpy as np
import pytest

from robustbench_seg.measures import score_infos
from robustbench_seg.records.cards.protocol import load_protocol
from robustbench_seg.records.values.condition import CLEAN, Condition
from robustbench_seg.results.summaries.model_scores import ScoreDraws
from robustbench_seg.results.summaries.mpc import mpc, rpc, with_every_severity
from robustbench_seg.results.summaries.summary import summarise

PROTOCOL = load_protocol()


def score_of(cells, protocol):
    return ScoreDraws(score_infos()["miou"], cells, summarise(cells, protocol))


@pytest.fixture
def cells():
    """Three draws of every severity, scored or not."""
    rng = np.random.default_rng(0)
    return {c: rng.uniform(10, 80, 3) for c in (CLEAN, *PROTOCOL.conditions())}


def test_mpc_is_over_five_severities(cells):
    score = score_of(cells, PROTOCOL)
    every = np.mean([values for c, values in cells.items() if c != CLEAN], axis=0)
    assert mpc(score, PROTOCOL) == pytest.approx(every)
    assert rpc(score, PROTOCOL) == pytest.approx(100 * every / cells[CLEAN])
    assert not np.allclose(every, score.summary.mean)
    whole = summarise(cells, with_every_severity(PROTOCOL))
    assert whole.mean == pytest.approx(every)
    assert whole.retention == pytest.approx(rpc(score, PROTOCOL))


def test_mpc_needs_severities_that_the_mean_does_not(cells):
    del cells[Condition("shot_noise", 4)]
    score = score_of(cells, PROTOCOL)
    assert np.isnan(mpc(score, PROTOCOL)).all()
    assert np.isfinite(score.summary.mean).all()


def test_a_control_does_not_enter_mpc(cells):
    *others, control = PROTOCOL.perturbations
    shown = replace(PROTOCOL, perturbations=(*others, replace(control, averaged=False)))
    alone = replace(PROTOCOL, perturbations=tuple(others))
    found, wanted = (mpc(score_of(cells, each), each) for each in (shown, alone))
    np.testing.assert_array_equal(found, wanted)
    assert not np.allclose(found, mpc(score_of(cells, PROTOCOL), PROTOCOL))


def test_without_clean_images_or_any_right_pixel_there_is_no_rpc(cells):
    missing = score_of({c: v for c, v in cells.items() if c != CLEAN}, PROTOCOL)
    zero = score_of({**cells, CLEAN: np.zeros(3)}, PROTOCOL)
    for score in (missing, zero):
        assert np.isnan(rpc(score, PROTOCOL)).all()
        assert np.isfinite(mpc(score, PROTOCOL)).all()

"""The numbers that sum up a score: which there are, and what each is."""

import numpy as np
import pytest

from robustbench_seg.measures import score_infos
from robustbench_seg.records.cards.perturbation import AttackPerturbation
from robustbench_seg.records.cards.protocol import Protocol, load_protocol
from robustbench_seg.records.values.condition import CLEAN
from robustbench_seg.results.summaries.model_scores import ScoreDraws
from robustbench_seg.results.summaries.summary import summarise
from robustbench_seg.results.summaries.summary_scores import summary_scores

PROTOCOL = load_protocol()
WORST = ["worst_corruption", "worst_condition"]


def averages(name):
    found = summary_scores(PROTOCOL, score_infos()[name])
    return [score.name for score in found if score.kind == "summary"]


def test_which_averages_a_score_has():
    assert averages("miou") == ["mean", "retention", "mPC", "rPC", *WORST]
    assert averages("image_miou") == ["mean", "retention"]
    assert averages("ece") == ["mean"], "of a score that is better low nothing is retained"


def test_the_severities_of_mpc_are_those_of_the_protocol():
    assert PROTOCOL.words.severities_text == "1-5"
    for radii, text in ((3, "1-3"), (1, "1")):
        attack = AttackPerturbation("pgd", "attack", (1,), ({"scale": 0.1},) * radii)
        protocol = Protocol("p", "1", "s", (attack,))
        assert protocol.words.severities_text == text
        found = {each.name: each for each in summary_scores(protocol, score_infos()["miou"])}
        assert found["mPC"].severities_text == text


def test_the_numbers_that_rank():
    rng = np.random.default_rng(0)
    conditions = [CLEAN, *PROTOCOL.conditions()]
    cells = {condition: rng.uniform(10, 80, 4) for condition in conditions}
    info = score_infos()["miou"]
    score = ScoreDraws(info, cells, summarise(cells, PROTOCOL))
    found = {each.name: each for each in summary_scores(PROTOCOL, info)}

    def of(name):
        return found[name].compute(score)

    scored = {
        each.name: [
            v for c, v in cells.items() if c.name == each.name and c.severity in each.scored
        ]
        for each in PROTOCOL.perturbations
    }
    means = np.array([np.mean(values, axis=0) for values in scored.values()])
    assert of("worst_corruption") == pytest.approx(means.min(0))
    assert of("worst_condition") == pytest.approx(np.concatenate([*scored.values()]).min(0))
    assert of("mPC") == pytest.approx(np.mean([cells[c] for c in conditions[1:]], axis=0))
    assert of("mean") == pytest.approx(means.mean(0))
    relative = {each.name for each in found.values() if each.is_relative}
    assert relative == {"retention", "rPC"}
    assert found["mPC"].severities_text == found["rPC"].severities_text == "1-5"

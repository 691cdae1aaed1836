"""Ranks of a ranking: the same verdicts as `verdict`, for many models at once."""

from itertools import combinations
from types import SimpleNamespace

import numpy as np
import pytest

from robustbench_seg.results.comparisons.ranks import shared_ranks
from robustbench_seg.results.comparisons.verdicts import (
    ScoreDifference,
    established_pairs,
    verdicts,
)

UNITS = 40


def draws_of(score: float, seed: int, degrees: int = 0) -> np.ndarray:
    """A score whose draws share the draw of the images with all others."""
    shared = np.random.default_rng(0).normal(0, 2, 1000)
    own = np.random.default_rng(seed)
    trainings = own.normal(score, 0.7, 1000) if degrees else np.full(1000, score)
    return np.concatenate([[score], score + shared + own.normal(0, 0.5, 1000), trainings])


@pytest.mark.parametrize("degrees", [[0] * 9, [0, 2, 0, 0, 3, 0, 0, 1, 0]])
@pytest.mark.parametrize("units", [1, 3, UNITS])
def test_verdicts_are_those_of_pairs(degrees, units):
    scores = [70.0, 69.6, 69.5, 68.0, 68.0, 67.9, 60.0, 59.0, 58.8]
    draws = [draws_of(s, n, d) for n, (s, d) in enumerate(zip(scores, degrees, strict=True), 1)]
    draws[5][17] = np.nan
    compared = np.ones((9, 9), bool)
    compared[2, 7] = compared[7, 2] = False
    pairs = [pair for pair in combinations(range(9), 2) if compared[pair]]
    models = [SimpleNamespace(units=units, degrees=d) for d in degrees]
    family = [ScoreDifference.of(models[a], models[b], draws[a], draws[b]) for a, b in pairs]
    wanted = np.zeros((9, 9), bool)
    for (a, b), verdict in zip(pairs, verdicts(family), strict=True):
        wanted[a, b] = wanted[b, a] = verdict.is_established
    found = established_pairs(draws, units, degrees, compared)
    np.testing.assert_array_equal(found, wanted)
    if units == UNITS and not any(degrees):
        assert 0 < found.sum() < found.size  # otherwise the comparison is empty


def test_no_models_have_no_pairs():
    assert established_pairs([], 0, [], np.zeros((0, 0), bool)).shape == (0, 0)


def test_the_first_of_a_place_keeps_it():
    """2 ties with 1 and with 3, but 1 is better than 3: 3 begins a new rank."""
    tied = {(0, 1), (1, 2)}
    assert shared_ranks(4, lambda a, b: (a, b) in tied) == ("1=", "1=", "3", "4")

"""Two models side by side: every score with its interval, the differences, and verdicts.

A verdict is given for the mean over the corruptions, which is one question, and for each of the
corruptions, which are a family (see verdict). The intervals are not adjusted: each has 95 % on its
own.
"""

import math
from typing import get_args

import numpy as np
import pandas as pd

from robustbench_seg.records.cards.protocol import Protocol
from robustbench_seg.results.comparisons.comparability import check_comparable
from robustbench_seg.results.comparisons.compared_scores import (
    ComparedScore,
    Family,
    compared_scores,
)
from robustbench_seg.results.comparisons.corruption_degradation import Reference
from robustbench_seg.results.comparisons.verdicts import ScoreDifference, Verdict, verdicts
from robustbench_seg.results.models.scored_model import ScoredModel
from robustbench_seg.results.statistics.draws import Draws, score_of
from robustbench_seg.results.statistics.intervals import degrees_of_ratio, score_interval

COMPARISON_COLUMNS = [
    *("kind", "score", "severities", "A", "A_low", "A_high", "B", "B_low", "B_high"),
    *("difference", "low", "high", "p", "p_holm", "verdict", "reason"),
]


def compare_models(
    a: ScoredModel, b: ScoredModel, protocol: Protocol, reference: Reference
) -> pd.DataFrame:
    """Compare every score of two models.

    Args:
        a: Model A.
        b: Model B.
        protocol: The protocol of both.
        reference: The reference of CD and rCD.

    Returns:
        A row for each score, in percent. Columns: kind (clean, condition, corruption, category,
        summary, CD, rCD; the name of any further score, such as image_miou), score (its scope),
        severities (which it averages), A, A_low, A_high, B, B_low, B_high, difference (A - B), low,
        high (95 % intervals of a paired bootstrap; empty for a single unit), p (two-sided, of the
        same draws), and for the mean and the corruptions p_holm (adjusted for the family) and
        verdict (A, B: which is better; open: no significant difference); reason (why a score is
        missing).

    Raises:
        ResultsError: The two cannot be compared (see check_comparable).
    """
    check_comparable(a, b)
    lines = list(compared_scores(a, b, protocol, reference))
    differences = [
        ScoreDifference.of(a.scores, b.scores, line.a, line.b, line.reference_degrees)
        for line in lines
    ]
    judged = dict[int, Verdict]()
    for family in get_args(Family):
        places = [place for place, line in enumerate(lines) if line.family == family]
        found = verdicts([differences[place] for place in places])
        judged |= zip(places, found, strict=True)
    rows = [
        (
            line.kind,
            line.name,
            line.severities_text,
            *_estimate(a, line.a, line),
            *_estimate(b, line.b, line),
            *(difference.points, *difference.interval, difference.p),
            judged[place].p if place in judged else np.nan,
            judged[place].better if place in judged else "",
            _reason(a, b, line),
        )
        for place, (line, difference) in enumerate(zip(lines, differences, strict=True))
    ]
    return pd.DataFrame(rows, columns=COMPARISON_COLUMNS)


def _estimate(model: ScoredModel, draws: Draws, line: ComparedScore) -> tuple[float, float, float]:
    """Return the score of one of the two models and the ends of its interval."""
    degrees = degrees_of_ratio(model.scores.degrees, line.reference_degrees)
    low, high = score_interval(draws, model.scores.units, degrees, limits=line.limits)
    return score_of(draws), low, high


def _reason(a: ScoredModel, b: ScoredModel, line: ComparedScore) -> str:
    """Return why a model lacks the score or some trainings. Empty if neither model does."""
    labels = dict[str, list[str]]()
    for label, model, draws in (("A", a, line.a), ("B", b, line.b)):
        if math.isnan(score_of(draws)):
            labels.setdefault(line.reason(model), []).append(label)
        elif line.key in model.scores.by_key and (of := model.scores.trainings_text(line.key)):
            labels.setdefault(f"of {of} trainings", []).append(label)
    return "; ".join(f"{' and '.join(models)}: {why}" for why, models in labels.items())

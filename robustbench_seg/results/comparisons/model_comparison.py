"""Two models side by side: every score with its interval, the differences, and verdicts.

A verdict is given for the mean over the corruptions, which is one question, and for each of the
corruptions, which are a family (see verdict). The intervals are not adjusted: each is one of 95 %
by itself.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import pandas as pd

from robustbench_seg.measures import (
    CONFIDENCE,
    LEAST_IMAGES,
    LIKELIHOOD_SCORES,
    SCALED_CONFIDENCE,
    WorstImages,
)
from robustbench_seg.records.cards.perturbation import Perturbation
from robustbench_seg.records.cards.protocol import Protocol
from robustbench_seg.records.runs.class_map_record import NO_LIKELIHOOD
from robustbench_seg.records.values.condition import CLEAN, Condition
from robustbench_seg.results.comparisons.comparability import check_comparable
from robustbench_seg.results.comparisons.corruption_degradation import Reference, degradation
from robustbench_seg.results.comparisons.verdicts import ScoreDifference, Verdict, verdicts
from robustbench_seg.results.models.scored_model import ScoredModel
from robustbench_seg.results.statistics.draws import Draws
from robustbench_seg.results.statistics.intervals import PERCENT, UNBOUNDED, score_interval
from robustbench_seg.results.summaries.model_scores import RANKING_SCORE, ScoreDraws
from robustbench_seg.results.summaries.summary import with_every_severity
from robustbench_seg.results.summaries.summary_scores import (
    SummaryScore,
    every_severity,
    summary_scores,
)

COMPARISON_COLUMNS = [
    *("kind", "score", "severities", "A", "A_low", "A_high", "B", "B_low", "B_high"),
    *("difference", "low", "high", "p", "p_holm", "verdict", "reason"),
]

_OF_CONFIDENCE = {info.name for info in (*CONFIDENCE.infos, *SCALED_CONFIDENCE.infos)}
"""Scores that some segmenters cannot give."""

NO_REFERENCE = "the reference has no such score, or loses less than a point"


@dataclass(frozen=True, eq=False)
class _Compared:
    """One score of two models.

    Attributes:
        kind: Column `kind`.
        score: Column `score`.
        severities: Column `severities`.
        a: Draws of A.
        b: Draws of B.
        reason: Returns why a model lacks it.
        limits: The smallest and largest value that it can have.
        degrees: Degrees of freedom of what both are related to.
    """

    kind: str
    score: str
    severities: str
    a: Draws
    b: Draws
    reason: Callable[[ScoredModel], str]
    limits: tuple[float, float] = field(default=PERCENT, kw_only=True)
    degrees: int = field(default=0, kw_only=True)


def _is_mean(line: _Compared) -> bool:
    return (line.kind, line.score) == ("summary", "mean")


def _is_corruption(line: _Compared) -> bool:
    return line.kind == "corruption"


FAMILIES = (_is_mean, _is_corruption)
"""Which lines are judged; those of one kind together."""


def compare_models(
    a: ScoredModel, b: ScoredModel, protocol: Protocol, reference: Reference
) -> pd.DataFrame:
    """Compare every score of two models.

    Args:
        a: Model A.
        b: Model B.
        protocol: What both were scored under.
        reference: What CD and rCD are relative to.

    Returns:
        A row for each score, in percent. Columns: kind (clean, condition, corruption, category,
        summary, CD, rCD; the name of any further score, such as image_miou), score (what it is
        of), severities (which it averages), A, A_low, A_high, B, B_low, B_high, difference (A - B),
        low, high (95 % intervals of a bootstrap in pairs; none of a single unit), p (two-sided, of
        the same draws), and for the mean and the corruptions p_holm (adjusted for the family) and
        verdict (A, B: which is better; open: neither is shown to be); reason (why a score is
        missing).

    Raises:
        ResultsError: The two do not compare (see check_comparable).
    """
    check_comparable(a, b)
    lines = list(_lines(a, b, protocol, reference))
    differences = [
        ScoreDifference.of(a.scores, b.scores, line.a, line.b, line.degrees) for line in lines
    ]
    judged = dict[int, Verdict]()
    for family in FAMILIES:
        places = [place for place, line in enumerate(lines) if family(line)]
        found = verdicts([differences[place] for place in places])
        judged |= zip(places, found, strict=True)
    rows = [
        (
            *(line.kind, line.score, line.severities),
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


def _estimate(model: ScoredModel, draws: Draws, line: _Compared) -> tuple[float, float, float]:
    """Return the score of one of the two models and the ends of its interval."""
    degrees = model.scores.degrees + line.degrees
    low, high = score_interval(draws, model.scores.units, degrees, limits=line.limits)
    return float(draws[0]), low, high


def _lines(
    a: ScoredModel, b: ScoredModel, protocol: Protocol, reference: Reference
) -> Iterator[_Compared]:
    one, two = (model.scores.by_name[RANKING_SCORE] for model in (a, b))
    for score in summary_scores(protocol, one.info):
        kind = "summary" if score.kind == "average" else score.kind
        yield _compared(kind, score, one, two, partial(_why_unscored, kind, score, protocol))
        if score.kind == "clean":
            for condition in protocol.conditions():
                first, second = one.cell(condition), two.cell(condition)
                name, severity = condition.name, str(condition.severity)
                why = partial(_why_incomplete, "condition", name)
                yield _Compared("condition", name, severity, first, second, why)
    summaries = a.scores.summary, b.scores.summary
    lost, other = (degradation(s.clean, s.corruptions, reference) for s in summaries)
    yield from _degradation_lines("CD", lost.cd, other.cd, protocol, reference.degrees)
    yield from _degradation_lines("rCD", lost.rcd, other.rcd, protocol, reference.degrees)
    yield from _measure_lines(a, b, protocol)


def _degradation_lines(
    kind: str,
    a: Mapping[str, Draws],
    b: Mapping[str, Draws],
    protocol: Protocol,
    degrees: int,
) -> Iterator[_Compared]:
    """The lines of CD or rCD: each corruption, and the mean over them."""
    for spec in protocol.perturbations:
        name, severities = spec.name, spec.scored_text
        why = partial(_why_unrelated, name)
        yield _Compared(
            kind, name, severities, a[name], b[name], why, limits=UNBOUNDED, degrees=degrees
        )
    one, two = (np.asarray(np.mean([*draws.values()], axis=0)) for draws in (a, b))
    why = partial(_why_no_average, RANKING_SCORE, protocol.perturbations, kind == "rCD")
    yield _Compared("summary", kind, "scored", one, two, why, limits=UNBOUNDED, degrees=degrees)


def _measure_lines(a: ScoredModel, b: ScoredModel, protocol: Protocol) -> Iterator[_Compared]:
    """The lines of every score but the one that ranks; their kind is the score's name.

    Scores of confidence are left out where neither model has some.
    """
    for name, one in a.scores.by_name.items():
        other = b.scores.by_name.get(name)
        if name == RANKING_SCORE or other is None:
            continue
        if name in _OF_CONFIDENCE and not (one.conditions or other.conditions):
            continue
        for score in summary_scores(protocol, one.info):
            if score.kind != "category":
                why = partial(_why_unmeasured, name, score, protocol)
                yield _compared(name, score, one, other, why)


def _compared(
    kind: str,
    score: SummaryScore,
    a: ScoreDraws,
    b: ScoreDraws,
    reason: Callable[[ScoredModel], str],
) -> _Compared:
    severities = "" if score.kind == "clean" else score.severities or "scored"
    draws = score.draws(a), score.draws(b)
    return _Compared(kind, score.name, severities, *draws, reason, limits=score.limits)


def _reason(a: ScoredModel, b: ScoredModel, line: _Compared) -> str:
    """Say why a model lacks the score or some trainings. Empty if neither model does."""
    labels = dict[str, list[str]]()
    for label, model, draws in (("A", a, line.a), ("B", b, line.b)):
        if np.isnan(draws[0]):
            labels.setdefault(line.reason(model), []).append(label)
        elif line.kind in model.scores.by_name and (of := model.scores.of_trainings(line.kind)):
            labels.setdefault(f"of {of} trainings", []).append(label)
    return "; ".join(f"{' and '.join(models)}: {why}" for why, models in labels.items())


def _why_unmeasured(key: str, score: SummaryScore, protocol: Protocol, model: ScoredModel) -> str:
    """Return why a model lacks a summary of a score other than the one that ranks."""
    if key in LIKELIHOOD_SCORES and model.records[0].key.class_map:
        return f"no {key}: {NO_LIKELIHOOD}"
    if not model.scores.by_name[key].conditions:
        why = model.records[0].about.no_confidence if key in _OF_CONFIDENCE else None
        return f"no {key}: {why}" if why else f"no image has {key}; evaluate again to add it"
    if key in (info.key for info in WorstImages.infos) and len(model.scores.images) < LEAST_IMAGES:
        return f"{key} needs {LEAST_IMAGES} images"
    return _why_unscored(key, score, protocol, model)


def _why_unscored(kind: str, score: SummaryScore, protocol: Protocol, model: ScoredModel) -> str:
    """Return why a model lacks a summary of a score; `kind`: column `kind`."""
    if score.kind in ("clean", "corruption"):
        return _why_incomplete(kind, score.name, model)
    every = score.severities == every_severity(protocol)
    specs = (with_every_severity(protocol) if every else protocol).perturbations
    if score.kind == "category":
        specs = tuple(spec for spec in specs if spec.category == score.name)
    key = kind if kind in model.scores.by_name else RANKING_SCORE
    return _why_no_average(key, specs, score.is_relative, model)


def _why_incomplete(kind: str, corruption: str, model: ScoredModel) -> str:
    return model.missing.get(corruption, f"not every image has {kind}")


def _why_unrelated(corruption: str, model: ScoredModel) -> str:
    """Return why a model has no CD or rCD of a corruption."""
    return model.missing.get(corruption, NO_REFERENCE)


def _why_no_average(
    key: str, specs: Sequence[Perturbation], is_relative: bool, model: ScoredModel
) -> str:
    """Return which cells an average of the score `key` over `specs` lacks."""
    scores = model.scores.by_name[key]
    names = [
        spec.name
        for spec in specs
        if any(np.isnan(scores.cell(Condition(spec.name, s))[0]) for s in spec.scored)
    ]
    if is_relative and np.isnan(scores.summary.clean[0]):
        names.insert(0, CLEAN.name)
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return f"lacks {', '.join(names[:3])}{more}" if names else NO_REFERENCE

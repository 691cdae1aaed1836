"""The scores in which two models are compared: one line of the table each, with its draws."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

from robustbench_seg.records.cards.protocol import Protocol
from robustbench_seg.results.comparisons.corruption_degradation import (
    Degradation,
    Reference,
    degradation,
)
from robustbench_seg.results.comparisons.missing_scores import (
    OF_CONFIDENCE,
    why_incomplete,
    why_no_average,
    why_unmeasured,
    why_unrelated,
    why_unscored,
)
from robustbench_seg.results.models.scored_model import ScoredModel
from robustbench_seg.results.statistics.draws import Draws
from robustbench_seg.results.statistics.intervals import PERCENT, UNBOUNDED
from robustbench_seg.results.summaries.model_scores import RANKING_SCORE, ScoreDraws
from robustbench_seg.results.summaries.summary_scores import SummaryScore, summary_scores

LineKind = Literal[
    "clean", "condition", "corruption", "category", "summary", "CD", "rCD", "further score"
]
"""The kind of a line: all kinds but the last belong to the score that ranks."""

Family = Literal["mean", "perturbations"]
"""A family of lines that are judged together."""


@dataclass(frozen=True, eq=False, kw_only=True)
class ComparedScore:
    """One score of two models.

    Attributes:
        kind: Its kind.
        key: The score that it summarises, such as "image_miou".
        name: Its scope: a corruption, a category, or a summary such as "mean".
        severities: The severities that it averages.
        a: Draws of A.
        b: Draws of B.
        reason: Returns why a model lacks it.
        limits: The smallest and largest value that it can have.
        degrees: Degrees of freedom of the reference to which both are related.
        family: The family of lines with which it is judged; None: it is not judged.
    """

    kind: LineKind
    key: str = RANKING_SCORE
    name: str
    severities: str
    a: Draws
    b: Draws
    reason: Callable[[ScoredModel], str]
    limits: tuple[float, float] = PERCENT
    degrees: int = 0
    family: Family | None = None

    @property
    def label(self) -> str:
        """Column `kind` of the table; further scores have their own name there."""
        return self.key if self.kind == "further score" else self.kind


def compared_scores(
    a: ScoredModel, b: ScoredModel, protocol: Protocol, reference: Reference
) -> Iterator[ComparedScore]:
    """Yield every score of two models.

    Args:
        a: Model A.
        b: Model B.
        protocol: The protocol of both.
        reference: The reference of CD and rCD.
    """
    one, two = (model.scores.by_key[RANKING_SCORE] for model in (a, b))
    for score in summary_scores(protocol, one.info):
        why = partial(why_unscored, kind=score.kind, key=RANKING_SCORE, score=score)
        line = _summary(score.kind, RANKING_SCORE, score, one, two, why)
        yield replace(line, family=_family(score, protocol))
        if score.kind == "clean":
            yield from _conditions(one, two, protocol)
    lost, other = (_degradation(model, protocol, reference) for model in (a, b))
    yield from _related("CD", lost.cd, other.cd, protocol, reference.degrees)
    yield _mean_related("CD", lost.mean_cd, other.mean_cd, protocol, reference.degrees)
    yield from _related("rCD", lost.rcd, other.rcd, protocol, reference.degrees)
    yield _mean_related("rCD", lost.mean_rcd, other.mean_rcd, protocol, reference.degrees)
    yield from _further_scores(a, b, protocol)


def _family(score: SummaryScore, protocol: Protocol) -> Family | None:
    """The family of a summary of the score that ranks."""
    if score.kind == "corruption" and score.name in protocol.averaged_names:
        return "perturbations"
    return "mean" if (score.kind, score.name) == ("summary", "mean") else None


def _conditions(one: ScoreDraws, two: ScoreDraws, protocol: Protocol) -> Iterator[ComparedScore]:
    """The lines of the score that ranks under each condition."""
    for condition in protocol.conditions():
        yield ComparedScore(
            kind="condition",
            name=condition.name,
            severities=str(condition.severity),
            a=one.cell(condition),
            b=two.cell(condition),
            reason=partial(why_incomplete, kind="condition", perturbation=condition.name),
        )


def _degradation(model: ScoredModel, protocol: Protocol, reference: Reference) -> Degradation:
    """CD and rCD of the perturbations in the mean."""
    summary = model.scores.summary
    averaged = {name: summary.perturbations[name] for name in protocol.averaged_names}
    return degradation(summary.clean, averaged, reference)


def _related(
    kind: Literal["CD", "rCD"],
    a: Mapping[str, Draws],
    b: Mapping[str, Draws],
    protocol: Protocol,
    degrees: int,
) -> Iterator[ComparedScore]:
    """The lines of CD or rCD of each perturbation."""
    for perturbation in protocol.averaged:
        name = perturbation.name
        yield ComparedScore(
            kind=kind,
            name=name,
            severities=perturbation.scored_text,
            a=a[name],
            b=b[name],
            reason=partial(why_unrelated, perturbation=name),
            limits=UNBOUNDED,
            degrees=degrees,
        )


def _mean_related(
    kind: Literal["CD", "rCD"], a: Draws, b: Draws, protocol: Protocol, degrees: int
) -> ComparedScore:
    """The line of the mean of CD or rCD."""
    over, is_relative = protocol.averaged, kind == "rCD"
    return ComparedScore(
        kind="summary",
        name=kind,
        severities="scored",
        a=a,
        b=b,
        reason=partial(why_no_average, key=RANKING_SCORE, over=over, is_relative=is_relative),
        limits=UNBOUNDED,
        degrees=degrees,
    )


def _further_scores(a: ScoredModel, b: ScoredModel, protocol: Protocol) -> Iterator[ComparedScore]:
    """The lines of every score except the one that ranks.

    A score of only one model is left out, also a group that has other classes in the other model.
    Confidence scores are left out if neither model has any.
    """
    for key, one in a.scores.by_key.items():
        other = b.scores.by_key.get(key)
        if key == RANKING_SCORE or other is None or other.info != one.info:
            continue
        if key in OF_CONFIDENCE and not (one.conditions or other.conditions):
            continue
        for score in summary_scores(protocol, one.info):
            if score.kind != "category":
                why = partial(why_unmeasured, key=key, score=score)
                yield _summary("further score", key, score, one, other, why)


def _summary(
    kind: LineKind,
    key: str,
    score: SummaryScore,
    a: ScoreDraws,
    b: ScoreDraws,
    why: Callable[[ScoredModel], str],
) -> ComparedScore:
    return ComparedScore(
        kind=kind,
        key=key,
        name=score.name,
        severities="" if score.kind == "clean" else score.severities or "scored",
        a=score.draws(a),
        b=score.draws(b),
        reason=why,
        limits=score.limits,
    )

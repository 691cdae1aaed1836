"""The scores in which two models are compared: one line of the table each, with its draws."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

from robustbench_seg.records.cards.protocol import Protocol
from robustbench_seg.results.comparisons.corruption_degradation import (
    Degradation,
    DegradationKind,
    Reference,
    degradations,
)
from robustbench_seg.results.comparisons.missing_scores import (
    OF_CONFIDENCE,
    why_no_average,
    why_no_condition,
    why_no_degradation,
    why_no_summary,
)
from robustbench_seg.results.models.scored_model import ScoredModel
from robustbench_seg.results.statistics.draws import Draws
from robustbench_seg.results.statistics.intervals import PERCENT, UNBOUNDED
from robustbench_seg.results.summaries.model_scores import RANKING_SCORE, ScoreDraws
from robustbench_seg.results.summaries.summary_scores import (
    SummaryKind,
    SummaryScore,
    summary_scores,
)

Scope = SummaryKind | Literal["condition"]
"""The images of a score: those of a summary score, or those of one condition."""

Family = Literal["mean", "perturbations"]
"""A family of lines that are judged together."""


@dataclass(frozen=True, eq=False, kw_only=True)
class ComparedScore:
    """One score of two models.

    Attributes:
        scope: The images that it is about.
        key: The score: the one that ranks, "CD" or "rCD" of a perturbation, or a further score such
            as "image_miou". A summary of CD is a summary of the score that ranks.
        name: A corruption, a category, or a summary such as "mean" or "CD".
        severities_text: The severities that it averages.
        a: Draws of A.
        b: Draws of B.
        reason: Returns why a model lacks it.
        limits: The smallest and largest value that it can have.
        reference_degrees: Degrees of freedom of the reference to which both are relative.
        family: The family of lines with which it is judged; None: it is not judged.
    """

    scope: Scope
    key: str = RANKING_SCORE
    name: str
    severities_text: str
    a: Draws
    b: Draws
    reason: Callable[[ScoredModel], str]
    limits: tuple[float, float] = PERCENT
    reference_degrees: int = 0
    family: Family | None = None

    @property
    def kind(self) -> str:
        """Column `kind` of the table: the scope, or the score if it is not the one that ranks."""
        return self.scope if self.key == RANKING_SCORE else self.key


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
    of_a, of_b = (model.scores.by_key[RANKING_SCORE] for model in (a, b))
    for score in summary_scores(protocol, of_a.info):
        yield replace(_summary(score, of_a, of_b), family=_family(score, protocol))
        if score.kind == "clean":
            yield from _conditions(of_a, of_b, protocol)
    lost_a, lost_b = (_degradations(model, protocol, reference) for model in (a, b))
    for kind, lost in lost_a.items():
        yield from _degradation_lines(kind, lost, lost_b[kind], protocol, reference)
    yield from _further_scores(a, b, protocol)


def _family(score: SummaryScore, protocol: Protocol) -> Family | None:
    """The family of a summary of the score that ranks."""
    if score.kind == "corruption" and score.name in protocol.averaged_names:
        return "perturbations"
    return "mean" if (score.kind, score.name) == ("summary", "mean") else None


def _summary(score: SummaryScore, a: ScoreDraws, b: ScoreDraws) -> ComparedScore:
    """The line of a summary of the score that `a` and `b` are."""
    key = a.info.key
    return ComparedScore(
        scope=score.kind,
        key=key,
        name=score.name,
        severities_text="" if score.kind == "clean" else score.severities_text or "scored",
        a=score.compute(a),
        b=score.compute(b),
        reason=partial(why_no_summary, key=key, score=score),
        limits=score.limits,
    )


def _conditions(a: ScoreDraws, b: ScoreDraws, protocol: Protocol) -> Iterator[ComparedScore]:
    """The lines of the score that ranks under each condition."""
    for condition in protocol.conditions():
        yield ComparedScore(
            scope="condition",
            name=condition.name,
            severities_text=str(condition.severity),
            a=a.cell(condition),
            b=b.cell(condition),
            reason=partial(why_no_condition, key=RANKING_SCORE, perturbation=condition.name),
        )


def _degradations(
    model: ScoredModel, protocol: Protocol, reference: Reference
) -> Mapping[DegradationKind, Degradation]:
    """CD and rCD of the perturbations in the mean."""
    summary = model.scores.summary
    averaged = {name: summary.perturbations[name] for name in protocol.averaged_names}
    return degradations(summary.clean, averaged, reference)


def _degradation_lines(
    kind: DegradationKind,
    a: Degradation,
    b: Degradation,
    protocol: Protocol,
    reference: Reference,
) -> Iterator[ComparedScore]:
    """The lines of CD or rCD: of each perturbation, and the mean."""
    line = partial(ComparedScore, limits=UNBOUNDED, reference_degrees=reference.degrees)
    for perturbation in protocol.averaged:
        yield line(
            scope="corruption",
            key=kind,
            name=perturbation.name,
            severities_text=perturbation.scored_text,
            a=a.perturbations[perturbation.name],
            b=b.perturbations[perturbation.name],
            reason=partial(why_no_degradation, perturbation=perturbation.name),
        )
    over, is_relative = protocol.averaged, kind == "rCD"
    yield line(
        scope="summary",
        name=kind,
        severities_text="scored",
        a=a.mean,
        b=b.mean,
        reason=partial(why_no_average, key=RANKING_SCORE, over=over, is_relative=is_relative),
    )


def _further_scores(a: ScoredModel, b: ScoredModel, protocol: Protocol) -> Iterator[ComparedScore]:
    """The lines of every score except the one that ranks.

    A score of only one model is left out, also a group that has other classes in the other model.
    Confidence scores are left out if neither model has any.
    """
    for key, of_a in a.scores.by_key.items():
        of_b = b.scores.by_key.get(key)
        if key == RANKING_SCORE or of_b is None or of_b.info != of_a.info:
            continue
        if key in OF_CONFIDENCE and not (of_a.conditions or of_b.conditions):
            continue
        for score in summary_scores(protocol, of_a.info):
            if score.kind != "category":
                yield _summary(score, of_a, of_b)

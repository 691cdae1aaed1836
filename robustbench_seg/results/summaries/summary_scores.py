"""The list of summary scores: the name of each, and how to compute it from the scores of cells.

Tables of scores, comparisons of models and leaderboards show the summary scores of this list.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

from robustbench_seg.measures import ScoreInfo
from robustbench_seg.records.cards.perturbation import Perturbation
from robustbench_seg.records.cards.protocol import Protocol
from robustbench_seg.records.values.condition import CLEAN
from robustbench_seg.results.statistics.draws import Draws
from robustbench_seg.results.statistics.intervals import UNBOUNDED
from robustbench_seg.results.summaries.model_scores import RANKING_SCORE, ScoreDraws
from robustbench_seg.results.summaries.summary import with_every_severity
from robustbench_seg.results.summaries.worst_case import worst_condition, worst_corruption

SummaryKind = Literal["clean", "corruption", "category", "summary"]
"""The scope of a summary score: clean images, a perturbation, a category, or all perturbations."""


@dataclass(frozen=True, eq=False)
class SummaryScore:
    """One number that summarises a score of a model.

    Attributes:
        kind: Its scope.
        name: The perturbation or category; "clean"; or the name of the summary, such as "mean".
        label: Its name on pages.
        severities: The severities that it averages, such as "1-3"; "0" is clean. None: those that
            the protocol scores for each perturbation.
        limits: The smallest and the largest possible value.
        draws: Computes it from the draws of a model's score.
        over: The perturbations that it summarises, with these severities as their scored ones.
        category: The category it belongs to, or "clean". None for a summary of all perturbations.
        is_relative: Whether it is relative to the clean score.
    """

    kind: SummaryKind
    name: str
    label: str
    severities: str | None
    limits: tuple[float, float]
    draws: Callable[[ScoreDraws], Draws]
    over: Sequence[Perturbation]
    category: str | None = None
    is_relative: bool = False


def every_severity(protocol: Protocol) -> str:
    """Return all severities of a protocol, such as "1-5"."""
    first, last = protocol.severities[0], protocol.severities[-1]
    return f"{first}-{last}" if first < last else str(first)


def summary_scores(protocol: Protocol, info: ScoreInfo) -> Sequence[SummaryScore]:
    """List the summary scores of a score under a protocol.

    Args:
        protocol: The protocol, which names the perturbations and severities.
        info: The score. Retention exists only if higher values are better. The averages listed
            after retention exist only for the score that ranks.

    Returns:
        Clean, each perturbation, each category, and the averages over the perturbations.
    """
    limits, every = info.limits, every_severity(protocol)
    scored, all_scored = protocol.averaged, with_every_severity(protocol).averaged
    name, clean = CLEAN.name, str(CLEAN.severity)
    found = [
        SummaryScore("clean", name, name, clean, limits, lambda s: s.summary.clean, (), name),
        *_parts(protocol, limits),
        _summary(
            "mean", f"mean of {protocol.averaged_text}", limits, lambda s: s.summary.mean, scored
        ),
    ]
    if info.higher_is_better:
        found.append(
            _ratio("retention", "retention (mean / clean)", lambda s: s.summary.retention, scored)
        )
    if info.name == RANKING_SCORE:
        found += [
            _summary(
                "mPC",
                f"mPC (severities {every})",
                limits,
                lambda s: s.summary.mpc,
                all_scored,
                every,
            ),
            _ratio("rPC", "rPC (mPC / clean)", lambda s: s.summary.rpc, all_scored, every),
            _summary(
                "worst_corruption",
                f"worst {protocol.noun}",
                limits,
                partial(worst_corruption, protocol=protocol),
                scored,
            ),
            _summary(
                "worst_condition",
                "worst condition",
                limits,
                partial(worst_condition, protocol=protocol),
                scored,
            ),
        ]
    return found


def _parts(protocol: Protocol, limits: tuple[float, float]) -> Sequence[SummaryScore]:
    """Return the summary scores of each perturbation and of each category."""

    def of_perturbation(score: ScoreDraws, name: str) -> Draws:
        return score.summary.perturbations[name]

    def of_category(score: ScoreDraws, name: str) -> Draws:
        return score.summary.categories[name]

    found = []
    for perturbation in protocol.perturbations:
        found.append(
            SummaryScore(
                kind="corruption",
                name=perturbation.name,
                label=perturbation.name.replace("_", " "),
                severities=perturbation.scored_text,
                limits=limits,
                draws=partial(of_perturbation, name=perturbation.name),
                over=(perturbation,),
                category=perturbation.category,
            )
        )
    for name, perturbations in protocol.by_category.items():
        levels = ", ".join(dict.fromkeys(each.scored_text for each in perturbations))
        draws = partial(of_category, name=name)
        found.append(
            SummaryScore("category", name, name, levels, limits, draws, perturbations, name)
        )
    return found


def _summary(
    name: str,
    label: str,
    limits: tuple[float, float],
    draws: Callable[[ScoreDraws], Draws],
    over: Sequence[Perturbation],
    severities: str | None = None,
) -> SummaryScore:
    return SummaryScore("summary", name, label, severities, limits, draws, over)


def _ratio(
    name: str,
    label: str,
    draws: Callable[[ScoreDraws], Draws],
    over: Sequence[Perturbation],
    severities: str | None = None,
) -> SummaryScore:
    return SummaryScore(
        "summary", name, label, severities, UNBOUNDED, draws, over, is_relative=True
    )

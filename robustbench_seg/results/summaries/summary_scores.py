"""The list of summary scores, and how each follows from the draws of a model's score.

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
from robustbench_seg.results.summaries.mpc import mpc, rpc, with_every_severity
from robustbench_seg.results.summaries.worst_case import worst_condition, worst_corruption

SummaryKind = Literal["clean", "corruption", "category", "summary"]
"""The scope of a summary score: clean images, a perturbation, a category, or all perturbations."""


@dataclass(frozen=True, eq=False, kw_only=True)
class SummaryScore:
    """One number that summarises a score of a model.

    Attributes:
        kind: Its scope.
        name: The perturbation or category; "clean"; or the name of the summary, such as "mean".
        label: Its name on pages.
        severities_text: The severities that it averages, such as "1-3"; "0" is clean. None: those
            that the protocol scores for each perturbation.
        limits: The smallest and the largest possible value.
        compute: Computes it, and its draws, from a score of a model.
        over: The perturbations that it summarises, with these severities as their scored ones.
        category: The category it belongs to, or "clean". None for a summary of all perturbations.
        is_relative: Whether it is relative to the clean score.
    """

    kind: SummaryKind
    name: str
    label: str
    severities_text: str | None
    limits: tuple[float, float]
    compute: Callable[[ScoreDraws], Draws]
    over: Sequence[Perturbation]
    category: str | None = None
    is_relative: bool = False


def summary_scores(protocol: Protocol, info: ScoreInfo) -> Sequence[SummaryScore]:
    """List the summary scores of a score under a protocol.

    Args:
        protocol: The protocol, which names the perturbations and severities.
        info: The score. Retention exists only if higher values are better. The averages listed
            after retention exist only for the score that ranks.

    Returns:
        Clean, each perturbation, each category, and the averages over the perturbations.
    """
    return [
        _clean(info),
        *(_of_perturbation(each, info) for each in protocol.perturbations),
        *(_of_category(name, members, info) for name, members in protocol.by_category.items()),
        *_of_protocol(protocol, info),
    ]


def _clean(info: ScoreInfo) -> SummaryScore:
    """The score of the clean images."""
    return SummaryScore(
        kind="clean",
        name=CLEAN.name,
        label=CLEAN.name,
        severities_text=str(CLEAN.severity),
        limits=info.limits,
        compute=lambda score: score.summary.clean,
        over=(),
        category=CLEAN.name,
    )


def _of_perturbation(perturbation: Perturbation, info: ScoreInfo) -> SummaryScore:
    """The mean over the scored severities of a perturbation."""
    return SummaryScore(
        kind="corruption",
        name=perturbation.name,
        label=perturbation.name.replace("_", " "),
        severities_text=perturbation.scored_text,
        limits=info.limits,
        compute=lambda score: score.summary.perturbations[perturbation.name],
        over=(perturbation,),
        category=perturbation.category,
    )


def _of_category(name: str, members: Sequence[Perturbation], info: ScoreInfo) -> SummaryScore:
    """The mean over the perturbations of a category."""
    return SummaryScore(
        kind="category",
        name=name,
        label=name,
        severities_text=", ".join(dict.fromkeys(each.scored_text for each in members)),
        limits=info.limits,
        compute=lambda score: score.summary.categories[name],
        over=members,
        category=name,
    )


def _of_protocol(protocol: Protocol, info: ScoreInfo) -> Sequence[SummaryScore]:
    """The averages and worst cases over the averaged perturbations of a protocol."""
    scored = partial(SummaryScore, kind="summary", severities_text=None, over=protocol.averaged)
    found = [
        scored(
            name="mean",
            label=f"mean of {protocol.words.averaged_text}",
            limits=info.limits,
            compute=lambda score: score.summary.mean,
        )
    ]
    if info.higher_is_better:
        retention = scored(
            name="retention",
            label="retention (mean / clean)",
            limits=UNBOUNDED,
            compute=lambda score: score.summary.retention,
            is_relative=True,
        )
        found.append(retention)
    if info.name != RANKING_SCORE:
        return found
    every = partial(
        SummaryScore,
        kind="summary",
        severities_text=protocol.words.severities_text,
        over=with_every_severity(protocol).averaged,
    )
    return [
        *found,
        every(
            name="mPC",
            label=f"mPC (severities {protocol.words.severities_text})",
            limits=info.limits,
            compute=partial(mpc, protocol=protocol),
        ),
        every(
            name="rPC",
            label="rPC (mPC / clean)",
            limits=UNBOUNDED,
            compute=partial(rpc, protocol=protocol),
            is_relative=True,
        ),
        scored(
            name="worst_corruption",
            label=f"worst {protocol.words.noun}",
            limits=info.limits,
            compute=partial(worst_corruption, protocol=protocol),
        ),
        scored(
            name="worst_condition",
            label="worst condition",
            limits=info.limits,
            compute=partial(worst_condition, protocol=protocol),
        ),
    ]

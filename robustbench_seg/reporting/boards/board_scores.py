"""The scores by which a board can rank, with their names and draws."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from robustbench_seg.measures import ScoreInfo
from robustbench_seg.records.cards.protocol import Protocol
from robustbench_seg.reporting.ranking.estimate import digits
from robustbench_seg.results import (
    PERCENT,
    RANKING_SCORE,
    Draws,
    ScoredModel,
    SummaryKind,
    summary_scores,
)


@dataclass(frozen=True)
class BoardScore:
    """A score by which a board can rank.

    Attributes:
        key: Its name in tables, such as "mean" or "fog".
        label: Its name on the page.
        heading: The heading of its list.
        higher_is_better: Whether a higher value is better.
        limits: The smallest and the largest possible value.
        definition: Its meaning; empty if the pages define it among their words.
    """

    key: str
    label: str
    heading: str
    higher_is_better: bool = True
    limits: tuple[float, float] = PERCENT
    definition: str = ""

    @property
    def digits(self) -> int:
        """Number of decimals on the page."""
        return digits(self.limits)


def category_key(category: str) -> str:
    """Return the key of the score of a category, which may have the name of a perturbation."""
    return f"category {category}"


def board_scores(model: ScoredModel, protocol: Protocol) -> Iterator[tuple[BoardScore, Draws]]:
    """Yield every score by which a board can rank a model, with its draws.

    The mean mIoU over the perturbations comes first, then the other scores of the mIoU, then the
    mean over the perturbations of every further score of the model.

    Args:
        model: The model.
        protocol: Its protocol.
    """
    miou = model.scores.by_key[RANKING_SCORE]
    headings: Mapping[SummaryKind, str] = {
        "summary": "averages of the mIoU",
        "clean": "averages of the mIoU",
        "category": "categories",
        "corruption": f"{protocol.words.noun}s",
    }
    order = list(dict.fromkeys(headings.values()))
    listed = sorted(
        summary_scores(protocol, miou.info),
        key=lambda score: (order.index(headings[score.kind]), score.name != "mean"),
    )
    for each in listed:
        key = category_key(each.name) if each.kind == "category" else each.name
        found = BoardScore(key, each.label, headings[each.kind], limits=each.limits)
        yield found, each.compute(miou)
    for key, score in model.scores.by_key.items():
        if key != RANKING_SCORE and score.conditions:
            yield _further(key, score.info, protocol), score.summary.mean


def _further(key: str, info: ScoreInfo, protocol: Protocol) -> BoardScore:
    heading = f"further scores, mean over {protocol.words.over}"
    return BoardScore(
        f"{key} mean", info.label, heading, info.higher_is_better, info.limits, info.definition
    )

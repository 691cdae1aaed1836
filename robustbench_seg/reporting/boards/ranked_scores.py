"""The scores that a leaderboard can rank by: what they are called, and their draws."""

from collections.abc import Iterator
from dataclasses import dataclass

from robustbench_seg.measures import ScoreInfo
from robustbench_seg.records.protocol import CLEAN, Protocol
from robustbench_seg.results import (
    ANY,
    PERCENT,
    RANKED,
    Draws,
    ScoredModel,
    worst_condition,
    worst_corruption,
)


@dataclass(frozen=True)
class RankedScore:
    """A score that models can be ranked by.

    Attributes:
        key: Its name in tables, such as "mean" or "fog".
        label: Its name on the page.
        group: What it is listed under.
        higher_is_better: Its direction.
        limits: The smallest and largest value that it can have.
    """

    key: str
    label: str
    group: str
    higher_is_better: bool = True
    limits: tuple[float, float] = PERCENT

    @property
    def digits(self) -> int:
        """Decimals that the page shows."""
        return 1 if self.limits in (PERCENT, ANY) else 3


def ranked_scores(model: ScoredModel, protocol: Protocol) -> Iterator[tuple[RankedScore, Draws]]:
    """Yield every score that a model can be ranked by, with its draws.

    The scores of the mIoU come first, the mean over the corruptions before all; then the mean over
    the corruptions of every further score that the model has.
    """
    ranked, summary = model.scores.by_name[RANKED], model.scores.summary
    averages = "averages of the mIoU"
    count = len(protocol.names)
    yield RankedScore("mean", f"mean of {count} corruptions", averages), summary.mean
    yield RankedScore(CLEAN.name, "clean", averages), summary.clean
    yield (
        RankedScore("retention", "retention (mean / clean)", averages, limits=ANY),
        summary.retention,
    )
    yield RankedScore("mPC", "mPC (severities 1-5)", averages), summary.mpc
    yield RankedScore("rPC", "rPC (mPC / clean)", averages, limits=ANY), summary.rpc
    yield RankedScore("worst_corruption", "worst corruption", averages), worst_corruption(ranked)
    worst = worst_condition(ranked, protocol)
    yield RankedScore("worst_condition", "worst condition", averages), worst
    for category, draws in summary.categories.items():
        yield RankedScore(f"category {category}", category, "categories"), draws
    for name, draws in summary.corruptions.items():
        yield RankedScore(name, name.replace("_", " "), "corruptions"), draws
    for key, score in model.scores.by_name.items():
        if key != RANKED and score.conditions:
            yield _further(key, score.info), score.summary.mean


def _further(key: str, info: ScoreInfo) -> RankedScore:
    label = info.label if info.group is None else f"{info.label}, {info.group}"
    group = "further scores, mean over the corruptions"
    return RankedScore(f"{key} mean", label, group, info.higher_is_better, info.limits)
